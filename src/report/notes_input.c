/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "note_list.h"

#include "display.h"
#include "format.h"
#include "label.h"

#include "src/base/str.h"
#include "src/input/input.h"

#include <stdlib.h>
#include <string.h>

/* Longer endpoint names are a mistake that deserves a word. */
enum { NAME_BYTES_SHOWN = 1000 };

/* --- what was not read --- */

static void note_dropped(struct report *report)
{
    static const char *const causes[] = {
        "their ring was full", "no ring was free", "the trace could not be written",
        "the process forked meanwhile", "of other causes"};
    const struct input_recorder *recorder = &report->input->recorder;
    uint64_t counts[5] = {0}, total = 0;
    struct str text;

    for (size_t i = 0; i < sizeof(recorder->dropped) / sizeof(recorder->dropped[0]);
         i++) {
        counts[i < 4 ? i : 4] += recorder->dropped[i];
        total += recorder->dropped[i];
    }
    if (total == 0)
        return;
    str_init(&text);
    str_addf(&text, "The recorder dropped %s of %s requests (%s)", format_count(total).s,
             format_count(recorder->issued).s,
             format_percent((double)total / (double)recorder->issued).s);
    for (size_t i = 0, said = 0; i < 5; i++)
        if (counts[i])
            str_addf(&text, "%s %s because %s", said++ ? "," : ":",
                     format_count(counts[i]).s, causes[i]);
    if (counts[0] || counts[1])
        str_add_text(&text, "; larger or more rings help (ring_bytes, rings)");
    if (counts[2])
        str_add_text(&text, "; is there room on the disk of the traces?");
    str_add_byte(&text, '.');
    note_add_take(report, REPORT_NOTE_INPUT, true, str_take(&text));
}

static void note_filter(struct report *report)
{
    char *sentence = notes_filter_sentence(report);
    char *beside = notes_filter_beside_sentence(report);

    if (sentence)
        note_add_take(report, REPORT_NOTE_INPUT, true, sentence);
    if (beside)
        note_add_take(report, REPORT_NOTE_INPUT, true, beside);
}

static void note_lost(struct report *report)
{
    const struct input_report *input = report->input;
    uint64_t bad = 0;

    if (input->blocks_skipped || input->requests_skipped)
        note_add(report, REPORT_NOTE_INPUT, true,
                 "%s block%s with %s%s request%s could not be read; everything "
                 "here is without them.",
                 format_count(input->blocks_skipped).s,
                 format_plural(input->blocks_skipped),
                 input->requests_skipped ? "" : "an unknown number of ",
                 input->requests_skipped ? format_count(input->requests_skipped).s : "",
                 format_plural(input->requests_skipped ? input->requests_skipped : 2));
    for (int i = 0; i < INPUT_SOURCES; i++)
        bad += input->sources[i].bad;
    if (bad)
        note_add(report, REPORT_NOTE_INPUT, true,
                 "%s row%s of tables or logs could not be used; everything here is "
                 "without %s.",
                 format_count(bad).s, format_plural(bad), bad == 1 ? "it" : "them");
    note_dropped(report);
    if (input->recorder.requests_deleted)
        note_add(report, REPORT_NOTE_INPUT, true,
                 "%s older requests are missing: the recorder deleted %s segment%s to "
                 "keep its disk limit (total_bytes).",
                 format_count(input->recorder.requests_deleted).s,
                 format_count(input->recorder.segments_deleted).s,
                 format_plural(input->recorder.segments_deleted));
    if (input->recorder.strings_lost)
        note_add(report, REPORT_NOTE_INPUT, true,
                 "%s groups or addresses are recorded as unknown: the recorder had no "
                 "room to define them.",
                 format_count(input->recorder.strings_lost).s);
    if (input->requests_recovered)
        note_add(report, REPORT_NOTE_INPUT, false,
                 "%s request%s came from rings that processes left behind when they were "
                 "killed.",
                 format_count(input->requests_recovered).s,
                 format_plural(input->requests_recovered));
}

/* The input's own notes. */
static void note_files(struct report *report)
{
    const struct input_report *input = report->input;

    for (size_t i = 0; i < input->note_count; i++) {
        const struct input_note *note = &input->notes[i];
        bool lost = note->kind == INPUT_DAMAGE || note->kind == INPUT_NEWER ||
                    note->kind == INPUT_CLOCK;
        note_add_take(report, REPORT_NOTE_INPUT, lost,
                      display_clean(note->sentence, strlen(note->sentence)));
    }
    uint64_t all = 0;
    for (size_t i = 0; i <= INPUT_OTHER; i++)
        all += input->notes_by_kind[i];
    if (all > input->note_count)
        note_add(report, REPORT_NOTE_INPUT, false,
                 "%s more notes of the kind above are counted, not listed.",
                 format_count(all - input->note_count).s);
}

/* Names that are shown otherwise than they were recorded: as another one they might look
 * alike. */
static void note_names(struct report *report)
{
    const struct overview *overview = &report->overview;
    size_t foreign = 0, longest = 0, first = SIZE_MAX;

    for (size_t i = 0; i < overview->endpoint_count; i++) {
        const struct name *name = &overview->endpoints[i].name;
        bool valid = utf8_valid(name->bytes, name->length);
        foreign += !valid;
        first = !valid && first == SIZE_MAX ? i : first;
        longest = name->length > longest ? name->length : longest;
    }
    if (foreign) {
        char *label = label_of_endpoint(report, &overview->endpoints[first]);
        note_add(report, REPORT_NOTE_INPUT, true,
                 "%s endpoint name%s not UTF-8 (%s); bytes that are none are shown as "
                 "\xef\xbf\xbd. Name endpoints in UTF-8 where they are registered.",
                 format_count(foreign).s, foreign == 1 ? " is" : "s are", label);
        free(label);
    }
    if (longest > NAME_BYTES_SHOWN)
        note_add(report, REPORT_NOTE_INPUT, true,
                 "The longest endpoint name has %s bytes and is shown cut, whole only in "
                 "the JSON. Name endpoints by their route, not by what a client sent.",
                 format_count(longest).s);
}

void notes_of_input(struct report *report)
{
    note_filter(report);
    note_lost(report);
    note_files(report);
    note_names(report);
}
