/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an operator may set from outside: one table of keys, read from an INI file and
 * from the environment. A row of the table is all there is to a key: its name in the
 * file, its variable, the launcher's option, its range, whether a change takes effect
 * while running.
 *
 *   [recorder]               [levels]
 *   level = 1                /static* = 0
 *   run = nightly            GET /cart/<int:id> = 3
 *                            /health = off
 *
 * The environment goes before the file. FMD_LEVELS has patterns as the file has them,
 * separated by commas; they come after the file's, so they win. Built for files of a few
 * dozen lines that are edited by hand. Allocates nothing.
 */
#ifndef FMD_CONFIGURATION_H
#define FMD_CONFIGURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FMD__PATTERN_BYTES 200u
#define FMD__LEVEL_RULES_MAX 128u
#define FMD__LEVEL_OFF 255u
#define FMD__LEVEL_MAX 3u
#define FMD__VALUE_BYTES 1024u

/* name in the file, variable, the launcher's option, kind, smallest, largest, live, what
 * it is */
#define FMD__KEYS(KEY)                                                                   \
    KEY(DIRECTORY, "directory", "FMD_DIR", "output", TEXT, 0, 0, false,                  \
        "where traces go; else traces")                                                  \
    KEY(APPLICATION, "application", "FMD_APPLICATION", "application", TEXT, 0, 0, false, \
        "name in every report")                                                          \
    KEY(VERSION, "app_version", "FMD_APP_VERSION", "app-version", TEXT, 0, 0, false,     \
        "of the application")                                                            \
    KEY(RUN, "run", "FMD_RUN", "run", TEXT, 0, 0, false,                                 \
        "id of this recording run; fmd-record makes one")                                \
    KEY(RING_DIRECTORY, "ring_directory", "FMD_RING_DIR", "ring-directory", TEXT, 0, 0,  \
        false, "where requests wait to be written; else /dev/shm")                       \
    KEY(LEVEL, "level", "FMD_LEVEL", "level", NUMBER, 0, 3, true,                        \
        "0 to 3, of endpoints that no pattern names; else 1")                            \
    KEY(RINGS, "rings", "FMD_RINGS", "rings", NUMBER, 1, 1024, false,                    \
        "threads that record at once, at the start; it grows; else 64")                  \
    KEY(RING_BYTES, "ring_bytes", "FMD_RING_BYTES", "ring-bytes", NUMBER, 128, 1 << 24,  \
        false, "of each, a power of two; else 32768")                                    \
    KEY(SEGMENT_BYTES, "segment_bytes", "FMD_SEGMENT_BYTES", "segment-bytes", NUMBER,    \
        4096, INT64_C(1) << 40, false,                                                   \
        "a trace file is closed and the next begun; else 16 MiB")                        \
    KEY(TOTAL_BYTES, "total_bytes", "FMD_TOTAL_BYTES", "total-bytes", NUMBER, 4096,      \
        INT64_C(1) << 50, false,                                                         \
        "the oldest files of the application go beyond it; else 1 GiB")                  \
    KEY(BLOCK_MS, "block_ms", "FMD_BLOCK_MS", "block-ms", NUMBER, 1, 3600000, false,     \
        "longest time a request waits in memory; else 1000")                             \
    KEY(OUTLIER_FLOOR_MS, "outlier_floor_ms", "FMD_OUTLIER_FLOOR_MS",                    \
        "outlier-floor-ms", NUMBER, 0, 86400000, true,                                   \
        "no request that is quicker is an outlier; else 10")                             \
    KEY(OUTLIER_REQUESTS, "outlier_requests", "FMD_OUTLIER_REQUESTS",                    \
        "outlier-requests", NUMBER, 20, 1000000, true,                                   \
        "requests of an endpoint before it has outliers; else 100")                      \
    KEY(SAMPLING_HZ, "sampling_hz", "FMD_SAMPLING_HZ", "sampling-hz", NUMBER, 1, 1000,   \
        true, "stacks a second at level 3, at most; else 100")                           \
    KEY(HEADERS, "headers", "FMD_HEADERS", "headers", TEXT, 0, 0, false,                 \
        "kept of outliers, separated by commas; none: none; else a few that hold no "    \
        "secret")

enum fmd__key {
#define FMD__KEY_ENUM(id, name, variable, option, kind, low, high, live, help)           \
    FMD__KEY_##id,
    FMD__KEYS(FMD__KEY_ENUM)
#undef FMD__KEY_ENUM
        FMD__KEY_COUNT
};

struct fmd__key_row {
    const char *name, *variable, *option, *help;
    bool is_text;
    bool live; /* a change of the file takes effect while running */
    int64_t low, high;
};

extern const struct fmd__key_row fmd__key_rows[FMD__KEY_COUNT];

struct fmd__value {
    bool given;
    int64_t number;
    char text[FMD__VALUE_BYTES];
};

/* The last rule that matches an endpoint says its level. */
struct fmd__level_rule {
    char pattern[FMD__PATTERN_BYTES];
    uint8_t level; /* 0 to 3, or FMD__LEVEL_OFF */
};

struct fmd__configuration {
    struct fmd__value values[FMD__KEY_COUNT];
    uint32_t rule_count;
    struct fmd__level_rule rules[FMD__LEVEL_RULES_MAX];
};

/* Each adds to *configuration, which begins all zero. 0; or a negative errno, and why is
 * a sentence that names the place: then *configuration is not to be used. The environment
 * is read at fmd_start() only: later the application may be changing it. */
int fmd__configuration_read_file(struct fmd__configuration *configuration,
                                 const char *file, char *why, size_t why_bytes);
int fmd__configuration_read_environment(struct fmd__configuration *configuration,
                                        char *why, size_t why_bytes);
/* What over has goes before; its rules come last. */
void fmd__configuration_overlay(struct fmd__configuration *configuration,
                                const struct fmd__configuration *over);

#endif
