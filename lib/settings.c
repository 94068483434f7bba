/* SPDX-License-Identifier: Apache-2.0 */
/* See settings.h. */
#define _GNU_SOURCE
#include "settings.h"

#include "ring.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void fmd_config_init(struct fmd_config *config)
{
    memset(config, 0, sizeof *config);
    config->struct_bytes = sizeof *config;
    config->level = 1;
    config->rings = 64;
    config->ring_bytes = 32768;
    config->segment_bytes = 16u << 20;
    config->total_bytes = 1u << 30;
    config->block_ms = 1000;
    config->outlier_floor_ms = 10;
    config->outlier_requests = 100;
    config->sampling_hz = 100;
}

/* An older caller's struct is shorter: what it does not know has its default. */
static int complete(struct fmd_config *full, const struct fmd_config *given)
{
    size_t bytes;

    fmd_config_init(full);
    if (!given)
        return 0;
    bytes = given->struct_bytes;
    if (bytes < offsetof(struct fmd_config, level))
        return -EINVAL;
    memcpy(full, given, bytes < sizeof *full ? bytes : sizeof *full);
    return 0;
}

static int absolute(char out[PATH_MAX], const char *path)
{
    char here[PATH_MAX];
    int length;

    if (path[0] == '/')
        length = snprintf(out, PATH_MAX, "%s", path);
    else if (!getcwd(here, sizeof here))
        return -errno;
    else
        length = snprintf(out, PATH_MAX, "%s/%s", here, path);
    return length < 0 || length >= PATH_MAX ? -ENAMETOOLONG : 0;
}

/* --- caller, environment, file ------------------------------------------------------ */

static const char *first_of(const char *given, const struct fmd__value *value,
                            const char *fallback)
{
    if (given)
        return given;
    return value->given ? value->text : fallback;
}

static void tell(const char *why)
{
    char line[PATH_MAX + 512];
    int length = snprintf(line, sizeof line, "fmd: %s; nothing is recorded\n", why);

    if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0)
        return; /* nobody to tell */
}

/* Where the numbers of the caller's struct are. */
static const struct {
    enum fmd__key key;
    size_t offset, bytes;
} fields[] = {
#define FIELD(key, name)                                                                 \
    {                                                                                    \
        FMD__KEY_##key, offsetof(struct fmd_config, name),                               \
            sizeof(((struct fmd_config *)NULL)->name)                                    \
    }
    FIELD(LEVEL, level),
    FIELD(RINGS, rings),
    FIELD(RING_BYTES, ring_bytes),
    FIELD(SEGMENT_BYTES, segment_bytes),
    FIELD(TOTAL_BYTES, total_bytes),
    FIELD(BLOCK_MS, block_ms),
    FIELD(OUTLIER_FLOOR_MS, outlier_floor_ms),
    FIELD(OUTLIER_REQUESTS, outlier_requests),
    FIELD(SAMPLING_HZ, sampling_hz),
#undef FIELD
};

/* What does not fit into the type comes out negative, which no key may be. */
static int64_t field(const struct fmd_config *config, size_t i)
{
    const char *at = (const char *)config + fields[i].offset;
    int32_t narrow;
    int64_t wide;

    memcpy(&narrow, at, sizeof narrow);
    if (fields[i].bytes == sizeof narrow)
        return narrow;
    memcpy(&wide, at, sizeof wide);
    return wide;
}

static int refuse_number(const struct fmd__key_row *row, int64_t number, const char *must)
{
    char why[256];

    (void)snprintf(why, sizeof why, "%s = %lld, as given to fmd_start(), must be %s",
                   row->name, (long long)number, must);
    tell(why);
    return -EINVAL;
}

static int check_number(enum fmd__key key, int64_t number)
{
    const struct fmd__key_row *row = &fmd__key_rows[key];
    char must[128];

    if (number < row->low || number > row->high) {
        (void)snprintf(must, sizeof must, "a whole number from %lld to %lld",
                       (long long)row->low, (long long)row->high);
        return refuse_number(row, number, must);
    }
    if (key == FMD__KEY_RING_BYTES && (number & (number - 1)) != 0)
        return refuse_number(row, number, "a power of two");
    return 0;
}

/* A number that the caller left at its default is the environment's or the file's. */
static int fill_numbers(struct fmd__settings *settings, const struct fmd_config *config,
                        const struct fmd__sources *sources)
{
    struct fmd_config defaults;

    fmd_config_init(&defaults);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        enum fmd__key key = fields[i].key;
        const struct fmd__value *value = &sources->all.values[key];
        bool given = field(config, i) != field(&defaults, i);

        settings->is_fixed[key] = given || sources->environment.values[key].given;
        settings->numbers[key] =
            value->given && !given ? value->number : field(config, i);
        if (check_number(key, settings->numbers[key]) != 0)
            return -EINVAL;
    }
    if (settings->numbers[FMD__KEY_TOTAL_BYTES] >=
        settings->numbers[FMD__KEY_SEGMENT_BYTES])
        return 0;
    tell("total_bytes is less than segment_bytes; it must have room for one segment");
    return -EINVAL;
}

static int fill_headers(struct fmd__settings *settings, const struct fmd_config *config,
                        const struct fmd__sources *sources)
{
    const char *list = first_of(config->headers, &sources->all.values[FMD__KEY_HEADERS],
                                FMD__HEADERS_DEFAULT);
    char why[256], line[512];

    if (fmd__headers_parse(&settings->headers, list, why, sizeof why) == 0)
        return 0;
    (void)snprintf(line, sizeof line, "headers, as given to fmd_start(): %s", why);
    tell(line);
    return -EINVAL;
}

static int read_sources(struct fmd__settings *settings, struct fmd__sources *sources,
                        const char *file)
{
    char why[PATH_MAX + 256];
    int result = 0;

    if (!file)
        file = getenv("FMD_CONFIG"); /* NOLINT(concurrency-mt-unsafe): start is not */
    settings->configuration[0] = '\0';
    memset(sources, 0, sizeof *sources);
    if (file && file[0]) {
        result = absolute(settings->configuration, file);
        if (result == 0)
            result = fmd__configuration_read_file(&sources->all, settings->configuration,
                                                  why, sizeof why);
    }
    if (result == 0)
        result =
            fmd__configuration_read_environment(&sources->environment, why, sizeof why);
    if (result == 0)
        fmd__configuration_overlay(&sources->all, &sources->environment);
    else if (result != -ENAMETOOLONG)
        tell(why);
    return result;
}

static void copy_name(char out[FMD__NAME_BYTES], const char *name)
{
    size_t length = strnlen(name, FMD__NAME_BYTES - 1);

    memcpy(out, name, length);
    out[length] = '\0';
}

static int usable_directory(const char *path)
{
    struct stat status;

    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return -errno;
    if (stat(path, &status) != 0)
        return -errno;
    if (!S_ISDIR(status.st_mode))
        return -ENOTDIR;
    return access(path, W_OK | X_OK) != 0 ? -errno : 0;
}

/* Strings and paths; 0 or a negative errno. */
static int copy_texts(struct fmd__settings *settings, const struct fmd_config *config,
                      const struct fmd__value *values)
{
    const char *ring_directory =
        first_of(config->ring_directory, &values[FMD__KEY_RING_DIRECTORY], "");
    int result =
        absolute(settings->directory,
                 first_of(config->directory, &values[FMD__KEY_DIRECTORY], "traces"));

    settings->ring_directory[0] = '\0';
    if (result == 0 && ring_directory[0])
        result = absolute(settings->ring_directory, ring_directory);
    copy_name(settings->application,
              first_of(config->application, &values[FMD__KEY_APPLICATION],
                       program_invocation_short_name));
    copy_name(settings->version,
              first_of(config->version, &values[FMD__KEY_VERSION], ""));
    copy_name(settings->run, first_of(config->run, &values[FMD__KEY_RUN], ""));
    return result;
}

int fmd__settings_init(struct fmd__settings *settings, struct fmd__sources *sources,
                       const struct fmd_config *given)
{
    const struct fmd__value *values = sources->all.values;
    const int64_t *numbers = settings->numbers;
    struct fmd_config config;
    int result = complete(&config, given);

    if (result == 0)
        result = read_sources(settings, sources, config.configuration);
    if (result != 0)
        return result;
    result = fill_numbers(settings, &config, sources);
    if (result == 0)
        result = fill_headers(settings, &config, sources);
    if (result == 0)
        result = copy_texts(settings, &config, values);
    if (result != 0)
        return result;
    settings->rings = (uint32_t)numbers[FMD__KEY_RINGS];
    settings->slots =
        (uint32_t)((uint64_t)numbers[FMD__KEY_RING_BYTES] / sizeof(union fmd__slot));
    settings->segment_bytes = (uint64_t)numbers[FMD__KEY_SEGMENT_BYTES];
    settings->total_bytes = (uint64_t)numbers[FMD__KEY_TOTAL_BYTES];
    settings->block_ns = (uint64_t)numbers[FMD__KEY_BLOCK_MS] * UINT64_C(1000000);
    return usable_directory(settings->directory);
}
