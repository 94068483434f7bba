/* SPDX-License-Identifier: Apache-2.0 */
/* See levels.h. All but the table is under the register's lock. */
#define _GNU_SOURCE
#include "levels.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOOK_NS UINT64_C(400000000)
#define SECOND INT64_C(1000000000)
/* A file system's clock may stand still for some ms: what is as young as this may be
 * written once more at the same time. */
#define YOUNG_NS (SECOND / 10)

_Atomic uint8_t fmd__level_table[FMD__ENDPOINTS_MAX + 1];

static char path[PATH_MAX];
static struct fmd__configuration fixed, current, next;
_Atomic uint64_t fmd__live_numbers[FMD__KEY_COUNT];

static int64_t start_numbers[FMD__KEY_COUNT];
static bool start_is_fixed[FMD__KEY_COUNT];
static struct stat seen; /* of the file as it was read last */
static bool seen_was_young;
static _Atomic uint64_t next_look_ns;

/* --- which level -------------------------------------------------------------------- */

/* Glob with '*' and '?' alone: brackets are common in the names of endpoints. */
static bool glob(const char *pattern, const char *name)
{
    const char *star = NULL, *resume = NULL;

    while (*name) {
        if (*pattern == '*') {
            star = pattern++;
            resume = name;
        } else if (*pattern && (*pattern == '?' || *pattern == *name)) {
            pattern++;
            name++;
        } else if (star) {
            pattern = star + 1;
            name = ++resume;
        } else {
            return false;
        }
    }
    return pattern[strspn(pattern, "*")] == '\0';
}

bool fmd__level_pattern_matches(const char *pattern, const char *name)
{
    const char *space;

    if (glob(pattern, name))
        return true;
    space = pattern[0] == '/' ? strstr(name, " /") : NULL;
    return space && glob(pattern, space + 1);
}

static uint8_t level_by_rules(const char *name)
{
    for (uint32_t i = current.rule_count; i > 0; i--)
        if (fmd__level_pattern_matches(current.rules[i - 1].pattern, name))
            return current.rules[i - 1].level;
    return (uint8_t)fmd__live_number(FMD__KEY_LEVEL);
}

static void store(uint32_t number, unsigned level)
{
    atomic_store_explicit(&fmd__level_table[number], (uint8_t)(level ^ 1),
                          memory_order_relaxed);
}

void fmd__levels_add(uint32_t number)
{
    const struct fmd__endpoint *endpoint = fmd__endpoint_register_get(number);

    if (endpoint)
        store(number, level_by_rules(endpoint->name));
}

static void apply(void)
{
    uint32_t count = fmd__endpoint_register_count();

    for (enum fmd__key key = 0; key < FMD__KEY_COUNT; key++) {
        const struct fmd__value *value = &current.values[key];
        bool from_file = value->given && !start_is_fixed[key];

        if (fmd__key_rows[key].live)
            atomic_store_explicit(
                &fmd__live_numbers[key],
                (uint64_t)(from_file ? value->number : start_numbers[key]),
                memory_order_relaxed);
    }
    store(0, fmd__live_number(FMD__KEY_LEVEL) > 0);
    for (uint32_t number = 1; number <= count; number++)
        fmd__levels_add(number);
}

/* --- the file ------------------------------------------------------------------------
 */

static int64_t real_ns(const struct timespec *time)
{
    return (int64_t)time->tv_sec * SECOND + time->tv_nsec;
}

static void remember(const struct stat *status)
{
    struct timespec now = {0, 0};

    (void)clock_gettime(CLOCK_REALTIME, &now);
    seen = *status;
    seen_was_young = real_ns(&now) - real_ns(&status->st_mtim) < YOUNG_NS;
}

static bool has_changed(const struct stat *status)
{
    return seen_was_young || status->st_ino != seen.st_ino ||
           status->st_dev != seen.st_dev || status->st_size != seen.st_size ||
           real_ns(&status->st_mtim) != real_ns(&seen.st_mtim);
}

void fmd__levels_init(const int64_t numbers[FMD__KEY_COUNT],
                      const bool is_fixed[FMD__KEY_COUNT], const char *file,
                      const struct fmd__configuration *environment,
                      const struct fmd__configuration *now)
{
    struct stat status;

    memcpy(start_numbers, numbers, sizeof start_numbers);
    memcpy(start_is_fixed, is_fixed, sizeof start_is_fixed);
    (void)snprintf(path, sizeof path, "%s", file);
    fixed = *environment;
    current = *now;
    seen_was_young = true;
    if (path[0] && stat(path, &status) == 0)
        remember(&status);
    seen_was_young = true; /* it may have changed between the reading and this look */
    apply();
}

/* What is wrong with a changed file is told once a change: the log is not ours. */
static void tell(const char *why)
{
    char line[PATH_MAX + 512];
    int length =
        snprintf(line, sizeof line, "fmd: %s; the levels stay as they were\n", why);

    if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0)
        return; /* nobody to tell */
}

static void read_again(bool is_news)
{
    char why[PATH_MAX + 256];

    memset(&next, 0, sizeof next);
    if (fmd__configuration_read_file(&next, path, why, sizeof why) != 0) {
        if (is_news)
            tell(why);
        return;
    }
    fmd__configuration_overlay(&next, &fixed);
    current = next;
    apply();
}

bool fmd__levels_follow_is_due(uint64_t now_ns)
{
    return path[0] && now_ns >= atomic_load_explicit(&next_look_ns, memory_order_relaxed);
}

uint64_t fmd__levels_pause_ns(void)
{
    return path[0] ? LOOK_NS : UINT64_MAX;
}

void fmd__levels_follow(uint64_t now_ns)
{
    struct stat status, before = seen;
    bool is_news;

    if (!fmd__levels_follow_is_due(now_ns))
        return;
    atomic_store_explicit(&next_look_ns, now_ns + LOOK_NS, memory_order_relaxed);
    if (stat(path, &status) != 0 || !has_changed(&status))
        return; /* an editor may be replacing it: what was read holds */
    is_news = real_ns(&before.st_mtim) != real_ns(&status.st_mtim) ||
              before.st_ino != status.st_ino;
    remember(&status);
    read_again(is_news);
}
