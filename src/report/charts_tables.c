/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Charts with a row for each of many things: what changed between versions, and versions
 * against endpoints, groups and addresses.
 */
#include "chart_parts.h"

#include "format.h"
#include "label.h"
#include "verdicts.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include "plots/charts/forest.h"
#include "plots/charts/matrix.h"

#include <math.h>
#include <stdlib.h>

/* --- what changed --- */

static enum forest_verdict verdict_of(enum regression_verdict verdict)
{
    return verdict == REGRESSION_REGRESSED  ? FOREST_WORSE
           : verdict == REGRESSION_IMPROVED ? FOREST_BETTER
           : verdict == REGRESSION_OK       ? FOREST_SAME
                                            : FOREST_UNCLEAR;
}

/* Endpoints that did not change are drawn up to so many, for comparison. */
enum { UNCHANGED_DRAWN = 12 };

static uint64_t requests_of(const struct regression_endpoint *endpoint)
{
    return endpoint->findings[0].newer.requests + endpoint->findings[0].older.requests;
}

static bool is_unchanged(const struct regression_endpoint *endpoint)
{
    return endpoint->verdict == REGRESSION_INCONCLUSIVE ||
           endpoint->verdict == REGRESSION_OK;
}

/* Endpoints in the order of the picture: what changed first, then those of the rest that
 * have most requests. Returns how many. */
static size_t order_of(const struct regression_comparison *comparison, size_t *indices)
{
    size_t changed = verdict_order(comparison, indices), count = changed;

    for (size_t i = 0; i < comparison->endpoint_count; i++) {
        uint64_t requests = requests_of(&comparison->endpoints[i]);
        size_t at = count;
        if (!is_unchanged(&comparison->endpoints[i]))
            continue;
        while (at > changed &&
               requests_of(&comparison->endpoints[indices[at - 1]]) < requests)
            at--;
        if (at - changed >= UNCHANGED_DRAWN)
            continue;
        count += count - changed < UNCHANGED_DRAWN;
        for (size_t k = count - 1; k > at; k--)
            indices[k] = indices[k - 1];
        indices[at] = i;
    }
    return count;
}

static struct forest_row row_of(const struct regression_endpoint *endpoint, size_t metric,
                                const char *name)
{
    const struct regression_finding *finding = &endpoint->findings[metric];

    return (struct forest_row){.name = name,
                               .metric = regression_metric_names[metric],
                               .ratio = finding->ratio.value,
                               .low = finding->ratio.low,
                               .high = finding->ratio.high,
                               .verdict = verdict_of(finding->verdict),
                               .older = finding->older.requests,
                               .newer = finding->newer.requests};
}

/* Quantiles that could be asked; counts in *left_out those that could not. */
static size_t fill_rows(struct forest_row *rows, char **names,
                        const struct report *report,
                        const struct regression_comparison *comparison,
                        const size_t *order, size_t count, size_t *left_out)
{
    size_t filled = 0;

    *left_out = 0;
    for (size_t i = 0; i < count; i++) {
        const struct regression_endpoint *endpoint = &comparison->endpoints[order[i]];
        struct endpoint named = {.application = endpoint->application,
                                 .name = endpoint->name};
        names[i] = label_of_endpoint(report, &named);
        for (size_t metric = 0; metric < REGRESSION_LATENCIES; metric++)
            if (endpoint->findings[metric].verdict == REGRESSION_INSUFFICIENT)
                ++*left_out;
            else
                rows[filled++] = row_of(endpoint, metric, names[i]);
    }
    return filled;
}

static void add_part(struct str *rest, size_t count, const char *what, const char *why)
{
    if (count > 0)
        str_addf(rest, "%s%zu %s%s%s", rest->length ? ", " : "Not shown: ", count, what,
                 count == 1 ? "" : "s", why);
}

/* "Not shown: 20 endpoints without a change, 2 endpoints and 3 quantiles with too few
 * requests." The caller frees. */
static char *what_is_left_out(const struct regression_comparison *comparison,
                              const size_t *drawn, size_t count, size_t quantiles)
{
    size_t unchanged = 0, unasked = 0;
    struct str rest;

    for (size_t i = 0; i < comparison->endpoint_count; i++) {
        unchanged += is_unchanged(&comparison->endpoints[i]);
        unasked += comparison->endpoints[i].verdict == REGRESSION_INSUFFICIENT;
    }
    for (size_t i = 0; i < count; i++)
        unchanged -= is_unchanged(&comparison->endpoints[drawn[i]]);
    str_init(&rest);
    add_part(&rest, unchanged, "endpoint", " the same or not clear");
    add_part(&rest, unasked, "endpoint", " with too few requests");
    add_part(&rest, quantiles, "quantile", " with too few");
    if (rest.length > 0)
        str_add_byte(&rest, '.');
    return str_take(&rest);
}

int chart_draw_forest(const struct report *report, const struct report_chart *chart,
                      const struct theme *theme, struct scene *scene, const char **why)
{
    const struct regression_comparison *comparison =
        &report->regression.comparisons[chart->comparison];
    size_t *order = mem_array(comparison->endpoint_count, sizeof(*order));
    size_t count = order_of(comparison, order);
    struct forest_row *rows = mem_array(count * REGRESSION_LATENCIES, sizeof(*rows));
    char **names = mem_array(count, sizeof(*names));
    size_t left_out;

    size_t row_count =
        fill_rows(rows, names, report, comparison, order, count, &left_out);
    char *rest = what_is_left_out(comparison, order, count, left_out);
    struct forest_data data = {.title = chart->title,
                               .subtitle = "Latency of each endpoint, newer against "
                                           "older, what all endpoints share taken off",
                               .rows = rows,
                               .row_count = row_count,
                               .least = report->regression.min_effect,
                               .least_ns = report->regression.min_effect_ns,
                               .rest = rest};
    if (!comparison->common_mode)
        data.subtitle = "Latency of each endpoint, newer against older";
    int result = chart_forest(&data, theme, scene, why);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    free(rest);
    free(rows);
    free(order);
    return result;
}

/* --- versions against ... --- */

/* Names are owned. */
struct matrix {
    size_t rows, columns;
    char **names; /* rows, then columns */
    double *amounts;
    uint64_t *requests, *totals;
};

static void matrix_init(struct matrix *matrix, const struct report *report, size_t rows)
{
    size_t columns = report->overview.version_count;

    *matrix = (struct matrix){.rows = rows,
                              .columns = columns,
                              .names = mem_array(rows + columns, sizeof(char *)),
                              .amounts = mem_array(rows * columns, sizeof(double)),
                              .requests = mem_array(rows * columns, sizeof(uint64_t)),
                              .totals = mem_array(rows, sizeof(uint64_t))};
    for (size_t v = 0; v < columns; v++)
        matrix->names[rows + v] = label_of_version(report, v);
    for (size_t i = 0; i < rows * columns; i++)
        matrix->amounts[i] = NAN;
}

static void matrix_release(struct matrix *matrix)
{
    for (size_t i = 0; i < matrix->rows + matrix->columns; i++)
        free(matrix->names[i]);
    free(matrix->names);
    free(matrix->amounts);
    free(matrix->requests);
    free(matrix->totals);
}

static struct matrix_data data_of(const struct matrix *matrix)
{
    return (struct matrix_data){.column_what = "versions",
                                .rows = (const char *const *)matrix->names,
                                .columns =
                                    (const char *const *)(matrix->names + matrix->rows),
                                .row_count = matrix->rows,
                                .column_count = matrix->columns,
                                .amounts = matrix->amounts,
                                .requests = matrix->requests,
                                .row_total = matrix->totals};
}

/* Shares of a version's requests, so that versions of an hour and of a month compare. */
int chart_draw_utilisation(const struct report *report, const struct report_chart *chart,
                           const struct theme *theme, struct scene *scene,
                           const char **why)
{
    const struct overview *overview = &report->overview;
    size_t *order = mem_array(overview->endpoint_count, sizeof(*order));
    struct matrix matrix;

    report_sort_endpoints(order, overview, REPORT_SORT_REQUESTS);
    matrix_init(&matrix, report, overview->endpoint_count);
    for (size_t row = 0; row < matrix.rows; row++) {
        const struct endpoint *endpoint = &overview->endpoints[order[row]];
        matrix.names[row] = label_of_endpoint(report, endpoint);
        matrix.totals[row] = endpoint->all.requests;
        for (size_t v = 0; v < endpoint->version_count; v++) {
            size_t at = row * matrix.columns + endpoint->versions[v].version;
            matrix.amounts[at] = endpoint->versions[v].distribution.share;
            matrix.requests[at] = endpoint->versions[v].distribution.requests;
        }
    }
    struct matrix_data data = data_of(&matrix);
    data.title = chart->title;
    data.subtitle = "Utilisation of endpoints by version, the newest at the right";
    data.unit = MATRIX_SHARE;
    data.what = "share of the version's requests";
    data.row_what = "endpoints";
    int result = chart_matrix(&data, theme, scene, why);
    matrix_release(&matrix);
    free(order);
    return result;
}

/* Rows of the most active that are worth drawing. */
enum { ACTORS_DRAWN = 20 };

static bool is_known(const struct actor_version *cell, size_t quantile)
{
    return cell->has_quantiles && cell->quantiles[quantile].known;
}

/* p95, or the median where less than half of the cells have requests enough for a p95. */
static size_t best_known(const struct report *report, const struct actor_latency *latency,
                         size_t rows)
{
    size_t known = 0, cells = 0;

    for (size_t row = 0; row < rows; row++)
        for (size_t v = 0; v < report->overview.version_count; v++) {
            const struct actor_version *cell = actor_latency_at(latency, row, v);
            cells += is_known(cell, QUANTILE_50);
            known += is_known(cell, QUANTILE_95);
        }
    return 2 * known >= cells ? QUANTILE_95 : QUANTILE_50;
}

static int draw_actors(const struct report *report, struct matrix_data *look,
                       const struct usage_actors *actors,
                       const struct actor_latency *latency, const struct theme *theme,
                       struct scene *scene, const char **why)
{
    struct matrix matrix;
    size_t rows = latency->row_count < ACTORS_DRAWN ? latency->row_count : ACTORS_DRAWN;
    size_t quantile = best_known(report, latency, rows);

    matrix_init(&matrix, report, rows);
    for (size_t row = 0; row < rows; row++) {
        matrix.names[row] = label_of_name(&actors->rows[row].name, "(no name)");
        matrix.totals[row] = actors->rows[row].requests;
        for (size_t v = 0; v < matrix.columns; v++) {
            const struct actor_version *cell = actor_latency_at(latency, row, v);
            size_t at = row * matrix.columns + v;
            matrix.requests[at] = cell->requests;
            if (is_known(cell, quantile))
                matrix.amounts[at] = cell->quantiles[quantile].value_ns;
        }
    }
    struct matrix_data data = data_of(&matrix);
    data.title = look->title;
    data.subtitle = look->subtitle;
    data.unit = MATRIX_LATENCY;
    data.what = quantile_names[quantile];
    data.row_what = look->row_what;
    int result = chart_matrix(&data, theme, scene, why);
    matrix_release(&matrix);
    return result;
}

int chart_draw_groups(const struct report *report, const struct report_chart *chart,
                      const struct theme *theme, struct scene *scene, const char **why)
{
    struct matrix_data look = {.title = chart->title,
                               .subtitle = "Latency of the most active groups by "
                                           "version, all endpoints",
                               .row_what = "groups"};

    return draw_actors(report, &look, &report->usage.groups, &report->group_latency,
                       theme, scene, why);
}

int chart_draw_addresses(const struct report *report, const struct report_chart *chart,
                         const struct theme *theme, struct scene *scene, const char **why)
{
    struct matrix_data look = {.title = chart->title,
                               .subtitle = "Latency of the most active addresses by "
                                           "version, all endpoints",
                               .row_what = "addresses"};

    return draw_actors(report, &look, &report->usage.addresses, &report->address_latency,
                       theme, scene, why);
}

/* --- titles --- */

/* "GET /cart is asked for most: 40.1 % of the requests". */
char *chart_utilisation_title(const struct report *report)
{
    const struct overview *overview = &report->overview;
    size_t *order = mem_array(overview->endpoint_count, sizeof(*order));
    struct str title;

    report_sort_endpoints(order, overview, REPORT_SORT_REQUESTS);
    const struct endpoint *most = &overview->endpoints[order[0]];
    char *label = label_of_endpoint(report, most);
    str_init(&title);
    str_addf(&title, "%s is asked for most: %s of the requests", label,
             format_percent(most->all.share).s);
    free(label);
    free(order);
    return str_take(&title);
}

/* "The most active group, 4711, made 12 % of the requests, which took 31 ms on average".
 */
char *chart_actors_title(const struct report *report, const struct usage_actors *actors)
{
    const struct usage_actor *most = &actors->rows[0];
    char *label = label_of_name(&most->name, "(no name)");
    struct str title;

    str_init(&title);
    str_addf(&title,
             "The most active %s, %s, made %s of the requests, which took %s on average",
             actors == &report->usage.groups ? "group" : "address", label,
             format_percent(most->share).s, format_duration(most->mean_ns).s);
    free(label);
    return str_take(&title);
}
