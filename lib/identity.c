/* SPDX-License-Identifier: Apache-2.0 */
/* See identity.h. */
#define _GNU_SOURCE
#include "identity.h"

#include "clocks.h"
#include "keyed_hash.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define CONTAINER_ID_DIGITS 64u

void fmd__identity_random(void *bytes, size_t size)
{
    struct fmd__hash_key key = {{fmd__now_ns(), (uint64_t)getpid(),
                                 fmd__clock_ns(CLOCK_REALTIME), (uintptr_t)&key}};
    unsigned char *out = bytes;

    if (getrandom(bytes, size, GRND_NONBLOCK) == (ssize_t)size)
        return;
    for (size_t i = 0; i < size; i++)
        out[i] = (unsigned char)fmd__keyed_hash(&key, i, &i, sizeof i);
}

/* Reads at most size - 1 bytes; terminated, "" when there is no such file. */
static void read_text(const char *path, char *text, size_t size)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    size_t used = 0;
    ssize_t got = 1;

    while (file >= 0 && used < size - 1 && got > 0) {
        got = read(file, text + used, size - 1 - used);
        used += got > 0 ? (size_t)got : 0;
    }
    if (file >= 0)
        (void)close(file);
    text[used] = '\0';
}

static size_t hex_digits(const char *text)
{
    size_t count = 0;

    while (isxdigit((unsigned char)text[count]))
        count++;
    return count;
}

/* Container runtimes put the 64 hex digits of the container's id into the cgroup's path,
 * or (cgroup v2) into the paths of what they mount. */
static void find_container(const char *path, char out[FMD__NAME_BYTES])
{
    char text[16384];

    read_text(path, text, sizeof text);
    for (const char *at = text; *at && !out[0];) {
        size_t digits = hex_digits(at);

        if (digits == CONTAINER_ID_DIGITS) {
            memcpy(out, at, CONTAINER_ID_DIGITS);
            out[CONTAINER_ID_DIGITS] = '\0';
        }
        at += digits ? digits : 1;
    }
}

void fmd__identity_renew(struct fmd__segment *segment)
{
    fmd__identity_random(segment->stream, sizeof segment->stream);
    segment->pid = (uint32_t)getpid();
    segment->parent_pid = (uint32_t)getppid();
    segment->started_monotonic_ns = fmd__now_ns();
    segment->started_utc_ns = (int64_t)fmd__clock_ns(CLOCK_REALTIME);
}

void fmd__identity_init(struct fmd__segment *segment,
                        const struct fmd__settings *settings)
{
    memset(segment, 0, sizeof *segment);
    fmd__identity_renew(segment);
    (void)gethostname(segment->host, sizeof segment->host - 1);
    find_container("/proc/self/cgroup", segment->container);
    if (!segment->container[0])
        find_container("/proc/self/mountinfo", segment->container);
    read_text("/proc/sys/kernel/random/boot_id", segment->boot_id,
              sizeof segment->boot_id);
    segment->boot_id[strcspn(segment->boot_id, "\n")] = '\0';
    (void)snprintf(segment->run, sizeof segment->run, "%s", settings->run);
    (void)snprintf(segment->application, sizeof segment->application, "%s",
                   settings->application);
    (void)snprintf(segment->version, sizeof segment->version, "%s", settings->version);
    (void)snprintf(segment->recorder, sizeof segment->recorder, "fmd-record %s",
                   FMD_VERSION);
}
