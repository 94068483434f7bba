/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: a ring file made in memory, as a recorder makes it in shared memory. */
#ifndef FMD_MADE_RING_H
#define FMD_MADE_RING_H

#include "ringlayout.h"
#include "testdata/cmocka_tests.h"

#define RINGS 3u
#define SLOTS 8u
#define ENDPOINTS_ROOM 3000u

static uint8_t *memory;
static size_t memory_bytes;
static struct fmd__ring_header *header;

static void made_ring_start(const struct fmd__ring_plan *plan)
{
    struct fmd__segment segment = {.pid = 4711, .application = "shop"};
    segment.stream[0] = 9;
    free(memory);
    memory_bytes = fmd__ring_file_bytes(plan);
    memory = aligned_alloc(4096, (memory_bytes + 4095) / 4096 * 4096);
    memset(memory, 0, memory_bytes);
    header = (struct fmd__ring_header *)(void *)memory;
    fmd__ring_file_format(header, &segment, plan);
}

/* Rings and endpoints, no other area. */
static void start(void)
{
    made_ring_start(&(struct fmd__ring_plan){
        .rings = RINGS, .slots = SLOTS, .endpoints_room = ENDPOINTS_ROOM});
}

static struct fmd__slot_request request_of(uint64_t name)
{
    return (struct fmd__slot_request){.kind = FMD__SLOT_REQUEST,
                                      .status = 200,
                                      .endpoint = 1,
                                      .start_ns = 5,
                                      .duration_ns = name};
}

static struct fmd__ringfile *open_or_fail(void)
{
    const char *why;
    struct fmd__ringfile *file = fmd__ringfile_open(memory, memory_bytes, &why);
    assert_non_null(file);
    assert_null(why);
    return file;
}

#endif
