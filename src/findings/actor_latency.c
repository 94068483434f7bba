/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "actor_latency.h"

#include <math.h>
#include <stdlib.h>

#include "src/base/mem.h"

struct quantile actor_latency_quantile(const struct actor_version *cell, double p)
{
    if (!cell->has_quantiles)
        return (struct quantile){.known = false, .value_ns = NAN};
    return quantile_of(&cell->histogram, p, 0, HISTOGRAM_MAX_NS);
}

static void fill(struct actor_version *cell, struct summary_value *value)
{
    *cell = (struct actor_version){
        .requests = value->requests,
        .requests_error = value->requests_error,
        .server_errors = value->server_errors,
        .mean_ns =
            value->requests ? (double)value->sum_ns / (double)value->requests : NAN,
        .has_quantiles = summary_value_is_whole(value),
        .histogram = value->histogram};
    for (size_t i = 0; i < QUANTILES; i++)
        cell->quantiles[i] = actor_latency_quantile(cell, quantile_shares[i]);
}

void actor_latency_build(struct actor_latency *latency, const struct summary *summary,
                         enum summary_dimension dimension,
                         const struct usage_actors *actors,
                         const struct overview *overview)
{
    *latency = (struct actor_latency){.row_count = actors->count,
                                      .column_count = overview->version_count};
    latency->cells =
        mem_array(latency->row_count * latency->column_count, sizeof(*latency->cells));
    for (size_t row = 0; row < latency->row_count; row++)
        for (size_t column = 0; column < latency->column_count; column++) {
            struct actor_version *cell =
                &latency->cells[row * latency->column_count + column];
            struct summary_value value;
            cell->mean_ns = NAN;
            if (summary_value_in(summary, dimension, overview->versions[column].source,
                                 actors->rows[row].name, &value))
                fill(cell, &value);
        }
}

void actor_latency_release(struct actor_latency *latency)
{
    for (size_t i = 0; i < latency->row_count * latency->column_count; i++)
        histogram_release(&latency->cells[i].histogram);
    free(latency->cells);
    *latency = (struct actor_latency){0};
}

const struct actor_version *actor_latency_at(const struct actor_latency *latency,
                                             size_t row, size_t column)
{
    return &latency->cells[row * latency->column_count + column];
}
