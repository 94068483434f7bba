/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Head and foot of every chart: see page.h. */
#include "plots/page.h"

#include "plots/units.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Multiples of the base size. */
static const double margin = 1.3;
static const double title_size = 1.4, small_title_size = 1.1;
static const double line_height = 1.3; /* of a text's own size */
/* Of the width: widths are estimates, and a long line has room to be wrong. */
static const double wrap_at = 0.95;

struct head {
    struct label title[TITLE_LINES];
    size_t title_lines;
    struct text_style title_style;
    struct label subtitle;
    double height_pt; /* without the margin above */
};

static struct text_style subtitle_style(const struct theme *theme)
{
    return (struct text_style){.size_pt = theme->base_pt};
}

static bool is_shortened(const struct label *label)
{
    size_t length = strlen(label->text);
    return length >= 3 && strcmp(label->text + length - 3, "…") == 0;
}

static void lay_out_head(struct head *head, const struct theme *theme, const char *title,
                         const char *subtitle)
{
    double width = (theme->width_pt - 2 * margin * theme->base_pt) * wrap_at;
    head->title_style = (struct text_style){theme->base_pt * title_size, true, CUT_END};
    head->title_lines = label_wrap(head->title, title, head->title_style, width);
    if (head->title_lines == TITLE_LINES && is_shortened(&head->title[TITLE_LINES - 1])) {
        head->title_style.size_pt = theme->base_pt * small_title_size;
        head->title_lines = label_wrap(head->title, title, head->title_style, width);
    }
    label_fit(&head->subtitle, subtitle, subtitle_style(theme), width);
    head->height_pt = (double)head->title_lines * head->title_style.size_pt * line_height;
    if (head->subtitle.text[0] != '\0')
        head->height_pt += theme->base_pt * line_height * 1.1;
    if (head->height_pt > 0)
        head->height_pt += theme->base_pt * 0.8;
}

double page_head_pt(const struct theme *theme, const char *title, const char *subtitle)
{
    struct head head;
    lay_out_head(&head, theme, title, subtitle);
    return head.height_pt + 2 * margin * theme->base_pt;
}

static void draw_head(struct scene *scene, const struct theme *theme,
                      const struct head *head)
{
    double y = margin * theme->base_pt, left = y;
    double width = theme->width_pt - 2 * left;
    for (size_t i = 0; i < head->title_lines; i++) {
        y += head->title_style.size_pt * (i == 0 ? 0.9 : line_height);
        mark_label(scene, &head->title[i],
                   (struct text_mark){.at = {left, y},
                                      .style = head->title_style,
                                      .ink = theme->ink,
                                      .max_pt = width});
    }
    y += theme->base_pt * (head->title_lines ? line_height * 1.25 : 0.9);
    mark_label(scene, &head->subtitle,
               (struct text_mark){.at = {left, y},
                                  .style = subtitle_style(theme),
                                  .ink = theme->faint,
                                  .max_pt = width});
}

struct frame page_open(struct scene *scene, const struct theme *theme, double height_pt,
                       const char *title, const char *subtitle)
{
    struct head head;
    double edge = margin * theme->base_pt;
    lay_out_head(&head, theme, title, subtitle);
    height_pt = ceil(height_pt); /* whole pixels */
    scene_init(scene, theme->width_pt, height_pt);
    struct label whole;
    label_fit(&whole, title, (struct text_style){.size_pt = 1}, 200);
    scene->title = strdup(whole.text);
    scene->failed = !scene->title;
    mark_rect(scene, (struct frame){0, 0, theme->width_pt, height_pt}, theme->paper);
    draw_head(scene, theme, &head);
    return (struct frame){edge, edge + head.height_pt, theme->width_pt - edge,
                          height_pt - edge};
}

static size_t wrap_note(struct label lines[TITLE_LINES], const struct theme *theme,
                        const struct frame *inside, const char *note)
{
    struct text_style style = {.size_pt = theme->base_pt * THEME_SMALL};
    return label_wrap(lines, note, style, (inside->right - inside->left) * wrap_at);
}

double page_note_pt(const struct theme *theme, const struct frame *inside,
                    const char *note)
{
    struct label lines[TITLE_LINES];
    size_t count = wrap_note(lines, theme, inside, note);
    return count ? ((double)count * THEME_SMALL * line_height + 0.4) * theme->base_pt : 0;
}

void page_note(struct scene *scene, const struct theme *theme, struct frame *inside,
               const char *note)
{
    struct label lines[TITLE_LINES];
    struct text_style style = {.size_pt = theme->base_pt * THEME_SMALL};
    size_t count = wrap_note(lines, theme, inside, note);
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        double up = (double)(count - 1 - i) * style.size_pt * line_height;
        mark_label(scene, &lines[i],
                   (struct text_mark){.at = {inside->left, inside->bottom - up},
                                      .style = style,
                                      .ink = theme->faint,
                                      .max_pt = inside->right - inside->left});
    }
    inside->bottom -= page_note_pt(theme, inside, note);
}

void page_left_out(char *note, size_t size, size_t count, const char *what,
                   double requests, double all)
{
    char share[NUMBER_BYTES];
    size_t used = strlen(note);
    share_text(all > 0 ? requests / all : 0, share);
    if (count > 0)
        snprintf(note + used, size - used, "%sAnd %zu more %.60s%s%s%s.",
                 used > 0 ? " " : "", count, what ? what : "rows",
                 all > 0 ? ", with " : "", all > 0 ? share : "",
                 all > 0 ? " of the requests" : "");
}

void page_empty(struct scene *scene, const struct theme *theme, struct frame inside,
                const char *sentence)
{
    mark_outline(scene, inside, (struct stroke){theme->grid, 1, true});
    struct point middle = {(inside.left + inside.right) / 2,
                           (inside.top + inside.bottom) / 2 + 0.33 * theme->base_pt};
    mark_text(scene, sentence,
              (struct text_mark){.at = middle,
                                 .anchor = ANCHOR_MIDDLE,
                                 .style = {.size_pt = theme->base_pt * 1.1},
                                 .ink = theme->faint,
                                 .max_pt = inside.right - inside.left});
}
