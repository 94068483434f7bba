/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sentences about what was not plain reading. Gathered in any order by several
 * threads, told in the order of the input. A few are usual, a hostile input makes
 * millions: all are counted, the first ones are kept.
 */
#ifndef INPUT_INPUT_NOTES_H
#define INPUT_INPUT_NOTES_H

#include "input.h"

#include <stdarg.h>

struct notes;

struct notes *notes_new(void);
void notes_free(struct notes *notes);

/* Where a note belongs: the file's place in the input, then the place in the file. */
struct note_place {
    uint64_t file, block;
};

/* Adds a note. file is shown as the user would name it; format makes the sentence. Thread
 * safe. */
void notes_add(struct notes *notes, enum input_note_kind kind, struct note_place place,
               const char *file, uint64_t blocks, uint64_t requests, const char *format,
               ...) __attribute__((format(printf, 7, 8)));

/* Whether there are notes about files from place on; *sentence, unless NULL, gets a copy
 * of the first one. */
bool notes_from(struct notes *notes, uint64_t file, char **sentence);

/* Moves the notes into the report (which has none), sorted, the first 1000 of them. */
void notes_finish(struct notes *notes, struct input_report *report);

/* A file's name for people: unprintable bytes as \xNN, the middle of a huge name cut.
 * Allocated. */
char *notes_shown_name(const char *name);

#endif
