/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "wall_clocks.h"

#include "src/base/mem.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_NS INT64_C(1000000000)
#define STEP_NS SECOND_NS            /* smaller steps do no harm to any finding */
#define DRIFT_PART 1000              /* 1 ms a s: twice what adjtime may slew */
#define FUTURE_NS (300 * SECOND_NS)  /* a trace may be written while it is read */
#define SHIFTED_NS (300 * SECOND_NS) /* hosts of a run start within minutes */

int64_t anchor_utc(const struct anchor *anchor, uint64_t monotonic_ns)
{
    return (int64_t)((uint64_t)anchor->utc_ns + (monotonic_ns - anchor->monotonic_ns));
}

int64_t clock_step_ns(const struct anchor *before, const struct anchor *after)
{
    if (after->monotonic_ns < before->monotonic_ns)
        return 0;
    double elapsed = (double)(after->monotonic_ns - before->monotonic_ns);
    int64_t expected = anchor_utc(before, after->monotonic_ns);
    int64_t step = (int64_t)((uint64_t)after->utc_ns - (uint64_t)expected);
    return fabs((double)step) > (double)STEP_NS + elapsed / DRIFT_PART ? step : 0;
}

const char *clock_text(int64_t utc_ns, char out[CLOCK_TEXT_BYTES])
{
    time_t seconds = (time_t)(utc_ns / SECOND_NS - (utc_ns % SECOND_NS < 0));
    struct tm tm;
    if (!gmtime_r(&seconds, &tm) || !strftime(out, CLOCK_TEXT_BYTES, "%F %T UTC", &tm))
        snprintf(out, CLOCK_TEXT_BYTES, "%lld s since 1970", (long long)seconds);
    return out;
}

static int by_run(const void *left, const void *right)
{
    const struct clock_range *a = left, *b = right;
    int order = strcmp(a->run, b->run);
    return order ? order : strcmp(a->host, b->host);
}

static int by_value(const void *left, const void *right)
{
    const int64_t *a = left, *b = right;
    return *a < *b ? -1 : *a > *b;
}

/* Middle of the hosts' first or last moments. */
static int64_t median(const struct clock_range *ranges, size_t count, int last)
{
    int64_t *moments = mem_new(count * sizeof(*moments));
    for (size_t i = 0; i < count; i++)
        moments[i] = last ? ranges[i].last_utc_ns : ranges[i].first_utc_ns;
    qsort(moments, count, sizeof(*moments), by_value);
    int64_t middle = moments[count / 2];
    free(moments);
    return middle;
}

/* A host whose first and last requests are off from the others' by nearly the same time:
 * a later start or an earlier stop moves one end only. Of two hosts nobody knows which
 * one is wrong, so one is told. */
static void compare_run(const struct clock_range *ranges, size_t count,
                        struct notes *notes)
{
    bool two = count == 2;
    int64_t first_of_all = two ? ranges[0].first_utc_ns : median(ranges, count, 0);
    int64_t last_of_all = two ? ranges[0].last_utc_ns : median(ranges, count, 1);
    for (size_t i = two ? 1 : 0; i < count; i++) {
        double first = (double)ranges[i].first_utc_ns - (double)first_of_all;
        double last = (double)ranges[i].last_utc_ns - (double)last_of_all;
        double shift = (first + last) / 2;
        if (fabs(shift) < (double)SHIFTED_NS || fabs(first - last) > fabs(shift) / 5)
            continue;
        notes_add(
            notes, INPUT_CLOCK, (struct note_place){UINT64_MAX, 1}, ranges[i].host, 0, 0,
            "in run \"%s\" all requests of host %s lie %.0f s %s those of %s: its "
            "clock may be wrong; times were left as recorded, compare `date` on "
            "the hosts",
            ranges[i].run, ranges[i].host, fabs(shift) / (double)SECOND_NS,
            shift < 0 ? "before" : "after", two ? ranges[0].host : "the other hosts");
    }
}

static void compare_with_now(const struct clock_range *range, int64_t now_utc_ns,
                             struct notes *notes)
{
    char text[CLOCK_TEXT_BYTES];
    double ahead = (double)range->last_utc_ns - (double)now_utc_ns;
    if (ahead < (double)FUTURE_NS)
        return;
    notes_add(notes, INPUT_CLOCK, (struct note_place){UINT64_MAX, 0}, range->host, 0, 0,
              "host %s recorded requests at %s, which is %.0f s from now: its clock or "
              "this machine's is wrong; times were left as recorded",
              range->host, clock_text(range->last_utc_ns, text),
              ahead / (double)SECOND_NS);
}

void clocks_compare(struct clock_range *ranges, size_t count, int64_t now_utc_ns,
                    struct notes *notes)
{
    if (!count)
        return;
    qsort(ranges, count, sizeof(*ranges), by_run);
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from; to < count && !strcmp(ranges[to].run, ranges[from].run); to++)
            compare_with_now(&ranges[to], now_utc_ns, notes);
        if (ranges[from].run[0] && to - from > 1)
            compare_run(ranges + from, to - from, notes);
    }
}
