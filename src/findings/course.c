/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks of unequal grids fall into bins by a shift: see course.h. */
#include "course.h"

#include <math.h>

/* Fewer bins than so many are not made for the sake of their requests. */
enum { BINS_MIN = 12 };

struct about {
    const struct summary_endpoint *const *endpoints;
    size_t count;
};

/* Bin i covers UTC [first + i, first + i + 1) * (TIMEGRID_UNIT_NS << shift). */
struct layout {
    unsigned shift;
    int64_t first, last;
};

static int64_t bin_of(const struct timegrid *grid, unsigned i, unsigned shift)
{
    unsigned further = shift - grid->shift;
    return further > 62 ? -(grid->ids[i] < 0) : grid->ids[i] >> further;
}

/* First and last bin at a shift that is not below any grid's. */
static struct layout layout_at(const struct about *about, unsigned shift)
{
    struct layout layout = {shift, INT64_MAX, INT64_MIN};
    for (size_t e = 0; e < about->count; e++) {
        const struct timegrid *grid = &about->endpoints[e]->grid;
        if (grid->count == 0)
            continue;
        int64_t low = bin_of(grid, 0, shift), high = bin_of(grid, grid->count - 1, shift);
        layout.first = low < layout.first ? low : layout.first;
        layout.last = high > layout.last ? high : layout.last;
    }
    return layout;
}

static unsigned least_shift(const struct about *about)
{
    unsigned shift = 0;
    for (size_t e = 0; e < about->count; e++)
        if (about->endpoints[e]->grid.shift > shift)
            shift = about->endpoints[e]->grid.shift;
    return shift;
}

static uint64_t requests_of(const struct about *about)
{
    uint64_t requests = 0;
    for (size_t e = 0; e < about->count; e++)
        for (unsigned i = 0; i < about->endpoints[e]->grid.count; i++)
            requests += about->endpoints[e]->series[i].requests;
    return requests;
}

static struct layout lay_out(const struct about *about, uint64_t requests, size_t most,
                             uint64_t good)
{
    struct layout layout = layout_at(about, least_shift(about));
    while (layout.shift < TIMEGRID_SHIFT_MAX) {
        uint64_t wide = (uint64_t)(layout.last - layout.first) + 1;
        if (wide <= most && (requests / wide >= good || wide < 2 * BINS_MIN))
            break;
        layout = layout_at(about, layout.shift + 1);
    }
    return layout;
}

static void gather(const struct about *about, const struct layout *layout,
                   struct block *blocks)
{
    for (size_t e = 0; e < about->count; e++) {
        const struct summary_endpoint *endpoint = about->endpoints[e];
        for (unsigned i = 0; i < endpoint->grid.count; i++)
            block_merge(
                &blocks[bin_of(&endpoint->grid, i, layout->shift) - layout->first],
                &endpoint->series[i]);
    }
}

/* First and last request, in seconds. */
static void ends_of(const struct about *about, double *from_s, double *to_s)
{
    *from_s = INFINITY;
    *to_s = -INFINITY;
    for (size_t e = 0; e < about->count; e++)
        for (size_t c = 0; c < about->endpoints[e]->cell_count; c++) {
            const struct summary_cell *cell = about->endpoints[e]->cells[c];
            if (cell->requests == 0)
                continue;
            *from_s = fmin(*from_s, (double)cell->first_utc_ns / 1e9);
            *to_s = fmax(*to_s, (double)cell->last_utc_ns / 1e9);
        }
}

static double block_quantile_ns(const struct block *block, double p)
{
    bool enough = (double)block->requests * (1 - p) >= COURSE_BEYOND_MIN;
    return enough ? histogram_quantile_ns(&block->histogram, p) : NAN;
}

/* A bin that would be cut to nothing stays whole. */
static struct course_bin bin_from(const struct block *block, double begin_s,
                                  double length_s, double from_s, double to_s)
{
    struct course_bin bin = {.from_s = fmax(begin_s, from_s),
                             .to_s = fmin(begin_s + length_s, to_s),
                             .requests = block->requests,
                             .client_errors = block->client_errors,
                             .server_errors = block->server_errors,
                             .p50_ns = block_quantile_ns(block, .50),
                             .p95_ns = block_quantile_ns(block, .95),
                             .p99_ns = block_quantile_ns(block, .99)};
    if (!(bin.to_s - bin.from_s > length_s * .01)) {
        bin.from_s = begin_s;
        bin.to_s = begin_s + length_s;
    }
    return bin;
}

void course_build(struct course *course, const struct summary_endpoint *const *endpoints,
                  size_t endpoint_count, size_t most, uint64_t good)
{
    struct about about = {endpoints, endpoint_count};
    struct block blocks[COURSE_BINS_MAX];
    uint64_t requests = requests_of(&about);
    double from_s, to_s;

    *course = (struct course){.count = 0};
    if (requests == 0)
        return;
    struct layout layout = lay_out(&about, requests, most, good);
    course->count = (size_t)(layout.last - layout.first) + 1;
    course->length_s = ldexp((double)TIMEGRID_UNIT_NS / 1e9, (int)layout.shift);
    for (size_t i = 0; i < course->count; i++)
        block_init(&blocks[i]);
    gather(&about, &layout, blocks);
    ends_of(&about, &from_s, &to_s);
    for (size_t i = 0; i < course->count; i++) {
        double begin_s = (double)(layout.first + (int64_t)i) * course->length_s;
        course->bins[i] = bin_from(&blocks[i], begin_s, course->length_s, from_s, to_s);
        block_release(&blocks[i]);
    }
}
