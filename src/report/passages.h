/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the parts of an outline are put together from; for outline*.c only.
 */
#ifndef REPORT_PASSAGES_H
#define REPORT_PASSAGES_H

#include "format.h"
#include "outline.h"

/* In a page: the heading of a part, above other headings. */
void outline_part(struct outline *outline, char *text);
/* A heading which in a page is that of a part. */
void outline_heading(struct outline *outline, char *text);
/* Appends; text is taken. The result is valid until the next one. */
struct passage *outline_add(struct outline *outline, enum passage_kind kind, char *text);
struct table *outline_table(struct outline *outline, char *heading,
                            const struct table_column *columns, size_t count);
/* The same, folded away in Markdown and left out in the terminal. */
struct table *outline_detail(struct outline *outline, char *heading,
                             const struct table_column *columns, size_t count);
/* The table that was added last has the numbers of a kind of chart. */
void outline_numbers_of(struct outline *outline, enum report_chart_kind kind);
/* In a page the table that was added last has no heading of its own: its part has. */
void outline_untitled(struct outline *outline);
/* In a page: all charts of a kind, here. */
void outline_charts(struct outline *outline, const struct report *report,
                    enum report_chart_kind kind);
/* Says what a table leaves out, if anything. */
void outline_rest(struct outline *outline, size_t count, size_t shown, const char *what);
/* How many of count rows options.top lets through. */
size_t outline_rows(const struct report *report, size_t count);
/* A new text. */
char *outline_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* NULL: it has no requests, so that a page has no section of it. */
const struct endpoint *outline_endpoint_named(const struct report *report,
                                              struct name application, struct name name);
/* Whether a part about one endpoint, or (NULL) about all those that have no section of
 * their own in this outline, tells of this one. */
bool outline_tells_of(const struct outline *outline, const struct report *report,
                      const struct endpoint *only, struct name application,
                      struct name name);
/* A cell that names an endpoint: in a page it leads to its section. */
void table_add_endpoint(struct table *table, const struct outline *outline,
                        const struct report *report, struct name application,
                        struct name name);
void table_add_count(struct table *table, uint64_t count);
/* count of so many in percent; nothing stands back, something has a tone. */
void table_add_share(struct table *table, uint64_t count, uint64_t of, enum tone tone);
/* The course of an endpoint's p95 (NULL: of none) as little bars; in a page that draws,
 * as a picture. */
void table_add_p95_course(struct table *table, const struct outline *outline,
                          const struct report *report, const struct endpoint *endpoint);
/* Any values over time, which are taken; NULL: an empty cell. */
void table_add_series_take(struct table *table, const struct outline *outline,
                           const struct report *report, double *series, size_t count,
                           struct text (*format)(double value));
struct text text_of_target_value(const struct target_result *result);
struct text text_of_quantile(const struct quantile *quantile);
/* Of a count that may be an estimate. */
struct text text_of_distinct(double count, bool exact);

/* The URL's path of a request's context, without headers; the caller frees. */
char *path_of_context(struct name context);

/* All notes of a kind, as passages of a kind. */
void outline_notes(struct outline *outline, const struct report *report,
                   enum report_note_kind kind, bool warning, enum passage_kind as);

/* The parts. */
void outline_verdicts(struct outline *outline, const struct report *report);
void outline_endpoints(struct outline *outline, const struct report *report);
/* What comes beside requests. */
void outline_profile(struct outline *outline, const struct report *report);
/* Exceptions, and requests that never finished: of one endpoint, or of all (NULL). */
void outline_incidents(struct outline *outline, const struct report *report,
                       const struct endpoint *only);
/* Processor time of requests at level 2 and above: of one endpoint, or NULL. */
void outline_processor_time(struct outline *outline, const struct report *report,
                            const struct endpoint *only);
void outline_details(struct outline *outline, const struct report *report);
/* Of one endpoint, in its section of a page. */
void outline_endpoint_versions(struct outline *outline, const struct report *report,
                               const struct endpoint *endpoint);
void outline_endpoint_outliers(struct outline *outline, const struct report *report,
                               const struct endpoint *endpoint);
/* Where its requests were once beyond their threshold. */
void outline_endpoint_stuck(struct outline *outline, const struct report *report,
                            const struct endpoint *endpoint);
void outline_endpoint_profile(struct outline *outline, const struct report *report,
                              const struct endpoint *endpoint);
void outline_outliers(struct outline *outline, const struct report *report);
void outline_targets(struct outline *outline, const struct report *report);
void outline_activity(struct outline *outline, const struct report *report);
void outline_actors(struct outline *outline, const struct report *report);
void outline_usage(struct outline *outline, const struct report *report);
void outline_input(struct outline *outline, const struct report *report);

#endif
