/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The report as GitHub-flavoured Markdown, to be appended to the summary of a CI job:
 * findings first, details folded, nothing that a trace holds can become markup, and never
 * more than what GitHub takes.
 */
#include "outline.h"

#include "format.h"

#include "src/base/err.h"
#include "src/base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Room for the sentence about left out rows and the end of a fold; for the last lines. */
enum { TABLE_END_BYTES = 160, LAST_BYTES = 320 };

/* The text so far, which the passages may fill up to `most`. */
struct writing {
    struct str text;
    size_t most;
    const char *asset_url;
};

/* --- escaping
 * --- */

/* Text that Markdown shows as it is. Punctuation that could mean something gets a
 * backslash; "<", ">" and "&" become entities; what would link by itself ("www.", "://")
 * is broken by one. "@name" would notify people and "#1" link to an issue even from an
 * entity, because GitHub looks for them after Markdown: a word joiner, which shows as
 * nothing, keeps them apart. */
static void add_escaped(struct str *out, const char *text)
{
    static const char word_joiner[] = "\u2060";

    for (const char *c = text; *c; c++) {
        bool after_w = c > text && tolower((unsigned char)c[-1]) == 'w';
        if (*c == '<')
            str_add_text(out, "&lt;");
        else if (*c == '>')
            str_add_text(out, "&gt;");
        else if (*c == '&')
            str_add_text(out, "&amp;");
        else if (*c == ':' && c[1] == '/')
            str_add_text(out, "&#58;");
        else if (*c == '.' && after_w)
            str_add_text(out, "&#46;");
        else
            str_addf(out, "%s%c", strchr("\\`*_{}[]|~$!#", *c) ? "\\" : "", *c);
        if ((*c == '@' || *c == '#') && isalnum((unsigned char)c[1]))
            str_add_text(out, word_joiner);
    }
}

/* --- passages
 * --- */

/* What a page has room for; the details hold the rest. */
enum { COLUMN_RANK_MAX = 7 };

/* A number keeps to its unit where cells are narrow. */
static void add_cell(struct str *out, const char *text, bool number)
{
    struct str unbroken;

    str_init(&unbroken);
    for (const char *c = text; *c; c++)
        if (number && *c == ' ')
            str_add_text(&unbroken, "\u00a0");
        else
            str_add_byte(&unbroken, *c);
    add_escaped(out, unbroken.length ? unbroken.bytes : "");
    str_release(&unbroken);
}

static void add_table_row(struct str *out, const struct table *table, const bool *shown,
                          size_t row)
{
    str_add_byte(out, '|');
    for (size_t i = 0; i < table->column_count; i++) {
        const struct table_cell *cell = table_at(table, row, i);
        if (!shown[i])
            continue;
        bool strong = cell->tone == TONE_BAD && *cell->text;
        str_add_text(out, strong ? " **" : " ");
        add_cell(out, cell->text, table->columns[i].right);
        str_add_text(out, strong ? "** |" : " |");
    }
    str_add_byte(out, '\n');
}

static void add_table_head(struct str *out, const struct table *table, const bool *shown)
{
    str_add_byte(out, '|');
    for (size_t i = 0; i < table->column_count; i++) {
        if (!shown[i])
            continue;
        str_add_byte(out, ' ');
        add_escaped(out, table->columns[i].header);
        str_add_text(out, " |");
    }
    str_add_text(out, "\n|");
    for (size_t i = 0; i < table->column_count; i++)
        if (shown[i])
            str_add_text(out, table->columns[i].right ? " ---: |" : " --- |");
    str_add_byte(out, '\n');
}

static void cut_back(struct str *text, size_t length)
{
    text->length = length;
    text->bytes[length] = '\0';
}

/* Rows as long as there is room for them. Returns how many were added. */
static size_t add_table_rows(struct writing *writing, const struct table *table,
                             const bool *shown)
{
    size_t rows = table_rows(table), row = 0;

    for (; row < rows; row++) {
        size_t before = writing->text.length;
        add_table_row(&writing->text, table, shown, row);
        if (writing->text.length + TABLE_END_BYTES > writing->most) {
            cut_back(&writing->text, before);
            break;
        }
    }
    return row;
}

/* Says how many rows it left out. */
static void add_table(struct writing *writing, const struct passage *passage)
{
    struct str *out = &writing->text;
    bool shown[TABLE_COLUMNS_MAX];

    str_add_text(out, passage->detail ? "\n<details><summary>" : "\n### ");
    add_escaped(out, passage->text);
    str_add_text(out, passage->detail ? "</summary>\n\n" : "\n\n");
    table_shown(&passage->table, COLUMN_RANK_MAX, shown);
    add_table_head(out, &passage->table, shown);
    size_t missing =
        table_rows(&passage->table) - add_table_rows(writing, &passage->table, shown);
    if (missing > 0)
        str_addf(out,
                 "\n%zu more rows are left out to stay below the size that GitHub "
                 "shows; report.json has all.\n",
                 missing);
    if (passage->detail)
        str_add_text(out, "\n</details>\n");
}

static void add_bullet(struct str *out, const char *mark, const char *sentence)
{
    str_add_text(out, mark);
    add_escaped(out, sentence);
    str_add_byte(out, '\n');
}

/* Strips in a row stand in one block of code. */
static void add_strip(struct str *out, const struct passage *passage, bool first,
                      bool last)
{
    char *strip = strip_text(&passage->strip, false);

    if (passage->strip.named) { /* a name could end the fence */
        str_add_text(out, "- ");
        add_escaped(out, passage->text);
        str_addf(out, " `%s` %s\n", strip, passage->strip.after);
        free(strip);
        return;
    }
    str_addf(out, "%s%s  %s  %s\n%s", first ? "\n```text\n" : "", passage->text, strip,
             passage->strip.after, last ? "```\n\n" : "");
    free(strip);
}

/* Percent signs for what would end an address in Markdown. */
static void add_address(struct str *out, const char *address)
{
    for (const char *c = address; *c; c++)
        if ((unsigned char)*c <= ' ' || strchr("()<>\\\"", *c))
            str_addf(out, "%%%02X", (unsigned char)*c);
        else
            str_add_byte(out, *c);
}

/* A picture where it has an address: GitHub shows none that is relative. */
static void add_chart(struct writing *writing, const struct passage *passage)
{
    struct str *out = &writing->text;
    const char *url = writing->asset_url;

    if (!url) {
        str_add_text(out, "- ");
        add_escaped(out, passage->text);
        str_addf(out, ": `charts/%s.svg`, `.png`, `@2x.png`\n", passage->name);
        return;
    }
    str_add_text(out, "\n![");
    add_escaped(out, passage->text);
    str_add_text(out, "](");
    add_address(out, url);
    str_addf(out, "%scharts/%s@2x.png)\n", url[strlen(url) - 1] == '/' ? "" : "/",
             passage->name);
}

static void add_passage(struct writing *writing, const struct outline *outline, size_t i)
{
    struct str *out = &writing->text;
    const struct passage *passage = &outline->passages[i];
    bool first = i == 0 || outline->passages[i - 1].kind != passage->kind;
    bool last = i + 1 == outline->count || outline->passages[i + 1].kind != passage->kind;
    bool after_heading = i > 0 && outline->passages[i - 1].kind == BLOCK_HEADING;

    switch (passage->kind) {
    case BLOCK_TITLE:
        str_add_text(out, "## ");
        add_escaped(out, passage->text);
        str_add_text(out, "\n\n");
        break;
    case BLOCK_PART:
    case BLOCK_HEADING:
        str_add_text(out, "\n### ");
        add_escaped(out, passage->text);
        str_add_text(out, "\n\n");
        break;
    case BLOCK_FINDING:
        add_bullet(out, "- ", passage->text);
        break;
    case BLOCK_WARNING:
        add_bullet(out, first ? "\n> [!WARNING]\n> - " : "> - ", passage->text);
        break;
    case BLOCK_LINE:
        add_bullet(out, first && !after_heading ? "\n- " : "- ", passage->text);
        break;
    case BLOCK_TABLE:
        add_table(writing, passage);
        break;
    case BLOCK_STRIP:
        add_strip(out, passage, first, last);
        break;
    case BLOCK_CHART:
        add_chart(writing, passage);
        break;
    case BLOCK_NEXT: /* whoever reads this has written it */
        break;
    }
}

/* Whole passages until there is no more room. Returns how many. */
static size_t add_passages(struct writing *writing, const struct outline *outline)
{
    for (size_t i = 0; i < outline->count; i++) {
        size_t before = writing->text.length;
        add_passage(writing, outline, i);
        if (writing->text.length > writing->most) {
            cut_back(&writing->text, before);
            return i;
        }
    }
    return outline->count;
}

static void add_end(struct str *text, const struct report *report, size_t missing)
{
    if (missing > 0)
        str_addf(text,
                 "\n%zu more parts are left out to stay below the size that GitHub "
                 "shows; report.json has all.\n",
                 missing);
    str_addf(text, "\nfmd-analyze " FMD_VERSION "%s%s\n",
             report->options.repeatable ? "" : ", made ",
             report->options.repeatable ? "" : format_now(&report->zone).s);
}

int report_markdown(const struct report *report, FILE *out, struct err *err)
{
    struct outline outline;
    struct writing writing = {.most = report->options.markdown_bytes - LAST_BYTES,
                              .asset_url = report->options.asset_url};

    outline_build(&outline, report);
    str_init(&writing.text);
    size_t said = add_passages(&writing, &outline);
    add_end(&writing.text, report, outline.count - said);
    fwrite(writing.text.bytes, 1, writing.text.length, out);
    str_release(&writing.text);
    outline_release(&outline);
    if (fflush(out) || ferror(out))
        return err_set(err, ERR_OUTPUT,
                       "the Markdown report could not be written; is the "
                       "disk full or the reader gone?");
    return 0;
}
