/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What only the requests themselves could answer, kept with their summary: findings ask
 * a second scan, and whoever saves the summary keeps what it said, so that a report of
 * the saved summary says the same. Opaque bytes by a hash of the question. Some dozen
 * kB at most.
 */
#ifndef SUMMARY_KEPT_ANSWERS_H
#define SUMMARY_KEPT_ANSWERS_H

#include "summary.h"

struct str;
struct unpacking;

/* By question, ascending. */
struct kept_answers {
    struct kept_answer {
        uint64_t question;
        char *bytes;
        size_t length;
    } * all;
    size_t count, room;
};

/* Keeps a copy; another answer to the same question goes. Other requests that are added
 * or merged to the summary make it forget all answers. */
void summary_keep_answer(struct summary *summary, uint64_t question, struct name answer);
/* bytes NULL where there is none. Borrowed. */
struct name summary_kept_answer(const struct summary *summary, uint64_t question);

/* Inside of the folder. */
void kept_answers_release(struct kept_answers *answers);
void kept_answers_copy(struct kept_answers *to, const struct kept_answers *from);
void kept_answers_pack(const struct kept_answers *answers, struct str *out);
/* into: empty. in->bad when it is wrong. */
void kept_answers_unpack(struct kept_answers *into, struct unpacking *in);

#endif
