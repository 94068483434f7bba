/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "note_list.h"

#include "src/base/mem.h"
#include "src/base/vec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void note_add_take(struct report *report, enum report_note_kind kind, bool warning,
                   char *sentence)
{
    report->notes = vec_room(report->notes, &report->note_room, report->note_count + 1,
                             sizeof(*report->notes));
    report->notes[report->note_count++] = (struct report_note){.kind = kind,
                                                               .warning = warning,
                                                               .topic = REPORT_TOPIC_ALL,
                                                               .sentence = sentence};
}

void note_add_if(struct report *report, enum report_note_kind kind, char *sentence)
{
    if (sentence)
        note_add_take(report, kind, false, sentence);
}

void note_add(struct report *report, enum report_note_kind kind, bool warning,
              const char *format, ...)
{
    va_list arguments, again;

    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *sentence = mem_new((size_t)length + 1);
    vsnprintf(sentence, (size_t)length + 1, format, again);
    va_end(again);
    note_add_take(report, kind, warning, sentence);
}

void notes_release(struct report *report)
{
    for (size_t i = 0; i < report->note_count; i++)
        free(report->notes[i].sentence);
    free(report->notes);
}
