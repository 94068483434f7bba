/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks of unequal grids fall into bins by a shift: see course.h. */
#include "course.h"

#include <math.h>

/* Fewer bins than so many are not made for the sake of their requests. */
enum { BINS_MIN = 12 };

struct about {
    const struct course_part *parts;
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

/* First and last bin at a shift that is not below any grid's, of blocks with requests. */
static struct layout layout_at(const struct about *about, unsigned shift)
{
    struct layout layout = {shift, INT64_MAX, INT64_MIN};
    for (size_t p = 0; p < about->count; p++) {
        const struct course_part *part = &about->parts[p];
        for (unsigned i = 0; i < part->grid->count; i++) {
            int64_t bin = bin_of(part->grid, i, shift);
            if (part->blocks[i].requests == 0)
                continue;
            layout.first = bin < layout.first ? bin : layout.first;
            layout.last = bin > layout.last ? bin : layout.last;
        }
    }
    return layout;
}

static unsigned least_shift(const struct about *about)
{
    unsigned shift = 0;
    for (size_t p = 0; p < about->count; p++)
        if (about->parts[p].grid->shift > shift)
            shift = about->parts[p].grid->shift;
    return shift;
}

static uint64_t requests_of(const struct about *about)
{
    uint64_t requests = 0;
    for (size_t p = 0; p < about->count; p++)
        for (unsigned i = 0; i < about->parts[p].grid->count; i++)
            requests += about->parts[p].blocks[i].requests;
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
    for (size_t p = 0; p < about->count; p++) {
        const struct course_part *part = &about->parts[p];
        for (unsigned i = 0; i < part->grid->count; i++)
            if (part->blocks[i].requests > 0)
                block_merge(&blocks[bin_of(part->grid, i, layout->shift) - layout->first],
                            &part->blocks[i]);
    }
}

/* First and last request, in seconds. */
static void ends_of(const struct about *about, double *from_s, double *to_s)
{
    *from_s = INFINITY;
    *to_s = -INFINITY;
    for (size_t p = 0; p < about->count; p++) {
        const struct course_part *part = &about->parts[p];
        if (part->first_utc_ns > part->last_utc_ns)
            continue;
        *from_s = fmin(*from_s, (double)part->first_utc_ns / 1e9);
        *to_s = fmax(*to_s, (double)part->last_utc_ns / 1e9);
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

struct course_part course_part_of_cell(const struct summary_cell *cell)
{
    bool any = cell->requests > 0;
    return (struct course_part){&cell->version->grid, cell->blocks,
                                any ? cell->first_utc_ns : INT64_MAX,
                                any ? cell->last_utc_ns : INT64_MIN};
}

struct course_part course_part_of_endpoint(const struct summary_endpoint *endpoint)
{
    struct course_part whole = {&endpoint->grid, endpoint->series, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < endpoint->cell_count; i++) {
        struct course_part cell = course_part_of_cell(endpoint->cells[i]);
        if (cell.first_utc_ns < whole.first_utc_ns)
            whole.first_utc_ns = cell.first_utc_ns;
        if (cell.last_utc_ns > whole.last_utc_ns)
            whole.last_utc_ns = cell.last_utc_ns;
    }
    return whole;
}

void course_build(struct course *course, const struct course_part *parts,
                  size_t part_count, size_t most, uint64_t good)
{
    struct about about = {parts, part_count};
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
