/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For tests: two summaries are the same when they save to the same bytes. */
#ifndef SUMMARY_SAVED_BYTES_H
#define SUMMARY_SAVED_BYTES_H

#include "testdata/cmocka_tests.h"

#include "src/base/str.h"
#include "summary.h"

/* Release it. */
static inline struct str saved(const struct summary *summary)
{
    struct str bytes;
    str_init(&bytes);
    summary_save(summary, &bytes);
    return bytes;
}

static inline void assert_saves_the_same(const struct summary *a, const struct summary *b)
{
    struct str x = saved(a), y = saved(b);
    assert_int_equal(x.length, y.length);
    assert_memory_equal(x.bytes, y.bytes, x.length);
    str_release(&x);
    str_release(&y);
}

#endif
