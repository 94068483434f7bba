/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One report, many printers. report_build() asks all findings once; every printer prints
 * the same struct and computes nothing. Built for up to a few hundred endpoints × ten
 * versions; nothing here is hot.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include "src/findings/activity.h"
#include "src/findings/actor_latency.h"
#include "src/findings/change_points.h"
#include "src/findings/distribution.h"
#include "src/findings/incidents.h"
#include "src/findings/outliers.h"
#include "src/findings/profile.h"
#include "src/findings/targets.h"
#include "src/findings/regression.h"
#include "src/findings/usage.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct err;
struct summary;
struct input_report;

/* What the rows of the overview are sorted by, largest first (name: by bytes). */
enum report_sort {
    REPORT_SORT_TIME, /* requests × mean: where the time of the users goes. Default */
    REPORT_SORT_REQUESTS,
    REPORT_SORT_P95,
    REPORT_SORT_ERRORS,
    REPORT_SORT_NAME
};

/* The names that the command line takes, in the order of the enum; NULL ends it. */
extern const char *const report_sort_names[];

struct report_options {
    const char *time_zone;    /* IANA name; NULL: this machine's (zone_load) */
    uint64_t apdex_target_ns; /* 0: no Apdex. Default 500 ms */
    enum report_sort sort;
    unsigned top; /* rows of a table in terminal and Markdown; 0: all. Default 20 */
    bool charts;  /* Default true */
    unsigned chart_endpoints; /* that get charts of their own. Default 6 */
    const char
        *title;      /* what was analyzed, as the user named it; borrowed, may be NULL */
    bool repeatable; /* leave out what differs between two runs on the same input */
    const char *asset_url;         /* of what -o writes; borrowed, NULL: not known */
    size_t markdown_bytes;         /* at most, of the Markdown. Default 1,000,000 */
    const struct targets *targets; /* borrowed; may be NULL */
    const struct filter *filter;   /* of the summary; borrowed; may be NULL */
    struct outlier_options outliers;
    /* The second scan of outliers_plan() and regression_plan(); borrowed. NULL: whose the
     * outliers are is told roughly, from the summary. */
    const struct scan *scan;
    const struct scan *baseline_scan;     /* of a baseline file; the same */
    struct regression_options regression; /* what it borrows must outlive the report */
};

void report_options_init(struct report_options *options);

/* A picture that belongs to the report. */
struct report_chart {
    enum report_chart_kind {
        /* of one endpoint */
        REPORT_CHART_LATENCY,        /* percentiles, a line a version */
        REPORT_CHART_TIMELINE,       /* p50, p95 and p99 over time */
        REPORT_CHART_OUTLIERS,       /* a dot each, by whose they are */
        REPORT_CHART_PROFILE,        /* flame graph */
        REPORT_CHART_PROFILE_CHANGE, /* difference flame graph of two versions */
        REPORT_CHART_VERSIONS,       /* boxes, a row a version */
        REPORT_CHART_DENSITY,        /* a line a version */
        REPORT_CHART_ECDF,           /* a line a version */
        /* of a comparison */
        REPORT_CHART_FOREST, /* changes with intervals, a row an endpoint and quantile */
        /* of all */
        REPORT_CHART_ENDPOINTS,            /* boxes, a row an endpoint */
        REPORT_CHART_ENDPOINT_COURSES,     /* small multiples over time */
        REPORT_CHART_ENDPOINT_PERCENTILES, /* small multiples, two versions */
        REPORT_CHART_TRAFFIC,              /* requests and errors over time */
        REPORT_CHART_UTILISATION,          /* version × endpoint */
        REPORT_CHART_DAYS,                 /* hour × day */
        REPORT_CHART_WEEK,                 /* hour × day of the week */
        REPORT_CHART_GROUPS,               /* version × group, latency */
        REPORT_CHART_ADDRESSES,            /* version × address, latency */
        REPORT_CHART_KINDS
    } kind;
    size_t endpoint;   /* index into overview.endpoints, where it is about one */
    size_t comparison; /* index into regression.comparisons, where it is about one */
    char *name;        /* of the file, no suffix: safe anywhere, stable from run to run */
    char *title;       /* states the finding */
    unsigned points;   /* of a line at most; 0: as many as there is room for */
    bool written;      /* charts/NAME.svg, .png and @2x.png lie beside the report */
};

/* What a finding is about, in the order in which a page tells it. */
enum report_topic {
    REPORT_TOPIC_VERDICT, /* the newest version as a whole */
    REPORT_TOPIC_WORSE,
    REPORT_TOPIC_BETTER,
    REPORT_TOPIC_WHO,  /* is affected */
    REPORT_TOPIC_LOOK, /* what is worth a look */
    REPORT_TOPIC_ALL,  /* everything together: how much, how fast, when */
    REPORT_TOPICS
};

/* A sentence for the reader, with what it is about. */
struct report_note {
    enum report_note_kind {
        REPORT_NOTE_FINDING, /* first of all: what the data say */
        REPORT_NOTE_INPUT,   /* what was not read, lost, recovered */
        REPORT_NOTE_METHOD,  /* how to take a number: approximate, too few */
        REPORT_NOTE_NEXT     /* what to do next */
    } kind;
    bool warning; /* something is missing or wrong: printed so that it is seen */
    enum report_topic topic; /* of a finding */
    char *sentence;
};

/* Strings of names are borrowed from the summary and the input report, which must outlive
 * the report. */
struct report {
    struct report_options options;
    const struct summary *summary;
    const struct input_report *input;
    struct zone zone;
    struct overview overview;
    struct usage usage;
    struct activity activity;
    struct actor_latency group_latency, address_latency; /* rows as usage's */
    struct outliers outliers;
    struct profile profile;
    struct incidents incidents;
    struct change_points changes;
    struct target_results results; /* of options.targets */
    struct regression regression;
    size_t *order; /* overview.endpoints as sorted by options.sort */
    struct report_note *notes;
    size_t note_count, note_room;
    struct report_chart *charts;
    size_t chart_count, chart_room;
};

/* Computes everything. 0; -1 with *err when the time zone or a version that the options
 * name is not known. Release either way. */
int report_build(struct report *report, const struct summary *summary,
                 const struct input_report *input, const struct report_options *options,
                 struct err *err);
void report_release(struct report *report);
/* Keeps what the second scan said with the report's summary, which is about to be saved:
 * a report of the saved one then says the same. */
void report_keep_answers(const struct report *report, struct summary *summary);

/* Indices of the endpoints in an order. */
void report_sort_endpoints(size_t *order, const struct overview *overview,
                           enum report_sort sort);

/* How the terminal prints. */
struct terminal_style {
    unsigned width; /* columns; 0: 80 */
    bool colour;    /* a terminal, and neither NO_COLOR nor TERM=dumb */
    bool unicode;   /* the locale's codeset is UTF-8 */
};

/* Each printer writes all of it to out. 0; -1 with *err when writing failed. */
int report_terminal(const struct report *report, const struct terminal_style *style,
                    FILE *out, struct err *err);
int report_json(const struct report *report, FILE *out, struct err *err);
int report_markdown(const struct report *report, FILE *out, struct err *err);
int report_html(const struct report *report, FILE *out, struct err *err);
int report_junit(const struct report *report, FILE *out, struct err *err);
/* Only the call trees, for tools that draw them (stack_exports.c). */
int report_folded(const struct report *report, FILE *out, struct err *err);
int report_speedscope(const struct report *report, FILE *out, struct err *err);

/* The formats that go to a file or standard output by name; a NULL name ends it. */
struct report_format {
    const char *name;   /* as the command line takes it */
    const char *suffix; /* of its file: report.SUFFIX; NULL: never one of a directory */
    int (*print)(const struct report *report, FILE *out, struct err *err);
};
extern const struct report_format report_formats[];

/* Draws charts as DIRECTORY/NAME.svg, .png and @2x.png (the directory exists) and
 * marks them written. 0; -1 with *err. */
int report_charts(struct report *report, const char *directory, struct err *err);

/* Fails, before any work is done, where report_write_directory would refuse directory.
 * 0; -1 with *err, which names --force. */
int report_check_directory(const char *directory, bool force, struct err *err);

/* Writes report.json, .md, .html, .junit.xml and charts/ into directory (made if
 * missing), each file whole or not at all. A directory that holds anything else than an
 * earlier report is refused unless force; files of others are never removed. 0; -1 with
 * *err. */
int report_write_directory(struct report *report, const char *directory, bool force,
                           struct err *err);

#endif
