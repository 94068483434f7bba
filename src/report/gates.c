/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "gates.h"

#include "verdicts.h"

#include "src/base/err.h"

#include <stdlib.h>

/* The first endpoint with a verdict, by latency and errors or by errors alone; NULL. */
static const struct regression_endpoint *
first_with(const struct regression_comparison *comparison,
           enum regression_verdict verdict, bool errors, enum regression_metric *metric)
{
    for (size_t i = 0; i < comparison->endpoint_count; i++) {
        const struct regression_endpoint *endpoint = &comparison->endpoints[i];
        *metric = endpoint->telling;
        if (!errors && endpoint->verdict == verdict)
            return endpoint;
        for (unsigned m = REGRESSION_LATENCIES; errors && m < REGRESSION_METRICS; m++) {
            *metric = (enum regression_metric)m;
            if (endpoint->findings[m].verdict == verdict)
                return endpoint;
        }
    }
    return NULL;
}

static int fail_by_endpoint(const struct report *report, const char *gate,
                            enum regression_verdict verdict, bool errors, struct err *err)
{
    for (size_t c = 0; c < report->regression.comparison_count; c++) {
        const struct regression_comparison *comparison =
            &report->regression.comparisons[c];
        enum regression_metric metric;
        const struct regression_endpoint *endpoint =
            first_with(comparison, verdict, errors, &metric);
        if (!endpoint)
            continue;
        char *sentence = verdict_sentence(report, comparison, endpoint, metric);
        err_set(err, ERR_GATE, "--fail-on %s: %s", gate, sentence);
        free(sentence);
        return -1;
    }
    return 0;
}

static int fail_by_global(const struct report *report, const char *gate, struct err *err)
{
    for (size_t c = 0; c < report->regression.comparison_count; c++) {
        const struct regression_comparison *comparison =
            &report->regression.comparisons[c];
        for (unsigned m = 0; m < REGRESSION_LATENCIES; m++) {
            if (comparison->global[m].verdict != REGRESSION_REGRESSED)
                continue;
            char *sentence = verdict_global(report, comparison);
            err_set(err, ERR_GATE, "--fail-on %s: %s", gate, sentence ? sentence : "");
            free(sentence);
            return -1;
        }
    }
    return 0;
}

const char *gate_blind(const struct report *report)
{
    const struct regression *regression = &report->regression;
    size_t told = 0;

    if (regression->comparison_count == 0)
        return "there is nothing to compare; record two versions, or name a --baseline";
    for (unsigned v = 0; v < REGRESSION_VERDICTS; v++)
        told += v == REGRESSION_INSUFFICIENT ? 0 : regression->verdicts[v];
    if (told == 0)
        return "no endpoint has enough requests on both sides to compare; record for "
               "longer, or more runs";
    return NULL;
}

int gate_judge(const struct report *report, enum report_gate gate, struct err *err)
{
    if (gate == GATE_ERROR_RATE)
        return fail_by_endpoint(report, "error-rate", REGRESSION_REGRESSED, true, err);
    const char *name = gate == GATE_REGRESSED ? "regressed" : "inconclusive";
    if (fail_by_endpoint(report, name, REGRESSION_REGRESSED, false, err) != 0 ||
        fail_by_global(report, name, err) != 0)
        return -1;
    if (gate == GATE_REGRESSED)
        return 0;
    if (gate_blind(report))
        return err_set(err, ERR_GATE, "--fail-on inconclusive: %s", gate_blind(report));
    return fail_by_endpoint(report, name, REGRESSION_INCONCLUSIVE, false, err);
}
