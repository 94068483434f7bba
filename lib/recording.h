/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of the recorder begin and end with; a failure is the test's. */
#ifndef FMD_RECORDING_H
#define FMD_RECORDING_H

#include "read_back.h"

#include "fmd-record.h"

static inline struct fmd_config recording_config(const char *directory)
{
    struct fmd_config config;

    fmd_config_init(&config);
    config.directory = directory;
    config.application = "test app";
    config.version = "1.2";
    return config;
}

static inline void recording_start(const char *directory)
{
    struct fmd_config config = recording_config(directory);

    assert_int_equal(fmd_start(&config), 0);
}

static inline struct fmd_stats recording_stop(void)
{
    struct fmd_stats stats;

    assert_int_equal(fmd_stop(), 0);
    fmd_stats(&stats);
    return stats;
}

static inline uint64_t recording_dropped(const struct fmd_stats *stats)
{
    uint64_t sum = 0;

    for (int cause = 0; cause < FMD_DROP_CAUSES; cause++)
        sum += stats->dropped[cause];
    return sum;
}

static inline void recording_add(uint32_t endpoint, const char *group, unsigned count)
{
    struct fmd_request request;

    for (unsigned i = 0; i < count; i++) {
        fmd_begin(&request, endpoint);
        fmd_set_group(&request, group, strlen(group));
        fmd_end(&request);
    }
}

#endif
