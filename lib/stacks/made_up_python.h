/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread of an interpreter that does not exist, in memory that is an array: for tests
 * and the fuzzer. Addresses are BASE plus an index; what lies outside is not there.
 */
#ifndef FMD_STACKS_MADE_UP_PYTHON_H
#define FMD_STACKS_MADE_UP_PYTHON_H

#include "python_sampler.h"

#include <errno.h>
#include <string.h>

#define MADE_UP_BASE 0x10000u

struct made_up_memory {
    const uint8_t *bytes;
    size_t size;
    unsigned reads; /* pieces asked for */
};

static int made_up_read(void *context, const struct fmd__piece *pieces, int count)
{
    struct made_up_memory *memory = context;

    for (int i = 0; i < count; i++) {
        const uintptr_t at = pieces[i].from - MADE_UP_BASE;
        memory->reads++;
        if (pieces[i].from < MADE_UP_BASE || at > memory->size ||
            pieces[i].size > memory->size - at)
            return i;
        memcpy(pieces[i].to, memory->bytes + at, pieces[i].size);
    }
    return count;
}

/* A sampler that reads memory as that version's. The type objects are at addresses that
 * hold nothing: 8 for code, 16 for strings, 24 for bytes. */
static struct fmd__python_sampler *made_up_sampler(struct made_up_memory *memory,
                                                   unsigned long version)
{
    struct fmd__python_sampler *sampler = fmd__python_sampler_new();

    if (!sampler)
        return NULL;
    sampler->python = (struct fmd__interpreter){.memory = {made_up_read, memory},
                                                .layout = *fmd__python_layout(version),
                                                .code_type = 8,
                                                .string_type = 16,
                                                .bytes_type = 24};
    return sampler;
}

#endif
