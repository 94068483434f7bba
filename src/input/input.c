/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "input.h"

#include <stdlib.h>

void input_options_init(struct input_options *options)
{
    *options = (struct input_options){
        .archive_bytes_max = UINT64_C(1) << 40,
        .archive_ratio_max = 200,
    };
}

void input_report_init(struct input_report *report)
{
    *report = (struct input_report){0};
}

void input_report_release(struct input_report *report)
{
    for (size_t i = 0; i < report->host_count; i++)
        free(report->hosts[i].name);
    for (size_t i = 0; i < report->note_count; i++) {
        free(report->notes[i].file);
        free(report->notes[i].sentence);
    }
    free(report->hosts);
    free(report->interpreters);
    free(report->notes);
    input_report_init(report);
}

bool input_report_damaged(const struct input_report *report)
{
    return report->notes_by_kind[INPUT_DAMAGE] || report->notes_by_kind[INPUT_NEWER];
}
