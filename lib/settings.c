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

#define RING_BYTES_MAX (1u << 24)

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

static int in_range(const struct fmd_config *config)
{
    size_t slot = sizeof(union fmd__slot);

    return config->level >= 0 && config->level <= (int)FMD__LEVEL_MAX &&
           config->rings >= 1 && config->rings <= FMD__RINGS_MAX &&
           config->ring_bytes >= 2 * slot && config->ring_bytes <= RING_BYTES_MAX &&
           (config->ring_bytes & (config->ring_bytes - 1)) == 0 &&
           config->segment_bytes >= 4096 &&
           config->total_bytes >= config->segment_bytes && config->block_ms >= 1 &&
           config->block_ms <= 3600 * 1000;
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

/* A number that the caller left at its default is the environment's or the file's. */
#define FILL(config, field, value)                                                       \
    do {                                                                                 \
        if ((value)->given && (config)->field == defaults.field)                         \
            (config)->field = (__typeof__((config)->field))(value)->number;              \
    } while (0)

static void fill_numbers(struct fmd_config *config, const struct fmd__value *values)
{
    struct fmd_config defaults;

    fmd_config_init(&defaults);
    FILL(config, level, &values[FMD__KEY_LEVEL]);
    FILL(config, rings, &values[FMD__KEY_RINGS]);
    FILL(config, ring_bytes, &values[FMD__KEY_RING_BYTES]);
    FILL(config, segment_bytes, &values[FMD__KEY_SEGMENT_BYTES]);
    FILL(config, total_bytes, &values[FMD__KEY_TOTAL_BYTES]);
    FILL(config, block_ms, &values[FMD__KEY_BLOCK_MS]);
}

static void tell(const char *why)
{
    char line[PATH_MAX + 512];
    int length = snprintf(line, sizeof line, "fmd: %s; nothing is recorded\n", why);

    if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0)
        return; /* nobody to tell */
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
    struct fmd_config config;
    int result = complete(&config, given);

    if (result == 0)
        result = read_sources(settings, sources, config.configuration);
    if (result != 0)
        return result;
    settings->level_is_fixed =
        config.level != 1 || sources->environment.values[FMD__KEY_LEVEL].given;
    fill_numbers(&config, values);
    if (!in_range(&config))
        return -EINVAL;
    result = copy_texts(settings, &config, values);
    if (result != 0)
        return result;
    settings->level = (unsigned)config.level;
    settings->rings = config.rings;
    settings->slots = (uint32_t)(config.ring_bytes / sizeof(union fmd__slot));
    settings->segment_bytes = config.segment_bytes;
    settings->total_bytes = config.total_bytes;
    settings->block_ns = config.block_ms * UINT64_C(1000000);
    return usable_directory(settings->directory);
}
