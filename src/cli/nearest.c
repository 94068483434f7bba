/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which option was meant by a mistyped one. Names are short and few; nothing is hot. */
#include <string.h>

#include "options.h"

#define NAME_BYTES_MAX 64

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance; rows i-2, i-1 and i of the usual table. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][NAME_BYTES_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b_length; j++)
        before[j] = last[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t replaced = last[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = least(replaced, least(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = least(now[j], before[j - 2] + 1);
        }
        size_t *reused = before;
        before = last;
        last = now;
        now = reused;
    }
    return last[b_length];
}

const char *cli_nearest(const char *mistyped, const char *const *names, size_t name_count)
{
    const char *best = NULL;
    size_t best_distance = 0, typed = strlen(mistyped);
    if (typed > NAME_BYTES_MAX)
        return NULL;
    for (size_t i = 0; i < name_count; i++) {
        size_t length = strlen(names[i]);
        if (length > NAME_BYTES_MAX)
            continue;
        size_t d = distance(mistyped, typed, names[i], length);
        if (d * 3 <= length && (!best || d < best_distance)) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}
