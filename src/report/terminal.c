/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The report for a terminal of any width: sentences wrap, tables leave columns out, names
 * lose their middle. Details stay for Markdown and JSON.
 */
#include "outline.h"

#include "display.h"

#include "src/base/err.h"
#include "src/base/mem.h"
#include "src/base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH_DEFAULT = 80, WIDTH_MIN = 40, WIDTH_SENTENCES = 110, GAP = 2 };

struct printer {
    FILE *out;
    const struct terminal_style *style;
    size_t width;
    bool left_out; /* some table could not show all columns */
};

/* --- words and colours --- */

static const char bold[] = "1", dim[] = "2", red[] = "31", green[] = "32",
                  yellow[] = "33", cyan[] = "36";

/* Text that this place's characters can show. The caller frees. */
static char *shown(const struct printer *printer, const char *text)
{
    return printer->style->unicode ? mem_text(text) : display_ascii(text);
}

/* From here on; NULL: as it was at first. */
static void colour_on(const struct printer *printer, const char *colour)
{
    if (printer->style->colour)
        fprintf(printer->out, "\x1b[%sm", colour ? colour : "0");
}

static void paint(const struct printer *printer, const char *colour, const char *text)
{
    if (colour)
        colour_on(printer, colour);
    fputs(text, printer->out);
    if (colour)
        colour_on(printer, NULL);
}

static void spaces(const struct printer *printer, size_t count)
{
    fprintf(printer->out, "%*s", (int)count, "");
}

/* A unit is not torn from its number. */
static bool is_unit_of(const char *word, const char *before)
{
    static const char *const units[] = {"%", "ns", "µs", "us", "ms", "s",  "min",
                                        "h", "d",  "B",  "kB", "MB", "GB", "TB"};
    size_t length = strcspn(word, " .,;:)(");
    size_t before_length = before ? strlen(before) : 0;

    if (before_length == 0 || !isdigit((unsigned char)before[before_length - 1]))
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (strlen(units[i]) == length && strncmp(units[i], word, length) == 0)
            return true;
    return false;
}

/* Columns of a word, with the unit behind it. */
static size_t unbroken_width(const char *word, const char *rest)
{
    size_t width = display_width(word);

    if (!is_unit_of(rest, word))
        return width;
    char *unit = mem_bytes(rest, strcspn(rest, " "));
    width += 1 + display_width(unit);
    free(unit);
    return width;
}

/* A sentence broken between words, hanging behind its mark. */
static void print_sentence(const struct printer *printer, const char *mark,
                           const char *colour, const char *sentence)
{
    char *text = shown(printer, sentence), *rest = NULL;
    const char *before = NULL;
    size_t indent = display_width(mark), at = indent;
    size_t width = printer->width < WIDTH_SENTENCES ? printer->width : WIDTH_SENTENCES;

    paint(printer, colour, mark);
    for (char *word = strtok_r(text, " ", &rest); word;
         word = strtok_r(NULL, " ", &rest)) {
        if (at > indent && !is_unit_of(word, before) &&
            at + 1 + unbroken_width(word, rest) > width) {
            fputc('\n', printer->out);
            spaces(printer, indent);
            at = indent;
        } else if (at > indent) {
            fputc(' ', printer->out);
            at++;
        }
        fputs(word, printer->out);
        at += display_width(word);
        before = word;
    }
    fputc('\n', printer->out);
    free(text);
}

static void print_heading(const struct printer *printer, const char *heading)
{
    char *text = shown(printer, heading);

    fputc('\n', printer->out);
    paint(printer, bold, text);
    fputc('\n', printer->out);
    free(text);
}

/* --- tables --- */

static const char *colour_of(enum tone tone)
{
    static const char *const colours[] = {
        [TONE_PLAIN] = NULL, [TONE_DIM] = dim, [TONE_GOOD] = green, [TONE_BAD] = red};

    return colours[tone];
}

/* One cell of width columns; nothing hangs behind the last one. */
static void print_cell(const struct printer *printer, const char *text, size_t width,
                       bool right, bool last, const char *colour)
{
    char *readable = shown(printer, text);
    char *fit = display_fit(readable, width, !printer->style->unicode);
    size_t padding = width - display_width(fit);

    if (right && !(last && !*fit))
        spaces(printer, padding);
    paint(printer, *fit ? colour : NULL, fit);
    if (!right && !last)
        spaces(printer, padding);
    free(fit);
    free(readable);
}

/* row SIZE_MAX: the headers. */
static void print_row(const struct printer *printer, const struct table *table,
                      const size_t *widths, size_t row)
{
    size_t last = table->column_count - 1;

    while (last > 0 && widths[last] == 0)
        last--;
    for (size_t i = 0; i <= last; i++) {
        const struct table_column *column = &table->columns[i];
        if (widths[i] == 0)
            continue;
        spaces(printer, GAP);
        if (row == SIZE_MAX)
            print_cell(printer, column->header, widths[i], column->right, i == last, dim);
        else
            print_cell(printer, table_at(table, row, i)->text, widths[i], column->right,
                       i == last, colour_of(table_at(table, row, i)->tone));
    }
    fputc('\n', printer->out);
}

static void print_table(struct printer *printer, const struct passage *passage)
{
    size_t widths[TABLE_COLUMNS_MAX];

    print_heading(printer, passage->text);
    if (table_fit(&passage->table, printer->width - GAP, GAP, widths))
        printer->left_out = true;
    print_row(printer, &passage->table, widths, SIZE_MAX);
    for (size_t row = 0; row < table_rows(&passage->table); row++)
        print_row(printer, &passage->table, widths, row);
}

/* --- the whole --- */

static void print_strip(const struct printer *printer, const struct passage *passage)
{
    char *strip = strip_text(&passage->strip, !printer->style->unicode);
    char *after = shown(printer, passage->strip.after);
    char *label = strip_label(passage, !printer->style->unicode);

    fprintf(printer->out, "  %s  ", label);
    paint(printer, cyan, strip);
    if (*after) {
        size_t used = 6 + display_width(label) + passage->strip.count;
        if (used + display_width(after) > printer->width) {
            fputc('\n', printer->out);
            spaces(printer, 4 + display_width(label));
        } else {
            spaces(printer, GAP);
        }
        paint(printer, dim, after);
    }
    fputc('\n', printer->out);
    free(strip);
    free(after);
    free(label);
}

static void print_passage(struct printer *printer, const struct passage *passage,
                          const struct passage *before)
{
    bool after_title = before && before->kind == BLOCK_TITLE;

    switch (passage->kind) {
    case BLOCK_TITLE:
        colour_on(printer, bold);
        print_sentence(printer, "", NULL, passage->text);
        colour_on(printer, NULL);
        break;
    case BLOCK_PART:
    case BLOCK_HEADING:
        print_heading(printer, passage->text);
        break;
    case BLOCK_FINDING:
        if (after_title)
            fputc('\n', printer->out);
        print_sentence(printer, printer->style->unicode ? "\u2022 " : "* ", cyan,
                       passage->text);
        break;
    case BLOCK_WARNING:
        if (before && before->kind != BLOCK_WARNING)
            fputc('\n', printer->out);
        print_sentence(printer, "! ", yellow, passage->text);
        break;
    case BLOCK_LINE:
        print_sentence(printer, "  ", NULL, passage->text);
        break;
    case BLOCK_TABLE:
        print_table(printer, passage);
        break;
    case BLOCK_STRIP:
        print_strip(printer, passage);
        break;
    case BLOCK_CHART:
        print_sentence(printer, "  ", NULL, passage->text);
        break;
    case BLOCK_NEXT:
        fputc('\n', printer->out);
        print_sentence(printer, "", NULL, passage->text);
        break;
    }
}

int report_terminal(const struct report *report, const struct terminal_style *style,
                    FILE *out, struct err *err)
{
    struct outline outline;
    struct printer printer = {.out = out, .style = style, .width = style->width};
    const struct passage *before = NULL;

    if (printer.width == 0)
        printer.width = WIDTH_DEFAULT;
    if (printer.width < WIDTH_MIN)
        printer.width = WIDTH_MIN;
    outline_build(&outline, report);
    for (size_t i = 0; i < outline.count; i++) {
        const struct passage *passage = &outline.passages[i];
        if (passage->detail)
            continue;
        if (passage->kind == BLOCK_NEXT && printer.left_out) {
            print_sentence(&printer, "  ", NULL,
                           "Columns that do not fit are left out; a wider terminal "
                           "(--width) shows more.");
            printer.left_out = false;
        }
        print_passage(&printer, passage, before);
        before = passage;
    }
    outline_release(&outline);
    if (fflush(out) || ferror(out))
        return err_set(err, ERR_OUTPUT,
                       "the report could not be written; is the disk full "
                       "or the reader gone?");
    return 0;
}
