/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "markup.h"

#include <stdio.h>

void markup_note(struct markup *markup, int result)
{
    markup->failed |= result < 0;
}

void markup_begin(struct markup *markup)
{
    markup->buffer = xmlBufferCreate();
    markup->writer = markup->buffer ? xmlNewTextWriterMemory(markup->buffer, 0) : NULL;
    markup->failed |= !markup->writer;
}

const char *markup_text(struct markup *markup)
{
    if (markup->writer)
        markup_note(markup, xmlTextWriterFlush(markup->writer));
    return markup->failed ? "" : (const char *)xmlBufferContent(markup->buffer);
}

void markup_release(struct markup *markup)
{
    if (markup->writer)
        xmlFreeTextWriter(markup->writer);
    xmlBufferFree(markup->buffer);
    markup->writer = NULL;
    markup->buffer = NULL;
}

void markup_start(struct markup *markup, const char *element)
{
    markup_note(markup,
                xmlTextWriterStartElement(markup->writer, (const xmlChar *)element));
}

void markup_attribute(struct markup *markup, const char *name, const char *value)
{
    markup_note(markup, xmlTextWriterWriteAttribute(markup->writer, (const xmlChar *)name,
                                                    (const xmlChar *)value));
}

void markup_count(struct markup *markup, const char *name, size_t count)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%zu", count);
    markup_attribute(markup, name, digits);
}

void markup_string(struct markup *markup, const char *string)
{
    markup_note(markup,
                xmlTextWriterWriteString(markup->writer, (const xmlChar *)string));
}

void markup_end(struct markup *markup)
{
    markup_note(markup, xmlTextWriterFullEndElement(markup->writer));
}

void markup_end_void(struct markup *markup)
{
    markup_note(markup, xmlTextWriterEndElement(markup->writer));
}

void markup_element(struct markup *markup, const char *name, const char *content)
{
    markup_start(markup, name);
    markup_string(markup, content);
    markup_end(markup);
}

void markup_newline(struct markup *markup)
{
    markup_string(markup, "\n");
}
