/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tests of whole reports share: requests and what comes beside them, made up by a
 * seed, added in one pass or dealt out to parts, and the report of the summary with
 * everything that can be asked for.
 */
#ifndef REPORT_MADE_REPORTS_H
#define REPORT_MADE_REPORTS_H

#include "report.h"
#include "src/base/err.h"
#include "src/base/str.h"
#include "src/findings/targets.h"
#include "src/input/input.h"
#include "src/summary/made_beside.h"
#include "src/summary/saved_bytes.h"
#include "src/summary/scan.h"

/* --- what was recorded ------------------------------------------------------------- */

struct recorded {
    const struct made_plan *plan;
    struct made_request *requests;
    struct made_event *events;
    size_t request_count, event_count;
};

static inline struct recorded record(const struct made_plan *plan)
{
    return (struct recorded){plan, made_requests(plan), made_beside(plan), plan->count,
                             plan->count};
}

static inline void recorded_release(struct recorded *recorded)
{
    free(recorded->requests);
    free(recorded->events);
}

static inline void add(struct summary *summary, const struct recorded *part)
{
    made_add(summary, part->plan, part->requests, part->request_count, MADE_BATCH);
    made_add_events(summary, part->plan, part->events, part->event_count);
}

static inline void shuffle(struct recorded *recorded, uint64_t *random)
{
    for (size_t i = recorded->request_count; i > 1; i--) {
        size_t other = made_below(random, (uint32_t)i);
        struct made_request swap = recorded->requests[i - 1];
        recorded->requests[i - 1] = recorded->requests[other];
        recorded->requests[other] = swap;
    }
    for (size_t i = recorded->event_count; i > 1; i--) {
        size_t other = made_below(random, (uint32_t)i);
        struct made_event swap = recorded->events[i - 1];
        recorded->events[i - 1] = recorded->events[other];
        recorded->events[other] = swap;
    }
}

/* Ordinary, or one that scans by the plan. */
static inline struct summary *new_summary(const struct scan_plan *plan)
{
    return plan ? summary_new_scanning(plan) : summary_new();
}

/* Part number i of count. */
static inline struct recorded part_of(const struct recorded *whole, size_t i,
                                      size_t count)
{
    struct recorded part = *whole;
    size_t first = whole->request_count * i / count,
           end = whole->request_count * (i + 1) / count;
    size_t first_event = whole->event_count * i / count,
           end_event = whole->event_count * (i + 1) / count;
    part.requests += first;
    part.request_count = end - first;
    part.events += first_event;
    part.event_count = end_event - first_event;
    return part;
}

/* Parts with a summary each, merged to either side at random. */
static inline struct summary *dealt(const struct recorded *recorded,
                                    const struct scan_plan *plan, uint64_t *random)
{
    struct summary *whole = new_summary(plan);
    size_t parts = 2 + made_below(random, 9);
    for (size_t i = 0; i < parts; i++) {
        struct recorded of = part_of(recorded, i, parts);
        struct summary *part = new_summary(plan);
        add(part, &of);
        struct summary *to = made_below(random, 2) ? whole : part;
        struct summary *from = to == whole ? part : whole;
        summary_merge(to, from);
        summary_free(from);
        whole = to;
    }
    return whole;
}

static inline struct summary *one_pass(const struct recorded *recorded,
                                       const struct scan_plan *plan)
{
    struct summary *summary = new_summary(plan);
    add(summary, recorded);
    return summary;
}

/* --- reports ----------------------------------------------------------------------- */

static inline void read_targets(struct targets *targets)
{
    static const char *const checks[] = {"*: p99 < 250ms", "*: errors < 1%",
                                         "GET /1: p50 < 10ms"};
    static const char *const objectives[] = {"*: 99% < 300ms", "GET /2: 99.9% ok"};
    struct err err = ERR_INIT;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(targets_add(targets, TARGET_CHECK, checks[i], &err), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(targets_add(targets, TARGET_SLO, objectives[i], &err), 0);
}

static inline char *text_of(const struct report *report,
                            int (*print)(const struct report *, FILE *, struct err *))
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    assert_int_equal(print(report, out, NULL), 0);
    fclose(out);
    return text;
}

static inline int as_terminal(const struct report *report, FILE *out, struct err *err)
{
    const struct terminal_style style = {.width = 200, .unicode = true};
    return report_terminal(report, &style, out, err);
}

/* Gives the report with everything that can be asked for; scan and baseline may be NULL.
 */
static inline void with_report(const struct summary *summary, const struct scan *scan,
                               const struct summary *baseline,
                               void (*give)(const struct report *, void *), void *to)
{
    struct input_report input;
    struct report_options options;
    struct report report;
    struct targets targets = {0};
    struct err err = ERR_INIT;
    input_report_init(&input);
    read_targets(&targets);
    report_options_init(&options);
    options.time_zone = "Europe/Amsterdam";
    options.repeatable = true;
    options.targets = &targets;
    options.scan = scan;
    options.regression.baseline = baseline;
    assert_int_equal(report_build(&report, summary, &input, &options, &err), 0);
    give(&report, to);
    report_release(&report);
    targets_release(&targets);
    input_report_release(&input);
}

static inline struct summary *saved_and_loaded(const struct summary *summary)
{
    struct str bytes = saved(summary);
    struct summary *loaded = summary_load(bytes.bytes, bytes.length, NULL);
    assert_non_null(loaded);
    str_release(&bytes);
    return loaded;
}

#endif
