/* SPDX-License-Identifier: Apache-2.0 */
/* See writer.h. */
#define _GNU_SOURCE
#include "writer_inside.h"

#include "bell.h"
#include "clocks.h"
#include "leftover_rings.h"
#include "levels.h"
#include "process_entry.h"
#include "shared_journal.h"
#include "signals.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define MS UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define SLEEP_MIN_NS (1 * MS)
#define SLEEP_MAX_NS SECOND
#define RETRY_NS SECOND
#define LEFTOVERS_NS (10 * SECOND)
#define COUNTS_NS (60 * SECOND) /* of endpoints at level 0 */
#define TELLINGS_MAX 64         /* of exceptions, each as many as the journal holds */
#define PROCESS_NS SECOND
/* The encoder needs 200 kB; the rest is for thread-local storage of the application,
 * which the C library takes from the stack. Only pages that are used cost memory. */
#define STACK_BYTES (2u << 20)

void fmd__writer_stats(const struct fmd__writer *writer, struct fmd__stats *stats)
{
    memset(stats, 0, sizeof *stats);
    stats->recorded = fmd__count_of(&writer->recorded);
    stats->dropped[FMD_DROP_WRITE_FAILED] = fmd__count_of(&writer->given_up);
    stats->strings_lost = fmd__count_of(&writer->strings_lost);
    stats->writer_cpu_ns = fmd__count_of(&writer->cpu_ns);
}

/* Once in a process's life: the application's log is not ours. */
static void tell(struct fmd__writer *writer, int why)
{
    char line[PATH_MAX + 256];
    const char *reason = strerrordesc_np(-why);
    int length = snprintf(line, sizeof line,
                          "fmd: traces cannot be written to %s (%s); the application "
                          "goes on, requests are dropped and counted until it works\n",
                          writer->settings->directory, reason ? reason : "unknown error");

    if (writer->told)
        return;
    writer->told = true;
    if (write(STDERR_FILENO, line, (size_t)length) < 0)
        return; /* nobody to tell */
}

/* --- when to write --------------------------------------------------------------- */

struct look {
    uint64_t pending;   /* slots that wait */
    uint64_t published; /* since the last look */
    uint64_t no_ring;   /* drops for want of a ring since the last look */
    bool short_of_room; /* a ring is more than half full, and few are free */
};

static struct look look_at_pool(struct fmd__writer *writer)
{
    struct fmd__pool *pool = writer->pool;
    uint32_t count = atomic_load_explicit(&pool->count, memory_order_relaxed);
    uint64_t heads = 0, no_ring;
    struct look look = {0};

    for (uint32_t i = 0; i < count; i++) {
        struct fmd__ring *ring = fmd__producers[i].ring;
        uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed),
                 head = atomic_load_explicit(&ring->head, memory_order_relaxed);

        heads += head;
        look.pending += head - tail;
        look.short_of_room |= head - tail > pool->slots / 2;
    }
    look.short_of_room &= fmd__pool_is_low(pool);
    no_ring = fmd__count_of(&pool->header->counts.dropped[FMD_DROP_NO_RING]);
    look.published = heads - writer->seen_slots;
    look.no_ring = no_ring - writer->seen_no_ring;
    writer->seen_slots = heads;
    writer->seen_no_ring = no_ring;
    return look;
}

/* First as many as were asked for (a child begins with few), then so many that a quarter
 * is free; twice as many when threads went without. */
static void grow_pool(struct fmd__writer *writer, uint64_t no_ring)
{
    uint32_t count = atomic_load_explicit(&writer->pool->count, memory_order_relaxed);
    uint32_t free_count =
        atomic_load_explicit(&writer->pool->free_count, memory_order_relaxed);
    uint32_t steps = no_ring > 0 ? 1 + count / FMD__RINGS_STEP : free_count <= count / 4;

    if (count < writer->settings->rings &&
        !fmd__pool_grow(writer->pool, writer->settings->rings - count))
        return;
    while (steps > 0 && fmd__pool_grow(writer->pool, FMD__RINGS_STEP))
        steps--;
}

static int failed(struct fmd__writer *writer, int why)
{
    atomic_store_explicit(&writer->gate->write_failing, 1, memory_order_relaxed);
    writer->retry_ns = fmd__now_ns() + RETRY_NS;
    tell(writer, why);
    return why;
}

static void worked(struct fmd__writer *writer)
{
    if (writer->retry_ns == 0)
        return;
    writer->retry_ns = 0;
    atomic_store_explicit(&writer->gate->write_failing, 0, memory_order_relaxed);
}

/* Writes batches until fewer than leave slots wait. New ones that come meanwhile do not
 * keep it longer than as many as there were. */
static int write_until(struct fmd__writer *writer, uint64_t pending, uint64_t leave)
{
    while (pending > leave) {
        int result = fmd__writer_write_batch(writer, fmd__batch_requests);
        uint64_t taken;

        if (result != 0)
            return failed(writer, result);
        worked(writer);
        taken = writer->batch->slot_count;
        if (taken == 0)
            break;
        pending -= taken < pending ? taken : pending;
    }
    return 0;
}

/* Counts of endpoints that were only counted, if there are new ones. */
static int write_counts(struct fmd__writer *writer)
{
    uint64_t sum = fmd__batch_counts_sum(writer->pool);
    int result = 0;

    writer->counts_ns = fmd__now_ns();
    if (sum == writer->counts_sum)
        return 0;
    do
        result = fmd__writer_write_batch(writer, fmd__batch_counts);
    while (result == 0 && writer->batch->counts_next != 0);
    if (result != 0)
        return failed(writer, result);
    worked(writer);
    writer->counts_sum = sum;
    return 0;
}

static uint64_t journal_fill(const struct fmd__writer *writer)
{
    struct fmd__journal *journal = fmd__ring_journal(writer->pool->header);

    return atomic_load_explicit(&journal->head, memory_order_relaxed) -
           atomic_load_explicit(&journal->tail, memory_order_relaxed);
}

/* Grows with everything that the application lets us record. */
static uint64_t news(const struct fmd__writer *writer)
{
    const struct fmd__journal *journal = fmd__ring_journal(writer->pool->header);

    return writer->seen_slots + fmd__batch_counts_sum(writer->pool) +
           atomic_load_explicit(&journal->head, memory_order_relaxed);
}

/* What the process takes, into the journal, if anything was recorded since. */
static void describe_process(struct fmd__writer *writer, uint64_t now)
{
    writer->process_ns = now;
    if (news(writer) == writer->process_news)
        return;
    fmd__process_entry_put(writer->pool->header, writer->watch, writer->gauges,
                           fmd__count_of(&writer->cpu_ns), writer->process_cpu_start_ns);
    writer->process_news = news(writer);
}

/* What the journal holds now; what comes meanwhile does not keep it longer. */
static int write_journal(struct fmd__writer *writer)
{
    uint64_t fill;

    fmd__gauges_flush(writer->gauges, writer->pool->header);
    fill = journal_fill(writer);
    while (fill > 0) {
        struct fmd__journal *journal = fmd__ring_journal(writer->pool->header);
        uint64_t before = atomic_load_explicit(&journal->tail, memory_order_relaxed);
        uint64_t taken;
        int result = fmd__writer_write_batch(writer, fmd__batch_events);

        if (result != 0)
            return failed(writer, result);
        worked(writer);
        taken = atomic_load_explicit(&journal->tail, memory_order_relaxed) - before;
        if (taken == 0)
            break;
        fill -= taken < fill ? taken : fill;
    }
    return 0;
}

/* The journal, and exceptions that were counted since. */
static int write_events(struct fmd__writer *writer)
{
    struct fmd__exceptions *exceptions =
        writer->exceptions ? atomic_load(writer->exceptions) : NULL;
    bool all = false;
    int result = 0;

    writer->events_ns = fmd__now_ns();
    for (int round = 0; round < TELLINGS_MAX && !all && result == 0; round++) {
        all = !exceptions || fmd__exceptions_tell(exceptions, writer->pool->header);
        result = write_journal(writer);
    }
    return result;
}

static void follow_levels(struct fmd__writer *writer, uint64_t now)
{
    if (!fmd__levels_follow_is_due(now))
        return;
    (void)pthread_mutex_lock(writer->register_lock);
    fmd__levels_follow(now);
    (void)pthread_mutex_unlock(writer->register_lock);
}

/* Sleeps so long that, at the rate seen since the last look, a quarter of what the free
 * rings hold or a block comes in. */
static void choose_sleep(struct fmd__writer *writer, const struct look *look,
                         uint64_t since_ns)
{
    uint64_t room = (uint64_t)writer->pool->free_count * writer->pool->slots / 4;
    uint64_t target = room < FMD__BLOCK_REQUESTS_MAX ? room : FMD__BLOCK_REQUESTS_MAX;
    uint64_t most = writer->sleep_max_ns, sleep_ns;

    if (target < writer->pool->slots / 4)
        target = writer->pool->slots / 4;
    if (most > writer->settings->block_ns)
        most = writer->settings->block_ns;
    if (most > fmd__levels_pause_ns())
        most = fmd__levels_pause_ns();
    sleep_ns = look->published ? since_ns * target / look->published : most;
    if (sleep_ns > most)
        sleep_ns = most;
    writer->sleep_ns = sleep_ns < SLEEP_MIN_NS ? SLEEP_MIN_NS : sleep_ns;
}

/* Of what waits: all of it, whole blocks, or nothing yet. was_rung: somebody runs short.
 */
static int write_requests(struct fmd__writer *writer, const struct look *look,
                          uint64_t now, bool was_rung)
{
    uint64_t block = FMD__BLOCK_REQUESTS_MAX;
    bool old =
        writer->pending_since &&
        now + writer->sleep_ns >= writer->pending_since + writer->settings->block_ns;
    bool all = old || was_rung || look->short_of_room || writer->retry_ns;
    int result;

    if (!all && look->pending < block)
        return 0;
    result = write_until(writer, look->pending, all ? 0 : block - 1);
    if (result == 0 && all)
        writer->pending_since = 0;
    return result;
}

static void look_and_write(struct fmd__writer *writer, bool was_rung)
{
    struct look look = look_at_pool(writer);
    uint64_t now = fmd__now_ns();

    choose_sleep(writer, &look, now - writer->looked_ns);
    if (look.pending == 0)
        writer->pending_since = 0;
    else if (writer->pending_since == 0)
        writer->pending_since = writer->looked_ns;
    writer->looked_ns = now;
    follow_levels(writer, now);
    if (writer->retry_ns > now || write_requests(writer, &look, now, was_rung) != 0)
        return;
    if (now >= writer->counts_ns + COUNTS_NS && write_counts(writer) != 0)
        return;
    if (now >= writer->process_ns + PROCESS_NS)
        describe_process(writer, now);
    if ((now >= writer->events_ns + writer->settings->block_ns ||
         fmd__shared_journal_is_short(writer->pool->header)) &&
        write_events(writer) != 0)
        return;
    grow_pool(writer, look.no_ring);
    if (now >= writer->leftovers_ns + LEFTOVERS_NS) {
        writer->leftovers_ns = now;
        fmd__leftover_rings_take_in(writer->settings->directory);
    }
}

/* --- the thread ------------------------------------------------------------------ */

/* Without the lock. True: somebody rang. After that a nap that nobody disturbs, which
 * also tells the rate of the burst; so is the wait for a disk that is full. */
static bool sleep_until_rung(struct fmd__writer *writer, bool was_rung)
{
    bool is_deaf = was_rung || writer->retry_ns;
    uint64_t now = fmd__now_ns(), until = now + writer->sleep_ns;

    if (was_rung)
        until = now + SLEEP_MIN_NS;
    else if (writer->retry_ns && writer->retry_ns < until)
        until = writer->retry_ns;
    (void)pthread_mutex_unlock(&writer->lock);
    was_rung = fmd__bell_sleep(until, is_deaf);
    (void)pthread_mutex_lock(&writer->lock);
    return was_rung;
}

static void *run(void *argument)
{
    struct fmd__writer *writer = argument;
    bool was_rung = true; /* its first look is soon: a child has few rings */

    (void)prctl(PR_SET_NAME, "fmd-writer");
    (void)pthread_mutex_lock(&writer->lock);
    while (!writer->stopping) {
        was_rung = sleep_until_rung(writer, was_rung);
        if (writer->stopping)
            break;
        look_and_write(writer, was_rung);
        atomic_store_explicit(&writer->cpu_ns, fmd__clock_ns(CLOCK_THREAD_CPUTIME_ID),
                              memory_order_relaxed);
    }
    (void)pthread_mutex_unlock(&writer->lock);
    return NULL;
}

void fmd__writer_open(struct fmd__writer *writer, const struct fmd__settings *settings,
                      struct fmd__gate *gate, struct fmd__pool *pool,
                      const struct fmd__segment *segment, pthread_mutex_t *register_lock)
{
    const size_t kept = offsetof(struct fmd__writer, background);
    char stem[FMD__STEM_BYTES];

    (void)pthread_mutex_lock(&writer->lock);
    memset((char *)writer + kept, 0, sizeof *writer - kept);
    writer->settings = settings;
    writer->gate = gate;
    writer->pool = pool;
    writer->segment = *segment;
    writer->register_lock = register_lock;
    (void)fmd__segment_stem(segment, stem);
    fmd__trace_files_init(&writer->files, settings->directory, stem,
                          settings->total_bytes);
    writer->sleep_ns = SLEEP_MIN_NS;
    writer->sleep_max_ns = SLEEP_MAX_NS;
    writer->stats_ns = writer->counts_ns = writer->process_ns = writer->looked_ns =
        fmd__now_ns();
    fmd__bell_reset();
    writer->process_cpu_start_ns = fmd__clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    fmd__writer_store_state(writer, writer->stats_ns,
                            (int64_t)fmd__clock_ns(CLOCK_REALTIME));
    writer->open = true;
    (void)pthread_mutex_unlock(&writer->lock);
}

void fmd__writer_start_thread(struct fmd__writer *writer)
{
    (void)fmd__background_start(&writer->background, STACK_BYTES, run, writer);
}

static uint64_t pending_slots(const struct fmd__pool *pool)
{
    uint32_t count = atomic_load_explicit(&pool->count, memory_order_relaxed);
    uint64_t pending = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct fmd__ring *ring = fmd__producers[i].ring;

        pending += atomic_load_explicit(&ring->head, memory_order_relaxed) -
                   atomic_load_explicit(&ring->tail, memory_order_relaxed);
    }
    return pending;
}

int fmd__writer_flush(struct fmd__writer *writer)
{
    int result = 0;

    (void)pthread_mutex_lock(&writer->lock);
    if (writer->open)
        result = write_until(writer, pending_slots(writer->pool), 0);
    if (writer->open && result == 0)
        result = write_counts(writer);
    if (writer->open && result == 0)
        result = write_events(writer);
    (void)pthread_mutex_unlock(&writer->lock);
    return result;
}

static void end_thread(struct fmd__writer *writer)
{
    (void)pthread_mutex_lock(&writer->lock);
    writer->stopping = true;
    (void)pthread_mutex_unlock(&writer->lock);
    fmd__bell_stop();
    fmd__background_join(&writer->background);
}

/* Requests that stay in the rings for good. */
static uint64_t requests_left(const struct fmd__writer *writer)
{
    uint64_t left = 0;

    for (uint32_t i = 0; i < writer->pool->count; i++) {
        const struct fmd__producer *producer = &fmd__producers[i];

        for (uint64_t s = producer->ring->tail; s != producer->ring->head; s++)
            left += producer->ring->slots[s & producer->mask].kind == FMD__SLOT_REQUEST;
    }
    return left;
}

/* A process that dropped everything says at least that. */
static bool has_something_to_say(struct fmd__writer *writer)
{
    struct fmd__stats stats = {0};

    fmd__pool_add_counts(writer->pool, &stats);
    return stats.issued > 0 || fmd__batch_counts_sum(writer->pool) > 0;
}

static int write_last_events(struct fmd__writer *writer)
{
    fmd__gauges_flush(writer->gauges, writer->pool->header);
    (void)look_at_pool(writer);
    describe_process(writer, fmd__now_ns());
    return write_events(writer);
}

static int write_clean_end(struct fmd__writer *writer)
{
    int result = 0;

    if (!writer->files.is_open && has_something_to_say(writer))
        result = fmd__writer_write_batch(writer, fmd__batch_counts);
    if (result == 0)
        fmd__writer_end_segment(writer, true);
    return result;
}

int fmd__writer_close(struct fmd__writer *writer)
{
    int result;

    end_thread(writer);
    (void)pthread_mutex_lock(&writer->lock);
    result = writer->open ? write_until(writer, pending_slots(writer->pool), 0) : 0;
    if (writer->open && result == 0)
        result = write_last_events(writer);
    fmd__count_more(&writer->given_up, requests_left(writer));
    if (result == 0)
        result = write_clean_end(writer);
    else if (writer->open) /* at least that so much is missing */
        (void)write_clean_end(writer);
    /* Before the trace is unlocked: it alone has the last counts then (disk_limit.c). */
    fmd__ring_home_remove(&writer->pool->home);
    fmd__trace_files_release(&writer->files);
    fmd__dictionary_release(&writer->dictionary);
    fmd__batch_free(writer->batch);
    writer->batch = NULL;
    writer->open = false;
    (void)pthread_mutex_unlock(&writer->lock);
    return result;
}
