/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether the figures of a loaded summary agree with each other as counted ones do, so
 * that findings need not doubt what they divide by. Only what holds of every summary,
 * also of those that old versions saved.
 */
#include "saved_form.h"

/* Nobody has counted more; sums of such do not overflow. */
#define REQUESTS_MOST (UINT64_C(1) << 48)
/* Requests up to which sums of logarithms do not wrap (timegrid.h). */
#define LOG2_REQUESTS_MOST UINT64_C(100000000000)
#define LOG2_MOST (UINT64_C(47) * SUM_LOG2_UNIT)

/* Every request is in a bucket, unless a count has come to its end. */
static bool holds(const struct histogram *histogram, uint64_t requests)
{
    uint64_t total = histogram_total(histogram);
    if (total >= requests)
        return total == requests;
    unsigned begin = histogram_begin(histogram), end = histogram_end(histogram);
    for (unsigned i = begin; i < end; i++)
        if (histogram->counts[i - begin] == UINT32_MAX)
            return true;
    return false;
}

bool block_agrees(const struct block *block)
{
    uint64_t requests = block->requests;
    return requests <= REQUESTS_MOST && block->client_errors <= requests &&
           block->server_errors <= requests && holds(&block->histogram, requests) &&
           (requests > LOG2_REQUESTS_MOST ||
            (block->sum_log2 >= 0 && (uint64_t)block->sum_log2 <= requests * LOG2_MOST));
}

static bool part_agrees(const struct histogram *part, const struct summary_cell *cell)
{
    return histogram_total(part) <= cell->requests;
}

static bool calendar_agrees(const struct summary *summary,
                            const struct summary_cell *cell)
{
    for (size_t i = 0; i < cell->calendar.count; i++)
        for (uint32_t k = 0; k < CALENDAR_DAY_S / summary->slot_s; k++) {
            const struct calendar_slot *slot = &cell->calendar.days[i].slots[k];
            if (slot->errors > slot->requests || slot->requests > cell->requests)
                return false;
        }
    return true;
}

static bool statuses_agree(const struct summary_cell *cell)
{
    uint64_t left = cell->requests;
    for (size_t i = 0; i < cell->status_count; i++) {
        if (cell->statuses[i].requests > left)
            return false;
        left -= cell->statuses[i].requests;
    }
    return left == 0;
}

/* The mean of squares is at least the square of the mean, and at most that of max. */
static bool sums_agree(const struct summary_cell *cell)
{
    uint64_t n = cell->requests;
    if (cell->min_ns > cell->max_ns || cell->max_ns > HISTOGRAM_MAX_NS ||
        cell->sum_ns < (uint128_t)cell->min_ns * n ||
        cell->sum_ns > (uint128_t)cell->max_ns * n)
        return false;
    uint64_t mean = (uint64_t)(cell->sum_ns / n);
    uint128_t squares = cell->sum_squares_ns / n;
    return squares >= (uint128_t)mean * mean &&
           squares <= (uint128_t)cell->max_ns * cell->max_ns;
}

bool cell_agrees(const struct summary *summary, const struct summary_cell *cell)
{
    uint64_t n = cell->requests;
    bool right = n > 0 && n <= REQUESTS_MOST && cell->client_errors <= n &&
                 cell->server_errors <= n && cell->aborted <= n &&
                 cell->exceptions <= n && cell->clamped <= n &&
                 cell->first_utc_ns <= cell->last_utc_ns && holds(&cell->histogram, n) &&
                 part_agrees(&cell->first_byte, cell) && part_agrees(&cell->view, cell) &&
                 cell->slow->kept_count <= n && cell->slow->shared_count <= n;
    for (int i = 0; right && i < SUMMARY_HOURS; i++)
        right = part_agrees(&cell->hours[i], cell);
    for (int i = 0; right && cell->strata && i < SUMMARY_STRATA; i++)
        right = part_agrees(&cell->strata[i], cell);
    return right && sums_agree(cell) && statuses_agree(cell) &&
           calendar_agrees(summary, cell);
}

bool value_agrees(const struct tally_entry *entry, const struct histogram *histogram)
{
    return entry->requests > 0 && entry->requests <= REQUESTS_MOST &&
           entry->errors <= entry->requests &&
           histogram_total(histogram) <= entry->requests;
}
