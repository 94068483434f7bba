/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "spans.h"

#include "src/base/mem.h"

#include <stdlib.h>
#include <string.h>

void spans_release(struct spans *spans)
{
    free(spans->at);
    *spans = (struct spans){0};
}

/* Index of the first range that ends at or after n. Looks at the last one first: in order
 * is the rule. */
static size_t first_reaching(const struct spans *spans, uint64_t n)
{
    size_t low = 0, high = spans->count;
    if (high && spans->at[high - 1].end < n)
        return high;
    if (high && (high == 1 || spans->at[high - 2].end < n))
        return high - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (spans->at[middle].end < n)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void spans_add(struct spans *spans, uint64_t first, uint64_t end)
{
    if (end <= first)
        return;
    size_t from = first_reaching(spans, first), to = from;
    while (to < spans->count && spans->at[to].first <= end)
        to++;
    if (to > from) { /* touches from .. to - 1: they become one */
        if (spans->at[from].first < first)
            first = spans->at[from].first;
        if (spans->at[to - 1].end > end)
            end = spans->at[to - 1].end;
    } else if (spans->count == spans->room) {
        spans->room = spans->room ? spans->room * 2 : 4;
        spans->at = mem_resize(spans->at, spans->room * sizeof(*spans->at));
    }
    memmove(spans->at + from + 1, spans->at + to,
            (spans->count - to) * sizeof(*spans->at));
    spans->count = spans->count - (to - from) + 1;
    spans->at[from] = (struct span){first, end};
}

uint64_t spans_covered(const struct spans *spans, uint64_t first, uint64_t end)
{
    uint64_t covered = 0;
    if (end <= first)
        return 0;
    for (size_t i = first_reaching(spans, first);
         i < spans->count && spans->at[i].first < end; i++) {
        uint64_t low = spans->at[i].first > first ? spans->at[i].first : first;
        uint64_t high = spans->at[i].end < end ? spans->at[i].end : end;
        if (high > low)
            covered += high - low;
    }
    return covered;
}

uint64_t spans_end_before(const struct spans *spans, uint64_t n)
{
    size_t i = first_reaching(spans, n);
    if (i < spans->count && spans->at[i].first < n)
        return spans->at[i].end;
    return i ? spans->at[i - 1].end : 0;
}

uint64_t spans_start_from(const struct spans *spans, uint64_t n)
{
    for (size_t i = first_reaching(spans, n); i < spans->count; i++)
        if (spans->at[i].first >= n)
            return spans->at[i].first;
    return UINT64_MAX;
}
