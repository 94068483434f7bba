/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Time of the findings and of each printer for 200 endpoints × 10 versions × 20,000
 * groups and as many addresses, against two floors measured in the same run: one pass
 * over all histograms, and json_dumps() of the tree that the report prints. And the
 * memory that the summary takes, which is that of all requests however many there are.
 */
#include "report.h"

#include "src/base/err.h"
#include "src/findings/gsl_errors.h"
#include "src/findings/made_summary.h"
#include "src/input/input.h"

#include "src/summary/scan.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include <jansson.h>

enum { ENDPOINTS = 200, VERSIONS = 10, REQUESTS = 1000, GROUPS = 20000, ROUNDS = 3 };

static double cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static double peak_mb(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_maxrss / 1024;
}

/* The same ones each time. plan NULL: the first pass; else the second. */
static void make_requests(struct made *made, const struct scan_plan *plan)
{
    uint64_t seed = 1;
    char name[64];

    made_init(made);
    if (plan) {
        source_map_free(made->map);
        summary_free(made->summary);
        made->summary = summary_new_scanning(plan);
        made->map = source_map_new(made->summary, &(struct event_source){"web-1", "", 1});
    }
    for (uint32_t g = 1; g <= GROUPS; g++) {
        snprintf(name, sizeof(name), "customer %u", g);
        made_group(made, g, name);
        snprintf(name, sizeof(name), "2001:db8::%x", g);
        made_address(made, g, name);
    }
    for (uint32_t v = 0; v < VERSIONS; v++) {
        char version[16];
        snprintf(version, sizeof(version), "1.%u", v);
        for (uint32_t e = 0; e < ENDPOINTS; e++) {
            snprintf(name, sizeof(name), "GET /endpoint/%u/<int:id>", e);
            made_endpoint(made, 1 + v * ENDPOINTS + e, "shop", version, name);
            for (int64_t i = 0; i < REQUESTS; i++) {
                struct made_request request = {
                    .endpoint = 1 + v * ENDPOINTS + e,
                    .group = 1 + (uint32_t)(made_random(&seed) % GROUPS),
                    .address = 1 + (uint32_t)(made_random(&seed) % GROUPS),
                    .start_utc_ns = INT64_C(1700000000000000000) +
                                    (v * REQUESTS + i) * INT64_C(60000000000),
                    .duration_ns = made_latency_ns(&seed, 1e6 * (e + 1), .7)};
                request.first_byte_ns = request.view_ns = request.duration_ns / 2;
                made_add(made, &request);
            }
        }
    }
}

/* The least that any finding must do: look at every bucket of every cell once. */
static uint64_t walk_histograms(const struct summary *summary)
{
    struct summary_endpoint *const *endpoints;
    size_t count = summary_endpoints(summary, &endpoints);
    uint64_t total = 0;

    for (size_t e = 0; e < count; e++)
        for (size_t c = 0; c < endpoints[e]->cell_count; c++) {
            const struct summary_cell *cell = endpoints[e]->cells[c];
            total += histogram_total(&cell->histogram) +
                     histogram_total(&cell->first_byte) + histogram_total(&cell->view);
        }
    return total;
}

struct figure {
    const char *name;
    double best_ms;
};

static void keep_best(struct figure *figure, double begin_ms)
{
    double took_ms = cpu_ms() - begin_ms;

    if (figure->best_ms == 0 || took_ms < figure->best_ms)
        figure->best_ms = took_ms;
}

/* What the first pass asks the second. */
static void plan_again(const struct summary *summary, struct scan_plan *plan)
{
    struct outlier_options wanted;
    struct regression_options comparing;
    struct outliers outliers;
    struct regression regression;

    outlier_options_init(&wanted);
    regression_options_init(&comparing);
    outliers_build(&outliers, summary, &wanted);
    outliers_plan(&outliers, summary, plan);
    outliers_release(&outliers);
    if (regression_build(&regression, summary, &comparing, NULL) == 0)
        regression_plan(&regression, plan, plan);
    regression_release(&regression);
}

enum { WALK, PLAN, BUILD, DUMP, JSON, MARKDOWN, TERMINAL, FIGURES };

static void measure(struct figure *figures, const struct made *made,
                    const struct scan *scan, FILE *out)
{
    struct input_report input = {.files = 1};
    struct report_options options;
    struct terminal_style style = {.width = 200, .colour = true, .unicode = true};
    struct report report;
    struct err err = ERR_INIT;
    char *text = NULL;
    size_t size = 0;

    report_options_init(&options);
    options.top = 0;
    options.scan = scan;
    options.time_zone = "Europe/Amsterdam";
    double begin_ms = cpu_ms();
    if (walk_histograms(made->summary) == 0)
        abort();
    keep_best(&figures[WALK], begin_ms);
    struct scan_plan plan = {0};
    begin_ms = cpu_ms();
    plan_again(made->summary, &plan);
    keep_best(&figures[PLAN], begin_ms);
    scan_plan_release(&plan);
    begin_ms = cpu_ms();
    if (report_build(&report, made->summary, &input, &options, &err))
        abort();
    keep_best(&figures[BUILD], begin_ms);
    begin_ms = cpu_ms();
    report_json(&report, out, &err);
    keep_best(&figures[JSON], begin_ms);
    begin_ms = cpu_ms();
    report_markdown(&report, out, &err);
    keep_best(&figures[MARKDOWN], begin_ms);
    begin_ms = cpu_ms();
    report_terminal(&report, &style, out, &err);
    keep_best(&figures[TERMINAL], begin_ms);

    FILE *memory = open_memstream(&text, &size);
    report_json(&report, memory, &err);
    fclose(memory);
    json_t *tree = json_loads(text, 0, NULL);
    free(text);
    begin_ms = cpu_ms();
    text = json_dumps(tree, JSON_INDENT(1));
    keep_best(&figures[DUMP], begin_ms);
    free(text);
    json_decref(tree);
    report_release(&report);
}

int main(void)
{
    struct figure figures[FIGURES] = {
        [WALK] = {.name = "floor: one pass over all histograms"},
        [PLAN] = {.name = "what to ask the second pass"},
        [BUILD] = {.name = "all findings (report_build)"},
        [DUMP] = {.name = "floor: json_dumps of the same tree"},
        [JSON] = {.name = "report_json"},
        [MARKDOWN] = {.name = "report_markdown"},
        [TERMINAL] = {.name = "report_terminal"},
    };
    struct made made, again;
    struct scan_plan plan = {0};
    FILE *out = fopen("/dev/null", "w");

    gsl_errors_become_statuses();
    make_requests(&made, NULL);
    double summary_mb = peak_mb();
    plan_again(made.summary, &plan);
    make_requests(&again, &plan);
    for (int round = 0; round < ROUNDS; round++)
        measure(figures, &made, summary_scan(again.summary), out);
    printf("report: %d endpoints × %d versions × %d groups, CPU ms, best of %d\n",
           ENDPOINTS, VERSIONS, GROUPS, ROUNDS);
    for (int i = 0; i < FIGURES; i++)
        printf("  %-38s %8.1f  %6.2f × floor\n", figures[i].name, figures[i].best_ms,
               figures[i].best_ms / figures[i < DUMP ? WALK : DUMP].best_ms);
    printf(
        "  findings together %.0f ms (aim 2000); peak memory %.0f MB, of it the summary "
        "%.0f (aim 512)\n",
        figures[PLAN].best_ms + figures[BUILD].best_ms, peak_mb(), summary_mb);
    fclose(out);
    made_release(&again);
    scan_plan_release(&plan);
    made_release(&made);
    return 0;
}
