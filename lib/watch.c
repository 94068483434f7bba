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
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define OUTLIER_NS (10 * MS)
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

/* Whether a thread took processor time since the last sample: one that did not waits, as
 * most do, and need not be looked up (a twentieth of the price). */
static bool has_run(struct fmd__watched *watched, uint32_t thread)
{
    const clockid_t its_clock = (clockid_t)(~thread << 3 | 6); /* clock_getres(2) */
    struct timespec used;
    uint64_t before = watched->cpu_ns;

    if (clock_gettime(its_clock, &used) != 0)
        return true;
    watched->cpu_ns = (uint64_t)used.tv_sec * SECOND + (uint64_t)used.tv_nsec;
    return watched->cpu_ns != before;
}

/* As the kernel sees it: on a processor (or ready for one), or waiting. */
static uint8_t state_of(struct fmd__watched *watched, uint32_t thread)
{
    char path[64], text[512], *after;
    ssize_t bytes = 0;
    int file;

    if (!has_run(watched, thread))
        return FMD__SAMPLE_WAITING;
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

/* It stands for interval_ns. */
static void take_sample(struct fmd__watch *watch, const struct glance *glance,
                        struct fmd__watched *watched, uint64_t now, uint8_t why,
                        uint64_t interval_ns)
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
        .state = state_of(watched, glance->thread),
        .label = flags & FMD__STACK_ELSEWHERE   ? FMD__SAMPLE_UNSUPPORTED
                 : flags & FMD__STACK_TRUNCATED ? FMD__SAMPLE_TRUNCATED
                                                : FMD__SAMPLE_OK,
        .frame_count = (uint32_t)count,
        .frames = stack};
    if (put(watch, &entry))
        set(&watch->samples, get(&watch->samples) + 1);
}

/* --- the profile ---------------------------------------------------------------------
 */

/* Flights at level 3 go into watch->profiled; returns how many. */
static uint32_t find_profiled(struct fmd__watch *watch)
{
    const struct fmd__flight *flights = fmd__ring_flights(watch->header);
    uint32_t used = fmd__flights_used(), count = 0;

    for (uint32_t i = 0; i < used; i++)
        if (get(&flights[i].start_ns) != 0 &&
            (atomic_load_explicit(&flights[i].about, memory_order_relaxed) & 0xff) == 3)
            watch->profiled[count++] = (uint16_t)i;
    return count;
}

static struct fmd__watched *watched_of(struct fmd__watch *watch, uint32_t number,
                                       const struct glance *glance)
{
    struct fmd__watched *watched = &watch->watched[number];

    if (watched->start_ns != glance->start_ns)
        *watched = (struct fmd__watched){.start_ns = glance->start_ns};
    return watched;
}

/* Between two samples of an outlier: the longer the longer it lasts. */
static uint64_t outlier_pause_ns(uint64_t late_ns)
{
    return late_ns / 32 > OUTLIER_NS ? late_ns / 32 : OUTLIER_NS;
}

/* A tick: samples as many as may be, each for all those that it was drawn from. Where
 * none is left out, that is the sample of an outlier too. */
static uint32_t take_profile(struct fmd__watch *watch, uint32_t count, uint64_t now)
{
    struct fmd__flight *flights = fmd__ring_flights(watch->header);
    uint32_t drawn = fmd__pace_of_tick(&watch->pace, count, watch->outliers != 0);
    uint64_t interval = watch->pace.interval_ns;

    fmd__pace_draw(&watch->pace, watch->profiled, count, drawn);
    for (uint32_t i = 0; i < drawn; i++) {
        struct fmd__watched *watched;
        struct glance glance;
        uint8_t why = FMD__SAMPLE_PROFILE;

        if (!glance_at(&flights[watch->profiled[i]], &glance) || glance.level != 3)
            continue;
        watched = watched_of(watch, watch->profiled[i], &glance);
        if (drawn == count && now >= glance.deadline_ns) {
            uint64_t pause = outlier_pause_ns(now - glance.deadline_ns);

            why |= FMD__SAMPLE_OUTLIER;
            watched->last_sample_ns = now;
            watched->next_sample_ns =
                now + (pause > interval + interval / 2 ? pause : interval + interval / 2);
        }
        take_sample(watch, &glance, watched, now, why, interval * count / drawn);
    }
    return drawn;
}

/* --- outliers ------------------------------------------------------------------------
 */

/* Its request knows from now on, at the latest from its end. */
static void mark(struct fmd__watch *watch, struct fmd__flight *flight, uint64_t start_ns)
{
    uint32_t number = (uint32_t)(flight - fmd__ring_flights(watch->header)) + 1;

    set(&flight->outlier_start_ns, start_ns);
    fmd__context_tell(watch->header, number, start_ns);
}

static void sample_outlier(struct fmd__watch *watch, const struct glance *glance,
                           struct fmd__watched *watched, uint64_t now)
{
    uint64_t since = watched->last_sample_ns;

    take_sample(watch, glance, watched, now, FMD__SAMPLE_OUTLIER,
                since ? now - since : OUTLIER_NS);
    watched->last_sample_ns = now;
    watched->next_sample_ns = now + outlier_pause_ns(now - glance->deadline_ns);
}

/* One flight; returns when it wants to be looked at next. */
static uint64_t look_at(struct fmd__watch *watch, uint32_t number, uint32_t may_sample,
                        struct fmd__look *look)
{
    struct fmd__flight *flight = fmd__ring_flights(watch->header) + number;
    struct fmd__watched *watched;
    struct glance glance;

    if (!glance_at(flight, &glance))
        return UINT64_MAX;
    if (look->now_ns < glance.deadline_ns)
        return glance.deadline_ns;
    watch->outliers++;
    watched = watched_of(watch, number, &glance);
    mark(watch, flight, glance.start_ns);
    if (look->now_ns >= watched->next_sample_ns && look->outlier_samples < may_sample) {
        sample_outlier(watch, &glance, watched, look->now_ns);
        look->outlier_samples++;
        watch->first = number + 1;
    }
    return watched->next_sample_ns;
}

/* All flights, beginning behind the outlier that was sampled last, so that each has its
 * turn; when to look next, UINT64_MAX when nothing asks for it. */
static uint64_t look_at_all(struct fmd__watch *watch, struct fmd__look *look)
{
    uint32_t may_sample = fmd__pace_of_outliers(&watch->pace, look);
    uint32_t used = fmd__flights_used(), first = watch->first;
    uint64_t next = UINT64_MAX;

    watch->outliers = 0;
    for (uint32_t i = 0; i < used; i++) {
        uint64_t wanted = look_at(watch, (first + i) % used, may_sample, look);

        next = wanted < next ? wanted : next;
    }
    return next;
}

/* --- a look --------------------------------------------------------------------------
 */

/* Of the profile, before it slows down. */
static uint64_t wanted_interval_ns(void)
{
    return SECOND / fmd__live_number(FMD__KEY_SAMPLING_HZ);
}

/* Ticks stand on a grid that does not depend on when requests begin; its distance
 * changes, from the last tick on. */
static void plan_tick(struct fmd__watch *watch, uint64_t now)
{
    uint64_t interval = watch->pace.interval_ns;

    if (watch->tick_ns <= now)
        watch->tick_ns += ((now - watch->tick_ns) / interval + 1) * interval;
    set(&watch->interval_ns, interval);
}

static void tick(struct fmd__watch *watch, struct fmd__look *look)
{
    uint64_t interval = watch->pace.interval_ns, now = look->now_ns;

    set(&watch->ticks, get(&watch->ticks) + 1);
    set(&watch->late_ticks, get(&watch->late_ticks) + (now > watch->tick_ns + interval));
    look->profile_samples = take_profile(watch, look->flights, now);
    fmd__pace_want(&watch->pace, wanted_interval_ns());
}

/* All flights; when to look next, UINT64_MAX when nothing asks for it. */
static uint64_t look(struct fmd__watch *watch)
{
    uint64_t begin_cpu_ns = fmd__clock_ns(CLOCK_THREAD_CPUTIME_ID), next, not_before;
    struct fmd__look look = {.now_ns = fmd__now_ns(),
                             .wake_cpu_ns = begin_cpu_ns - get(&watch->cpu_ns),
                             .flights = find_profiled(watch),
                             .has_outliers = watch->outliers != 0};

    if (watch->was_idle) /* woken by a begin: that is no moment to sample it */
        plan_tick(watch, look.now_ns);
    look.is_tick = look.now_ns >= watch->tick_ns;
    if (look.is_tick)
        tick(watch, &look);
    next = look_at_all(watch, &look);
    set(&watch->cpu_ns, fmd__clock_ns(CLOCK_THREAD_CPUTIME_ID));
    look.samples_cpu_ns = get(&watch->cpu_ns) - begin_cpu_ns;
    not_before = fmd__pace_looked(&watch->pace, &look);
    if (look.is_tick)
        plan_tick(watch, look.now_ns);
    if (next < not_before)
        next = not_before;
    if (look.flights && watch->tick_ns < next)
        next = watch->tick_ns;
    watch->was_idle = next == UINT64_MAX;
    return next;
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

    (void)prctl(PR_SET_NAME, "fmd-watcher");
    tell_why_not();
    watch->entry = fmd__pages_new(FMD__ENTRY_BYTES_MAX);
    atomic_store(&watch->sampler, fmd__python_sampler_new());
    while (!atomic_load(&watch->stopping)) {
        uint32_t bell = atomic_load(&watch->bell);
        uint64_t next;

        atomic_store(&watch->next_ns, UINT64_MAX);
        atomic_thread_fence(memory_order_seq_cst);
        next = look(watch);
        atomic_store(&watch->next_ns, next);
        if (!atomic_load(&watch->stopping))
            sleep_until(watch, bell, next);
    }
    return NULL;
}

void fmd__watch_open(struct fmd__watch *watch, struct fmd__ring_header *header)
{
    memset(watch, 0, sizeof *watch);
    watch->header = header;
    fmd__pace_open(&watch->pace, wanted_interval_ns(), fmd__now_ns());
    set(&watch->interval_ns, watch->pace.interval_ns);
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
