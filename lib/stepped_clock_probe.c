/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A wall clock that a test can set, for one process: preloaded, it adds as many seconds
 * to CLOCK_REALTIME as the first eight bytes (native, signed) of the file $CLOCK_STEP
 * say. Other clocks are the machine's. (Only root may set the real one, and for all.)
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static int (*real_clock)(clockid_t clock, struct timespec *now);
static const volatile int64_t *step_s;

__attribute__((constructor)) static void find_clock(void)
{
    const char *path = getenv("CLOCK_STEP"); /* NOLINT(concurrency-mt-unsafe) */
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = MAP_FAILED;

    *(void **)&real_clock = dlsym(RTLD_NEXT, "clock_gettime");
    if (file >= 0)
        mapped = mmap(NULL, sizeof *step_s, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED)
        step_s = mapped;
    if (file >= 0)
        (void)close(file);
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *now)
{
    int result = real_clock(clock, now);

    if (result == 0 && clock == CLOCK_REALTIME && step_s)
        now->tv_sec += *step_s;
    return result;
}
