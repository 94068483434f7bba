/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What makes a CI job fail: one sentence that says why, from what the report found. */
#ifndef REPORT_GATES_H
#define REPORT_GATES_H

#include "report.h"

enum report_gate {
    GATE_REGRESSED,    /* something got worse: an endpoint, or all together */
    GATE_INCONCLUSIVE, /* the same, or it cannot be told, or nothing was compared */
    GATE_ERROR_RATE    /* some endpoint answers more errors */
};

/* 0; -1 with *err (ERR_GATE). */
int gate_judge(const struct report *report, enum report_gate gate, struct err *err);
/* Why no change could have been found, whatever there is: a sentence for who asks for a
 * gate on changes, or NULL. */
const char *gate_blind(const struct report *report);

#endif
