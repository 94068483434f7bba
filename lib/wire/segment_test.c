/* SPDX-License-Identifier: Apache-2.0 */
/* Identity and counts: what is written comes back, what is unknown is passed over. */
#include "testdata/cmocka_tests.h"

#include "segment.h"

static uint8_t payload[FMD__SEGMENT_BOUND];

static struct fmd__segment full_segment(void)
{
    struct fmd__segment segment = {.number = UINT64_MAX,
                                   .pid = UINT32_MAX,
                                   .parent_pid = 1,
                                   .started_utc_ns = -5,
                                   .started_monotonic_ns = 6};
    for (unsigned i = 0; i < 16; i++)
        segment.stream[i] = (uint8_t)(0xf0 + i);
    char *names[] = {segment.host,     segment.container,   segment.boot_id,
                     segment.run,      segment.application, segment.version,
                     segment.recorder, segment.interpreter};
    for (unsigned i = 0; i < 8; i++)
        memset(names[i], 'a' + (int)i, FMD__NAME_BYTES - 1);
    return segment;
}

TEST(the_longest_segment_fits_and_comes_back)
{
    struct fmd__segment in = full_segment(), out;
    size_t size = fmd__segment_encode(&in, payload);
    assert_true(size <= FMD__SEGMENT_BOUND);
    assert_int_equal(fmd__segment_decode(payload, size, &out), 0);
    assert_memory_equal(&in, &out, sizeof(in));
}

TEST(an_empty_segment_comes_back)
{
    struct fmd__segment in, out;
    memset(&in, 0, sizeof(in));
    size_t size = fmd__segment_encode(&in, payload);
    assert_int_equal(fmd__segment_decode(payload, size, &out), 0);
    assert_memory_equal(&in, &out, sizeof(in));
    assert_int_equal(fmd__segment_decode(payload, 0, &out), 0);
    assert_memory_equal(&in, &out, sizeof(in));
}

TEST(every_truncation_is_damage_or_ends_between_fields)
{
    struct fmd__segment in = full_segment(), out;
    size_t size = fmd__segment_encode(&in, payload), whole = 0;
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *exact = malloc(cut + !cut);
        memcpy(exact, payload, cut);
        whole += fmd__segment_decode(exact, cut, &out) == 0;
        free(exact);
    }
    assert_int_equal(whole, 14);
}

TEST(unknown_tags_and_longer_names_are_read_as_far_as_known)
{
    struct fmd__segment out;
    uint8_t *at = payload;
    *at++ = 100;
    *at++ = 3;
    memcpy(at, "new", 3);
    at += 3;
    *at++ = 7; /* host, of 300 bytes */
    *at++ = 0xac;
    *at++ = 0x02;
    memset(at, 'h', 300);
    at += 300;
    *at++ = 3; /* pid, of 2 bytes */
    *at++ = 2;
    *at++ = 0x34;
    *at++ = 0x12;
    assert_int_equal(fmd__segment_decode(payload, (size_t)(at - payload), &out), 0);
    assert_int_equal(strlen(out.host), FMD__NAME_BYTES - 1);
    assert_int_equal(out.pid, 0x1234);
}

TEST(stats_come_back)
{
    struct fmd__stats in = {.issued = UINT64_MAX,
                            .recorded = 1,
                            .strings_lost = 2,
                            .segments_deleted = 3,
                            .requests_deleted = 4,
                            .writer_cpu_ns = 5,
                            .clean_end = 1,
                            .others_segments_deleted = 6,
                            .others_requests_deleted = 7},
                      out;
    for (unsigned cause = 0; cause < FMD__DROP_CAUSES_MAX; cause++)
        in.dropped[cause] = 1000 + cause;
    size_t size = fmd__stats_encode(&in, payload);
    assert_true(size <= FMD__STATS_BOUND);
    assert_int_equal(fmd__stats_decode(payload, size, &out), 0);
    assert_memory_equal(&in, &out, sizeof(in));
    assert_int_equal(fmd__stats_decode(payload, size - 1, &out), -1);
}

TEST(file_names_hold_no_surprises)
{
    struct fmd__segment segment = {.pid = 4294967295u,
                                   .stream = {0x01, 0xab, 0x00, 0xff}};
    char stem[FMD__STEM_BYTES];
    strcpy(segment.application, "my shop/../\xc3\xa9.v2");
    size_t length = fmd__segment_stem(&segment, stem);
    assert_string_equal(stem, "my_shop_..___.v2-4294967295-01ab00ff");
    assert_int_equal(length, strlen(stem));
    segment.application[0] = 0;
    fmd__segment_stem(&segment, stem);
    assert_string_equal(stem, "application-4294967295-01ab00ff");
    memset(segment.application, '.', FMD__NAME_BYTES - 1);
    assert_true(fmd__segment_stem(&segment, stem) < FMD__STEM_BYTES);
    assert_int_equal(stem[0], '_');
}
