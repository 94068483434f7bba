/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "kept_answers.h"

#include <stdlib.h>

#include "inside.h"
#include "packing.h"
#include "src/base/mem.h"
#include "src/base/vec.h"

void kept_answers_release(struct kept_answers *answers)
{
    for (size_t i = 0; i < answers->count; i++)
        free(answers->all[i].bytes);
    free(answers->all);
    *answers = (struct kept_answers){0};
}

/* First that is not before the question. */
static size_t place_of(const struct kept_answers *answers, uint64_t question)
{
    size_t at = 0;
    while (at < answers->count && answers->all[at].question < question)
        at++;
    return at;
}

static void keep(struct kept_answers *answers, uint64_t question, struct name answer)
{
    size_t at = place_of(answers, question);
    if (at < answers->count && answers->all[at].question == question) {
        free(answers->all[at].bytes);
    } else {
        answers->all = vec_room(answers->all, &answers->room, answers->count + 1,
                                sizeof(*answers->all));
        vec_hole(answers->all, answers->count++, at, sizeof(*answers->all));
    }
    answers->all[at] = (struct kept_answer){
        question, mem_bytes(answer.bytes, answer.length), answer.length};
}

void kept_answers_copy(struct kept_answers *to, const struct kept_answers *from)
{
    for (size_t i = 0; i < from->count; i++)
        keep(to, from->all[i].question,
             (struct name){from->all[i].bytes, from->all[i].length});
}

void summary_keep_answer(struct summary *summary, uint64_t question, struct name answer)
{
    keep(&summary->answers, question, answer);
}

struct name summary_kept_answer(const struct summary *summary, uint64_t question)
{
    const struct kept_answers *answers = &summary->answers;
    size_t at = place_of(answers, question);
    if (at == answers->count || answers->all[at].question != question)
        return (struct name){NULL, 0};
    return (struct name){answers->all[at].bytes, answers->all[at].length};
}

void kept_answers_pack(const struct kept_answers *answers, struct str *out)
{
    pack_number(out, answers->count);
    for (size_t i = 0; i < answers->count; i++) {
        pack_fixed(out, answers->all[i].question);
        pack_name(out, (struct name){answers->all[i].bytes, answers->all[i].length});
    }
}

void kept_answers_unpack(struct kept_answers *into, struct unpacking *in)
{
    size_t count = unpack_count(in, SIZE_MAX);
    if (count == 0)
        unpack_fail(in);
    for (size_t i = 0; i < count && !in->bad; i++) {
        uint64_t question = unpack_fixed(in);
        struct name answer = unpack_name(in);
        if (in->bad || (i > 0 && question <= into->all[i - 1].question))
            unpack_fail(in);
        else
            keep(into, question, answer);
    }
    if (in->at != in->end)
        unpack_fail(in);
}
