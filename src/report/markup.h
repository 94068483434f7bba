/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Markup through libxml2's writer, which escapes all that comes from a trace. The first
 * failure stays; what follows is harmless, so callers look once, at the end.
 */
#ifndef REPORT_MARKUP_H
#define REPORT_MARKUP_H

#include <libxml/xmlwriter.h>
#include <stdbool.h>

struct markup {
    xmlTextWriter *writer;
    xmlBuffer *buffer; /* that it writes to */
    bool failed;       /* out of memory */
};

/* Begins a new buffer; a failure of an earlier one stays. */
void markup_begin(struct markup *markup);
/* The text of the buffer, complete until now; "" after a failure. */
const char *markup_text(struct markup *markup);
void markup_release(struct markup *markup);

/* Keeps the first failure of calls to the writer itself. */
void markup_note(struct markup *markup, int result);
void markup_start(struct markup *markup, const char *element);
void markup_attribute(struct markup *markup, const char *name, const char *value);
void markup_count(struct markup *markup, const char *name, size_t count);
void markup_string(struct markup *markup, const char *string);
/* <a></a>: HTML reads <a/> as an open <a>. */
void markup_end(struct markup *markup);
/* <a/> where nothing is in it. */
void markup_end_void(struct markup *markup);
/* <name>content</name> */
void markup_element(struct markup *markup, const char *name, const char *content);
void markup_newline(struct markup *markup);

#endif
