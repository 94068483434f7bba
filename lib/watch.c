/* SPDX-License-Identifier: Apache-2.0 */
/* See watch.h. */
#define _GNU_SOURCE
#include "watch.h"

#include "clocks.h"
#include "levels.h"
#include "pages.h"
#include "request_context.h"
#include "shared_journal.h"
#include "stacks/python_stack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define INTERVAL_MAX_NS (100 * MS)
#define OUTLIER_NS (10 * MS)
#define OUTLIERS_AT_ONCE 8u /* more of them are sampled less often each */
#define PACE_NS SECOND
#define STACK_BYTES (1u << 20)

static uint64_t get(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static void set(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

static bool put(struct fmd__watch *watch, const struct fmd__journal_entry *entry)
{
    if (!watch->entry || fmd__entry_bound(entry) > FMD__ENTRY_BYTES_MAX)
        return false;
    return fmd__shared_journal_put(watch->header, watch->entry,
                                   fmd__entry_encode(entry, watch->entry));
}

/* --- a sample ------------------------------------------------------------------------
 */

/* What of a flight a look needs, of one moment. */
struct glance {
    uint64_t start_ns, deadline_ns;
    uint32_t endpoint, thread;
    unsigned level;
    struct fmd__python_thread python;
};

static bool glance_at(const struct fmd__flight *flight, struct glance *glance)
{
    uint32_t lock = fmd__flight_read_begin(flight);
    const _Atomic uint64_t *python = &flight->owner[FMD__FLIGHT_PYTHON];

    glance->start_ns = get(&flight->start_ns);
    glance->deadline_ns = get(&flight->deadline_ns);
    glance->endpoint = atomic_load_explicit(&flight->endpoint, memory_order_relaxed);
    glance->thread = atomic_load_explicit(&flight->thread, memory_order_relaxed);
    glance->level = atomic_load_explicit(&flight->about, memory_order_relaxed) & 0xff;
    glance->python = (struct fmd__python_thread){get(&python[0]), get(&python[1]),
                                                 get(&python[2]), get(&python[3])};
    return fmd__flight_read_end(flight, lock) && glance->start_ns != 0;
}

/* As the kernel sees it: on a processor (or ready for one), or waiting. */
static uint8_t state_of(uint32_t thread)
{
    char path[64], text[512], *after;
    ssize_t bytes = 0;
    int file;

    (void)snprintf(path, sizeof path, "/proc/self/task/%u/stat", thread);
    file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return FMD__SAMPLE_STATE_UNKNOWN;
    bytes = read(file, text, sizeof text - 1);
    (void)close(file);
    text[bytes > 0 ? bytes : 0] = '\0';
    after = strrchr(text, ')'); /* the name before it may hold anything */
    if (!after || after[1] != ' ')
        return FMD__SAMPLE_STATE_UNKNOWN;
    return after[2] == 'R' ? FMD__SAMPLE_RUNNING : FMD__SAMPLE_WAITING;
}

void fmd__watch_describe_code(const struct fmd__python_code *code, uint32_t number,
                              struct fmd__definition *definition)
{
    *definition = (struct fmd__definition){.kind = FMD__DEFINE_CODE,
                                           .id = number,
                                           .bytes = code->qualname,
                                           .length = code->qualname_length,
                                           .application = "",
                                           .version = "",
                                           .file = code->filename,
                                           .file_length = code->filename_length,
                                           .first_line = code->first_line,
                                           .line_table_kind = FMD__LINE_TABLE_CPYTHON_311,
                                           .line_table = code->linetable,
                                           .line_table_bytes = code->linetable_size};
}

/* Code objects that the sampler has met since: into the journal, before their use. */
static void tell_codes(struct fmd__watch *watch, struct fmd__python_sampler *sampler)
{
    const struct fmd__python_code *code;

    while ((code = fmd__python_code(sampler, watch->codes_told + 1))) {
        struct fmd__journal_entry entry = {.kind = FMD__ENTRY_DEFINITION};

        fmd__watch_describe_code(code, watch->codes_told + 1, &entry.definition);
        (void)put(watch, &entry); /* the writer has it from the sampler in any case */
        watch->codes_told++;
    }
}

static void take_sample(struct fmd__watch *watch, const struct glance *glance,
                        uint64_t now, uint8_t why, uint64_t interval_ns)
{
    struct fmd__python_sampler *sampler = atomic_load(&watch->sampler);
    struct fmd__python_frame frames[FMD__PYTHON_DEPTH_MAX];
    struct fmd__stack_frame stack[FMD__PYTHON_DEPTH_MAX];
    struct fmd__journal_entry entry = {.kind = FMD__ENTRY_SAMPLE};
    unsigned flags = 0;
    int count = -1;

    if (glance->python.state && sampler)
        count = fmd__python_sample(sampler, &glance->python, frames,
                                   FMD__PYTHON_DEPTH_MAX, &flags);
    if (count < 0) {
        set(&watch->rejected, get(&watch->rejected) + (glance->python.state != 0));
        return;
    }
    for (int i = 0; i < count; i++)
        stack[i] = (struct fmd__stack_frame){frames[i].code, (uint32_t)frames[i].offset};
    tell_codes(watch, sampler);
    entry.sample = (struct fmd__sample){
        .time_ns = now,
        .request = {glance->start_ns, glance->endpoint},
        .thread = glance->thread,
        .interval_us = (uint32_t)(interval_ns / 1000),
        .why = why,
        .state = state_of(glance->thread),
        .label = flags & FMD__STACK_ELSEWHERE   ? FMD__SAMPLE_UNSUPPORTED
                 : flags & FMD__STACK_TRUNCATED ? FMD__SAMPLE_TRUNCATED
                                                : FMD__SAMPLE_OK,
        .frame_count = (uint32_t)count,
        .frames = stack};
    if (put(watch, &entry))
        set(&watch->samples, get(&watch->samples) + 1);
}

/* --- a look --------------------------------------------------------------------------
 */

/* Between two samples of an outlier: the longer the longer it lasts and the more of them
 * there are, and while the watcher takes more than its share. */
static uint64_t outlier_pause_ns(const struct fmd__watch *watch, uint64_t late_ns)
{
    uint64_t interval_ns = get(&watch->interval_ns), pause_ns = OUTLIER_NS;

    if (interval_ns > watch->wanted_ns && interval_ns > pause_ns)
        pause_ns = interval_ns;
    pause_ns *= 1 + watch->outliers / OUTLIERS_AT_ONCE;
    return late_ns / 32 > pause_ns ? late_ns / 32 : pause_ns;
}

/* One flight; returns when it wants to be looked at next. */
static uint64_t look_at(struct fmd__watch *watch, struct fmd__flight *flight,
                        struct fmd__watched *watched, uint64_t now, bool is_tick)
{
    struct glance glance;
    uint64_t late, interval = 0;
    uint8_t why = 0;

    if (!glance_at(flight, &glance))
        return UINT64_MAX;
    if (watched->start_ns != glance.start_ns)
        *watched = (struct fmd__watched){glance.start_ns, 0};
    if (is_tick && glance.level == 3) {
        why = FMD__SAMPLE_PROFILE;
        interval = get(&watch->interval_ns);
    }
    if (now < glance.deadline_ns) {
        if (why)
            take_sample(watch, &glance, now, why, interval);
        return glance.deadline_ns;
    }
    late = now - glance.deadline_ns;
    set(&flight->outlier_start_ns, glance.start_ns);
    fmd__context_tell(watch->header,
                      (uint32_t)(flight - fmd__ring_flights(watch->header)) + 1,
                      glance.start_ns);
    watch->outliers_seen++;
    if (now >= watched->next_sample_ns) {
        uint64_t pause = outlier_pause_ns(watch, late);

        why |= FMD__SAMPLE_OUTLIER;
        interval = interval ? interval : pause;
        watched->next_sample_ns = now + pause;
    }
    if (why)
        take_sample(watch, &glance, now, why, interval);
    return watched->next_sample_ns;
}

static bool any_at_level_3(struct fmd__flight *flights, uint32_t used)
{
    for (uint32_t i = 0; i < used; i++)
        if (get(&flights[i].start_ns) != 0 &&
            (atomic_load_explicit(&flights[i].about, memory_order_relaxed) & 0xff) == 3)
            return true;
    return false;
}

/* All flights; when to look next, UINT64_MAX when nothing asks for it. Ticks stand on a
 * grid that does not depend on when requests begin. */
static uint64_t look(struct fmd__watch *watch)
{
    struct fmd__flight *flights = fmd__ring_flights(watch->header);
    uint32_t used = fmd__flights_used();
    uint64_t now = fmd__now_ns(), next = UINT64_MAX, interval = get(&watch->interval_ns);
    bool is_tick;

    if (watch->was_idle) /* woken by a begin: that is no moment to sample it */
        watch->tick_ns = (now / interval + 1) * interval;
    is_tick = now >= watch->tick_ns;
    watch->outliers_seen = 0;
    for (uint32_t i = 0; i < used; i++) {
        uint64_t wanted = look_at(watch, &flights[i], &watch->watched[i], now, is_tick);

        next = wanted < next ? wanted : next;
    }
    watch->outliers = watch->outliers_seen;
    if (is_tick) {
        set(&watch->ticks, get(&watch->ticks) + 1);
        set(&watch->late_ticks,
            get(&watch->late_ticks) + (now > watch->tick_ns + interval));
        watch->tick_ns = (now / interval + 1) * interval;
    }
    if (any_at_level_3(flights, used) && watch->tick_ns < next)
        next = watch->tick_ns;
    watch->was_idle = next == UINT64_MAX;
    return next;
}

/* Of the profile, before it slows down. */
static uint64_t wanted_interval_ns(void)
{
    return SECOND / fmd__live_number(FMD__KEY_SAMPLING_HZ);
}

/* Once a second of looking: not more than 1 % of a core, but ten samples a second, if so
 * many are wanted. */
static void keep_pace(struct fmd__watch *watch)
{
    uint64_t now = fmd__now_ns(), cpu, share, interval = get(&watch->interval_ns);
    uint64_t least = wanted_interval_ns();
    uint64_t most = least > INTERVAL_MAX_NS ? least : INTERVAL_MAX_NS;

    if (now < watch->paced_ns + PACE_NS)
        return;
    cpu = fmd__clock_ns(CLOCK_THREAD_CPUTIME_ID);
    share = (cpu - watch->paced_cpu_ns) * 1000 / (now - watch->paced_ns); /* per mille */
    if (least != watch->wanted_ns)
        interval = watch->wanted_ns = least; /* it was changed */
    else if (share > 10 && interval < most)
        interval = interval * 2 < most ? interval * 2 : most;
    else if (share < 4 && interval > least)
        interval = interval / 2 > least ? interval / 2 : least;
    set(&watch->interval_ns, interval);
    set(&watch->cpu_ns, cpu);
    watch->paced_ns = now;
    watch->paced_cpu_ns = cpu;
}

/* --- the thread ----------------------------------------------------------------------
 */

static void sleep_until(struct fmd__watch *watch, uint32_t bell, uint64_t until)
{
    struct timespec when = {.tv_sec = (time_t)(until / SECOND),
                            .tv_nsec = (long)(until % SECOND)};

    (void)syscall(SYS_futex, &watch->bell, FUTEX_WAIT_BITSET_PRIVATE, bell,
                  until == UINT64_MAX ? NULL : &when, NULL, FUTEX_BITSET_MATCH_ANY);
}

/* Once: this process samples, and there is a Python whose stacks cannot be read. */
static void tell_why_not(void)
{
    const char *why = NULL;
    char line[512];
    int length;

    if (fmd__python_attach(&why) != -ENOTSUP || !why)
        return;
    length = snprintf(line, sizeof line, "fmd: %s\n", why);
    if (length > 0 && write(STDERR_FILENO, line, (size_t)length) < 0)
        return; /* nobody to tell */
}

/* A request that takes off stores its flight and then reads next_ns; here next_ns is
 * stored and then the flights are read: one of the two sees the other. */
static void *run(void *argument)
{
    struct fmd__watch *watch = argument;

    tell_why_not();
    watch->entry = fmd__pages_new(FMD__ENTRY_BYTES_MAX);
    atomic_store(&watch->sampler, fmd__python_sampler_new());
    while (!atomic_load(&watch->stopping)) {
        uint32_t bell = atomic_load(&watch->bell);
        uint64_t next;

        atomic_store(&watch->next_ns, UINT64_MAX);
        atomic_thread_fence(memory_order_seq_cst);
        next = look(watch);
        keep_pace(watch);
        atomic_store(&watch->next_ns, next);
        if (!atomic_load(&watch->stopping))
            sleep_until(watch, bell, next);
    }
    set(&watch->cpu_ns, fmd__clock_ns(CLOCK_THREAD_CPUTIME_ID));
    return NULL;
}

void fmd__watch_open(struct fmd__watch *watch, struct fmd__ring_header *header)
{
    memset(watch, 0, sizeof *watch);
    watch->header = header;
    watch->wanted_ns = wanted_interval_ns();
    set(&watch->interval_ns, watch->wanted_ns);
    watch->was_idle = true;
}

void fmd__watch_ring(struct fmd__watch *watch, uint64_t wake_ns)
{
    atomic_thread_fence(memory_order_seq_cst);
    if (!fmd__background_start(&watch->background, STACK_BYTES, run, watch) ||
        wake_ns >= atomic_load_explicit(&watch->next_ns, memory_order_relaxed))
        return;
    atomic_fetch_add(&watch->bell, 1);
    (void)syscall(SYS_futex, &watch->bell, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

void fmd__watch_close(struct fmd__watch *watch)
{
    atomic_store(&watch->stopping, true);
    atomic_fetch_add(&watch->bell, 1);
    (void)syscall(SYS_futex, &watch->bell, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    fmd__background_join(&watch->background);
}

void fmd__watch_release(struct fmd__watch *watch)
{
    struct fmd__python_sampler *sampler = atomic_exchange(&watch->sampler, NULL);

    if (sampler)
        fmd__python_sampler_free(sampler);
    fmd__pages_free(watch->entry, FMD__ENTRY_BYTES_MAX);
    watch->entry = NULL;
}
