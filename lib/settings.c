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

    return config->level >= 0 && config->level <= 1 && config->rings >= 1 &&
           config->rings <= FMD__RINGS_MAX && config->ring_bytes >= 2 * slot &&
           config->ring_bytes <= RING_BYTES_MAX &&
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

static const char *first_of(const char *given, const char *variable, const char *fallback)
{
    const char *found = given;

    if (!found && variable)
        found = getenv(variable); /* NOLINT(concurrency-mt-unsafe): start is not */
    return found ? found : fallback;
}

static void copy_name(char out[FMD__NAME_BYTES], const char *name)
{
    (void)snprintf(out, FMD__NAME_BYTES, "%s", name);
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

int fmd__settings_init(struct fmd__settings *settings, const struct fmd_config *given)
{
    struct fmd_config config;
    const char *ring_directory;
    int result = complete(&config, given);

    if (result == 0 && !in_range(&config))
        result = -EINVAL;
    if (result == 0)
        result =
            absolute(settings->directory, first_of(config.directory, NULL, "traces"));
    if (result != 0)
        return result;
    ring_directory = first_of(config.ring_directory, "FMD_RING_DIR", "");
    settings->ring_directory[0] = '\0';
    if (ring_directory[0])
        result = absolute(settings->ring_directory, ring_directory);
    if (result != 0)
        return result;
    copy_name(settings->application,
              first_of(config.application, NULL, program_invocation_short_name));
    copy_name(settings->version, first_of(config.version, NULL, ""));
    copy_name(settings->run, first_of(config.run, "FMD_RUN", ""));
    settings->level = config.level;
    settings->rings = config.rings;
    settings->slots = (uint32_t)(config.ring_bytes / sizeof(union fmd__slot));
    settings->segment_bytes = config.segment_bytes;
    settings->total_bytes = config.total_bytes;
    settings->block_ns = config.block_ms * UINT64_C(1000000);
    return config.level == 0 ? 0 : usable_directory(settings->directory);
}
