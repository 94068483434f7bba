/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An outline as elements of a page: see html_parts.h. */
#include "html_parts.h"

#include "src/base/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* --- headings and what leads to them --- */

/* The words up to the first sign: "Usage (UTC)" is "usage", "Slowest requests, by how
 * far" is "slowest-requests". */
static void add_slug(struct str *id, const char *heading)
{
    size_t begin = id->length;

    for (const char *c = heading; isalnum((unsigned char)*c) || *c == ' '; c++)
        if (*c != ' ')
            str_add_byte(id, (char)tolower((unsigned char)*c));
        else if (c[1] && isalnum((unsigned char)c[1]))
            str_add_byte(id, '-');
    if (id->length == begin)
        str_add_text(id, "part");
}

static bool is_taken(const struct page *page, const char *id)
{
    struct str line;

    str_init(&line);
    str_addf(&line, "\n%s\n", id);
    bool taken = page->ids.length && strstr(page->ids.bytes, line.bytes);
    str_release(&line);
    return taken;
}

char *html_new_id(struct page *page, const char *heading)
{
    struct str id;

    str_init(&id);
    add_slug(&id, heading);
    size_t length = id.length;
    for (unsigned number = 2; is_taken(page, id.bytes); number++) {
        id.length = length;
        id.bytes[length] = '\0';
        str_addf(&id, "-%u", number);
    }
    if (!page->ids.length)
        str_add_byte(&page->ids, '\n');
    str_addf(&page->ids, "%s\n", id.bytes);
    return str_take(&id);
}

void html_heading(struct page *page, const char *level, const char *text, const char *id)
{
    struct str target;

    str_init(&target);
    str_addf(&target, "#%s", id);
    markup_start(&page->out, level);
    markup_attribute(&page->out, "id", id);
    markup_string(&page->out, text);
    markup_start(&page->out, "a");
    markup_attribute(&page->out, "class", "anchor");
    markup_attribute(&page->out, "href", target.bytes);
    markup_attribute(&page->out, "aria-label", "link to this part");
    markup_string(&page->out, "#");
    markup_end(&page->out);
    markup_end(&page->out);
    markup_newline(&page->out);
    str_release(&target);
}

/* The id that the link to it was given. */
static void write_part(struct page *page, const char *text)
{
    const char *id = page->ids.bytes + 1;

    for (size_t i = 0; i < page->parts; i++)
        id = strchr(id, '\n') + 1;
    page->parts++;
    char *copy = mem_bytes(id, strcspn(id, "\n"));
    html_heading(page, "h2", text, copy);
    free(copy);
}

static void write_heading(struct page *page, const char *level, const char *text)
{
    char *id = html_new_id(page, text);

    html_heading(page, level, text, id);
    free(id);
}

/* --- charts and their numbers --- */

/* Tables that charts lead to: "numbers-3", "e-get-cart-1f00-3". NULL: none does. */
static char *id_of_numbers(const struct html_place *place, size_t i)
{
    struct str id;

    if (!place->outline->passages[i].charts)
        return NULL;
    str_init(&id);
    str_addf(&id, "%s-%zu", place->anchor, i);
    return str_take(&id);
}

/* The next table from a passage on that has the numbers of a kind of chart, else one
 * before; outline->count: none has. */
static size_t find_numbers(const struct outline *outline, size_t from,
                           enum report_chart_kind kind)
{
    for (size_t i = 0; i < outline->count; i++) {
        size_t at = (from + i) % outline->count;
        if (outline->passages[at].kind == BLOCK_TABLE &&
            outline->passages[at].charts & 1u << kind)
            return at;
    }
    return outline->count;
}

void html_chart_at(struct page *page, const struct html_place *place, size_t at,
                   const struct report_chart *chart)
{
    size_t found = find_numbers(place->outline, at, chart->kind);
    char *id = found < place->outline->count ? id_of_numbers(place, found) : NULL;

    html_chart(page, chart, id);
    free(id);
}

/* --- passages --- */

static void write_table(struct page *page, const struct html_place *place, size_t i)
{
    const struct passage *passage = &place->outline->passages[i];
    char *id = id_of_numbers(place, i);

    if (passage->detail) {
        markup_start(&page->out, "details");
        markup_element(&page->out, "summary", passage->text);
    } else if (!passage->untitled && place->of_endpoint) {
        markup_element(&page->out, "h5", passage->text);
    } else if (!passage->untitled) {
        write_heading(page, "h3", passage->text);
    }
    html_table(page, &passage->table, passage->text, id);
    if (passage->detail)
        markup_end(&page->out);
    free(id);
}

static void write_strip(struct page *page, const struct passage *passage)
{
    char *strip = strip_text(&passage->strip, false);
    char *label = strip_label(passage, false);

    markup_start(&page->out, "pre");
    markup_string(&page->out, label);
    markup_string(&page->out, "  ");
    markup_start(&page->out, "span");
    markup_attribute(&page->out, "aria-hidden", "true");
    markup_string(&page->out, strip);
    markup_end(&page->out);
    markup_string(&page->out, "  ");
    markup_string(&page->out, passage->strip.after);
    markup_end(&page->out);
    markup_newline(&page->out);
    free(strip);
    free(label);
}

static bool is_of_kind(const struct outline *outline, size_t i, enum passage_kind kind)
{
    return i < outline->count && outline->passages[i].kind == kind;
}

/* Passages of one kind that follow each other are one list. */
static void write_item(struct page *page, const struct outline *outline, size_t i)
{
    enum passage_kind kind = outline->passages[i].kind;

    if (i == 0 || !is_of_kind(outline, i - 1, kind)) {
        markup_start(&page->out, "ul");
        markup_attribute(&page->out, "class", "warnings");
    }
    markup_element(&page->out, "li", outline->passages[i].text);
    if (!is_of_kind(outline, i + 1, kind)) {
        markup_end(&page->out);
        markup_newline(&page->out);
    }
}

/* Findings of one topic that follow each other are one entry of a list of topics. */
static void write_finding(struct page *page, const struct outline *outline, size_t i)
{
    static const char *const names[REPORT_TOPICS][2] = {
        [REPORT_TOPIC_VERDICT] = {"verdict", "Verdict"},
        [REPORT_TOPIC_WORSE] = {"worse", "Worse"},
        [REPORT_TOPIC_BETTER] = {"better", "Better"},
        [REPORT_TOPIC_WHO] = {"who", "Affected"},
        [REPORT_TOPIC_LOOK] = {"look", "Look at"},
        [REPORT_TOPIC_ALL] = {"all", "Overall"},
    };
    enum report_topic topic = outline->passages[i].topic;
    bool first = i == 0 || !is_of_kind(outline, i - 1, BLOCK_FINDING);

    if (first) {
        markup_start(&page->out, "dl");
        markup_attribute(&page->out, "class", "findings");
    }
    if (first || outline->passages[i - 1].topic != topic) {
        markup_start(&page->out, "div");
        markup_attribute(&page->out, "class", names[topic][0]);
        markup_element(&page->out, "dt", names[topic][1]);
    }
    markup_element(&page->out, "dd", outline->passages[i].text);
    bool last = !is_of_kind(outline, i + 1, BLOCK_FINDING);
    if (last || outline->passages[i + 1].topic != topic)
        markup_end(&page->out);
    if (last)
        markup_end(&page->out);
    markup_newline(&page->out);
}

void html_passage(struct page *page, const struct html_place *place, size_t i)
{
    const struct passage *passage = &place->outline->passages[i];

    switch (passage->kind) {
    case BLOCK_TITLE:
        markup_element(&page->out, "h1", passage->text);
        break;
    case BLOCK_PART:
        write_part(page, passage->text);
        break;
    case BLOCK_HEADING:
        write_heading(page, "h3", passage->text);
        break;
    case BLOCK_FINDING:
        write_finding(page, place->outline, i);
        break;
    case BLOCK_WARNING:
        write_item(page, place->outline, i);
        break;
    case BLOCK_LINE:
        markup_element(&page->out, "p", passage->text);
        break;
    case BLOCK_TABLE:
        write_table(page, place, i);
        break;
    case BLOCK_STRIP:
        write_strip(page, passage);
        break;
    case BLOCK_CHART:
        html_chart_at(page, place, i, passage->chart);
        break;
    case BLOCK_NEXT: /* whoever reads this has written it */
        break;
    }
}
