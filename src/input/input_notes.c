/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* vasprintf */
#include "input_notes.h"

#include "src/base/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTES_GATHERED = 10000, NOTES_TOLD = 1000, NAME_SHOWN = 400 };

struct placed_note {
    struct note_place place;
    uint64_t order; /* of arrival, where places are equal */
    struct input_note note;
};

struct notes {
    pthread_mutex_t lock; /* around all below */
    struct placed_note *at;
    size_t count, room; /* count <= NOTES_GATHERED */
    uint64_t seen;
    uint64_t by_kind[INPUT_OTHER + 1];
};

struct notes *notes_new(void)
{
    struct notes *notes = mem_new(sizeof(*notes));
    pthread_mutex_init(&notes->lock, NULL);
    return notes;
}

static void note_release(struct input_note *note)
{
    free(note->file);
    free(note->sentence);
}

void notes_free(struct notes *notes)
{
    if (!notes)
        return;
    for (size_t i = 0; i < notes->count; i++)
        note_release(&notes->at[i].note);
    free(notes->at);
    pthread_mutex_destroy(&notes->lock);
    free(notes);
}

/* Length of the valid, printable UTF-8 character at text, 0 when there is none. Checks
 * the lead byte's range and the continuation bytes; overlong forms and surrogates are not
 * worth a table here: they do no harm on a terminal. */
static size_t printable(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    size_t length = c[0] < 0x80                   ? 1
                    : c[0] >= 0xc2 && c[0] < 0xe0 ? 2
                    : c[0] >= 0xe0 && c[0] < 0xf0 ? 3
                    : c[0] >= 0xf0 && c[0] < 0xf5 ? 4
                                                  : 0;
    if (length == 1)
        return c[0] >= 0x20 && c[0] != 0x7f;
    if (length == 2 && c[0] == 0xc2 && c[1] < 0xa0) /* C1 control characters */
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

static char *append_shown(char *to, const char *name, size_t length)
{
    for (size_t i = 0; i < length;) {
        size_t take = printable(name + i);
        if (take && i + take <= length) {
            memcpy(to, name + i, take);
            to += take;
            i += take;
        } else {
            to += sprintf(to, "\\x%02x", (unsigned char)name[i++]);
        }
    }
    return to;
}

static char *shown_text(const char *text)
{
    size_t length = strlen(text);
    char *shown = mem_new(4 * length + 1);
    append_shown(shown, text, length);
    return shown;
}

char *notes_shown_name(const char *name)
{
    size_t length = strlen(name), half = NAME_SHOWN / 2;
    char *shown = mem_new(4 * (length < NAME_SHOWN ? length : NAME_SHOWN) + 16);
    if (length <= NAME_SHOWN) {
        append_shown(shown, name, length);
    } else {
        char *end = append_shown(shown, name, half);
        end += sprintf(end, "[...]");
        append_shown(end, name + length - half, half);
    }
    return shown;
}

void notes_add(struct notes *notes, enum input_note_kind kind, struct note_place place,
               const char *file, uint64_t blocks, uint64_t requests, const char *format,
               ...)
{
    pthread_mutex_lock(&notes->lock);
    uint64_t order = notes->seen++;
    notes->by_kind[kind]++;
    if (notes->count < NOTES_GATHERED) {
        if (notes->count == notes->room) {
            notes->room = notes->room ? notes->room * 2 : 16;
            notes->at = mem_resize(notes->at, notes->room * sizeof(*notes->at));
        }
        struct placed_note *note = &notes->at[notes->count++];
        va_list arguments;
        char *sentence = NULL;
        va_start(arguments, format);
        if (vasprintf(&sentence, format, arguments) < 0)
            sentence = mem_text("");
        va_end(arguments);
        char *shown = shown_text(sentence);
        free(sentence);
        *note = (struct placed_note){
            place,
            order,
            {kind, notes_shown_name(file), shown, blocks, requests},
        };
    }
    pthread_mutex_unlock(&notes->lock);
}

bool notes_from(struct notes *notes, uint64_t file, char **sentence)
{
    bool found = false;
    pthread_mutex_lock(&notes->lock);
    for (size_t i = 0; i < notes->count && !found; i++) {
        found = notes->at[i].place.file >= file;
        if (found && sentence)
            *sentence = mem_text(notes->at[i].note.sentence);
    }
    pthread_mutex_unlock(&notes->lock);
    return found;
}

static int by_place(const void *left, const void *right)
{
    const struct placed_note *a = left, *b = right;
    if (a->place.file != b->place.file)
        return a->place.file < b->place.file ? -1 : 1;
    if (a->place.block != b->place.block)
        return a->place.block < b->place.block ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

void notes_finish(struct notes *notes, struct input_report *report)
{
    if (notes->count)
        qsort(notes->at, notes->count, sizeof(*notes->at), by_place);
    size_t told = notes->count < NOTES_TOLD ? notes->count : NOTES_TOLD;
    report->notes = mem_resize(report->notes, (told + 1) * sizeof(*report->notes));
    report->note_room = told + 1;
    report->note_count = told;
    for (size_t i = 0; i < told; i++)
        report->notes[i] = notes->at[i].note;
    for (size_t i = told; i < notes->count; i++)
        note_release(&notes->at[i].note);
    for (size_t i = 0; i <= INPUT_OTHER; i++)
        report->notes_by_kind[i] += notes->by_kind[i];
    notes->count = 0;
}
