/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ratios with intervals, row by row: see forest.h. */
#include "plots/charts/forest.h"

#include "plots/axis.h"
#include "plots/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Multiples of the base size. */
static const double row_height = 1.5, group_gap = 0.5;
static const double metric_room = 3, change_room = 4.6, interval_room = 8.8,
                    verdict_room = 4.8, count_room = 7.6;
static const double between = 0.8;

/* Ratios that can be drawn. */
static const double least_ratio = 1e-4, most_ratio = 1e4;

static bool is_ratio(double ratio)
{
    return ratio >= least_ratio && ratio <= most_ratio;
}

static const char *name_of(const struct forest_row *row)
{
    return row->name ? row->name : "";
}

static bool starts_group(const struct forest_data *data, size_t i)
{
    return i == 0 || strcmp(name_of(&data->rows[i]), name_of(&data->rows[i - 1])) != 0;
}

/* Rows shown: as many whole groups as there is room for, one at least. */
static size_t rows_shown(const struct forest_data *data)
{
    size_t rows = data->row_count < FOREST_MAX_ROWS ? data->row_count : FOREST_MAX_ROWS;
    size_t whole = rows;
    while (whole > 0 && whole < data->row_count && !starts_group(data, whole))
        whole--;
    return whole > 0 ? whole : rows;
}

/* --- the axis -------------------------------------------------------------------------
 */

/* Round changes, from the finest to the coarsest that an axis may have. */
static const double changes[][9] = {
    {0.9, 0.95, 0.98, 1, 1.02, 1.05, 1.1, 0, 0}, {0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.4, 0, 0},
    {0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 3, 4},    {0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50},
    {1e-3, 1e-2, 1e-1, 1, 10, 100, 1000, 0, 0},  {1e-4, 1e-2, 1, 100, 1e4, 0, 0, 0, 0},
};

static void fill_axis(struct axis *axis, struct scale scale, const double *ratios)
{
    *axis = (struct axis){.scale = scale, .side = SIDE_BOTTOM, .grid = true};
    for (size_t i = 0; i < 9 && ratios[i] > 0; i++) {
        if (ratios[i] < scale.low || ratios[i] > scale.high)
            continue;
        axis->ticks[axis->count] = (struct tick){ratios[i], true};
        change_text(ratios[i], axis->names[axis->count++]);
    }
}

static bool has_room(const struct axis *axis, const struct theme *theme)
{
    for (size_t i = 1; i < axis->count; i++) {
        double apart = scale_at(&axis->scale, axis->ticks[i].value) -
                       scale_at(&axis->scale, axis->ticks[i - 1].value);
        if (apart < text_width(axis->names[i], axis_style(theme)) + theme->base_pt)
            return false;
    }
    return true;
}

/* The finest names that do not touch; of equally many names, the finer ones. */
static void choose_axis(struct axis *axis, const struct theme *theme, struct scale scale)
{
    size_t kinds = sizeof(changes) / sizeof(changes[0]), most = 0;
    fill_axis(axis, scale, changes[kinds - 1]);
    for (size_t i = 0; i < kinds; i++) {
        struct axis tried;
        fill_axis(&tried, scale, changes[i]);
        if (!has_room(&tried, theme) || tried.count <= most)
            continue;
        most = tried.count;
        *axis = tried;
    }
    axis->title = "change, log scale";
}

/* All estimates, and of the intervals what is not far beyond. */
struct span {
    size_t rows, known;
    double low, high;
    bool cut; /* an interval runs on beyond the edge */
};

static struct span span_of(const struct forest_data *data)
{
    const double far = 2.5;
    double outermost = fmax(1.1, 1 + 2 * fabs(data->least));
    struct span span = {
        .rows = rows_shown(data), .low = 1 / outermost, .high = outermost};
    for (size_t i = 0; i < span.rows; i++) {
        const struct forest_row *row = &data->rows[i];
        if (!is_ratio(row->ratio))
            continue;
        span.known++;
        span.low = fmin(span.low, row->ratio);
        span.high = fmax(span.high, row->ratio);
    }
    double low = span.low / far, high = span.high * far;
    for (size_t i = 0; i < span.rows; i++) {
        const struct forest_row *row = &data->rows[i];
        if (!is_ratio(row->ratio))
            continue;
        span.cut |= row->low < low || row->high > high;
        span.low = fmin(span.low, fmax(row->low, low)); /* both pass over NaN */
        span.high = fmax(span.high, fmin(row->high, high));
    }
    return span;
}

/* --- rows -----------------------------------------------------------------------------
 */

struct layout {
    struct frame frame;
    double metric_x; /* left ends of the columns left of the frame */
    double name_x, name_pt;
    double change_x, interval_x, verdict_x, count_x; /* right ends, but the verdict's */
    struct scale x;
    double least; /* change that counts */
};

static struct color color_of(const struct theme *theme, enum forest_verdict verdict)
{
    return verdict == FOREST_WORSE    ? theme->worse
           : verdict == FOREST_BETTER ? theme->better
           : verdict == FOREST_SAME   ? theme->muted
                                      : theme->faint;
}

/* What is the same in time may be another ratio: half a millisecond, and twice as much.
 */
static const char *word_of(const struct layout *at, const struct forest_row *row)
{
    static const char *const words[] = {"not clear", "same", "better", "worse"};
    double least = 1 + at->least;
    bool outside = row->low > least || row->high < 1 / least;
    return row->verdict == FOREST_SAME && outside ? "too little" : words[row->verdict];
}

static bool is_verdict(enum forest_verdict verdict)
{
    return verdict == FOREST_WORSE || verdict == FOREST_BETTER;
}

static void row_text(struct scene *scene, const struct theme *theme, const char *text,
                     struct point at, enum anchor anchor, bool bold, struct color ink,
                     double max_pt)
{
    struct text_style style = {theme->base_pt * THEME_SMALL, bold, CUT_MIDDLE};
    struct label label;
    label_fit(&label, text, style, max_pt);
    mark_label(scene, &label,
               (struct text_mark){.at = {at.x, at.y + 0.33 * theme->base_pt},
                                  .anchor = anchor,
                                  .style = style,
                                  .ink = ink,
                                  .max_pt = max_pt});
}

static double inside(const struct layout *at, double x)
{
    return fmin(fmax(x, at->frame.left), at->frame.right);
}

static void draw_interval(struct scene *scene, const struct theme *theme,
                          const struct layout *at, const struct forest_row *row, double y)
{
    struct color color = color_of(theme, row->verdict);
    double base = theme->base_pt;
    double low = isnan(row->low) ? row->ratio : row->low;
    double high = isnan(row->high) ? row->ratio : row->high;
    struct point from = {inside(at, scale_at(&at->x, low)), y};
    struct point to = {inside(at, scale_at(&at->x, high)), y};
    bool told = is_verdict(row->verdict);
    mark_rule(scene, from, to, (struct stroke){color, base * (told ? 0.2 : 0.12), false});
    mark_dot(scene, at->frame, (struct point){scale_at(&at->x, row->ratio), y},
             base * (told ? 0.36 : 0.28),
             row->verdict == FOREST_UNCLEAR ? theme->paper : color, color);
}

/* "GET /cart, p95: +34 % (+20 % to +50 %), worse, n 1 200 against 1 180". */
static void tip_of_row(struct scene *scene, const struct layout *at,
                       const struct forest_row *row)
{
    char texts[3][NUMBER_BYTES], counts[2][NUMBER_BYTES], rest[8 * NUMBER_BYTES];
    struct label name;
    change_text(row->ratio, texts[0]);
    change_text(row->low, texts[1]);
    change_text(row->high, texts[2]);
    count_text((double)row->newer, counts[0]);
    count_text((double)row->older, counts[1]);
    snprintf(rest, sizeof(rest), ", %.20s: %s (%s to %s), %s, n %s against %s",
             row->metric ? row->metric : "", texts[0], texts[1], texts[2],
             word_of(at, row), counts[0], counts[1]);
    label_name_with(&name, row->name, rest,
                    (struct text_style){.size_pt = 1, .cut = CUT_MIDDLE}, 140);
    scene_tip(scene, name.text);
}

static void draw_numbers(struct scene *scene, const struct theme *theme,
                         const struct layout *at, const struct forest_row *row, double y)
{
    char change[NUMBER_BYTES], low[NUMBER_BYTES], high[NUMBER_BYTES];
    char interval[2 * NUMBER_BYTES + 8];
    double base = theme->base_pt;
    struct color told = is_verdict(row->verdict)
                            ? color_mix(color_of(theme, row->verdict), theme->ink, 0.2)
                            : theme->faint;
    change_text(row->ratio, change);
    change_text(row->low, low);
    change_text(row->high, high);
    if (isinf(row->high))
        stpcpy(high, "∞");
    snprintf(interval, sizeof(interval), "%s to %s", low, high);
    row_text(scene, theme, change, (struct point){at->change_x, y}, ANCHOR_END,
             is_verdict(row->verdict), told, change_room * base);
    if (!isnan(row->low) && !isnan(row->high))
        row_text(scene, theme, interval, (struct point){at->interval_x, y}, ANCHOR_END,
                 false, theme->faint, interval_room * base);
    row_text(scene, theme, word_of(at, row), (struct point){at->verdict_x, y},
             ANCHOR_START, is_verdict(row->verdict), told, verdict_room * base);
}

/* The name and n, once for all rows of an endpoint. */
static void draw_group(struct scene *scene, const struct theme *theme,
                       const struct layout *at, const struct forest_row *row, double y,
                       bool first)
{
    double base = theme->base_pt;
    struct text_style style = {base, false, CUT_MIDDLE};
    struct label name;
    char older[NUMBER_BYTES], newer[NUMBER_BYTES], counts[2 * NUMBER_BYTES + 8];
    if (!first) {
        double above = y - (row_height + group_gap) / 2 * base;
        mark_rule(scene, (struct point){at->name_x, above},
                  (struct point){at->count_x, above},
                  (struct stroke){theme->grid, 1, false});
    }
    label_name(&name, row->name, style, at->name_pt);
    mark_label(scene, &name,
               (struct text_mark){.at = {at->name_x, y + 0.35 * base},
                                  .style = style,
                                  .ink = theme->ink,
                                  .max_pt = at->name_pt});
    count_text((double)row->older, older);
    count_text((double)row->newer, newer);
    snprintf(counts, sizeof(counts), "%s | %s", newer, older);
    row_text(scene, theme, counts, (struct point){at->count_x, y}, ANCHOR_END, false,
             theme->faint, count_room * base);
}

static void draw_row(struct scene *scene, const struct theme *theme,
                     const struct layout *at, const struct forest_row *row, double y)
{
    double base = theme->base_pt;
    row_text(scene, theme, row->metric, (struct point){at->metric_x, y}, ANCHOR_START,
             false, theme->ink, metric_room * base);
    if (!is_ratio(row->ratio)) {
        row_text(scene, theme, "too few requests to tell",
                 (struct point){at->frame.left + between * base, y}, ANCHOR_START, false,
                 theme->faint, at->frame.right - at->frame.left);
        return;
    }
    tip_of_row(scene, at, row);
    draw_interval(scene, theme, at, row, y);
    scene_tip(scene, NULL);
    draw_numbers(scene, theme, at, row, y);
}

/* Height of the rows with the gaps between endpoints. */
static double rows_pt(const struct forest_data *data, const struct theme *theme,
                      size_t rows)
{
    double height = 0;
    for (size_t i = 0; i < rows; i++)
        height += row_height + (i > 0 && starts_group(data, i) ? group_gap : 0);
    return height * theme->base_pt;
}

static void draw_rows(struct scene *scene, const struct theme *theme,
                      const struct forest_data *data, const struct layout *at,
                      size_t rows)
{
    double y = at->frame.top + row_height / 2 * theme->base_pt;
    for (size_t i = 0; i < rows; i++) {
        bool first = starts_group(data, i);
        if (i > 0)
            y += (row_height + (first ? group_gap : 0)) * theme->base_pt;
        if (first)
            draw_group(scene, theme, at, &data->rows[i], y, i == 0);
        draw_row(scene, theme, at, &data->rows[i], y);
    }
}

/* --- the chart ------------------------------------------------------------------------
 */

static double widest_name(const struct forest_data *data, const struct theme *theme,
                          size_t rows)
{
    double widest = 0, most = theme->width_pt * 0.24;
    for (size_t i = 0; i < rows; i++) {
        struct label name;
        label_name(&name, data->rows[i].name,
                   (struct text_style){theme->base_pt, false, CUT_MIDDLE}, most);
        widest = fmax(widest, name.width_pt);
    }
    return fmin(widest * 1.04 + 1, most);
}

static struct layout lay_out(const struct forest_data *data, const struct theme *theme,
                             const struct span *span, struct frame inside)
{
    double base = theme->base_pt;
    struct layout at = {
        .name_x = inside.left, .count_x = inside.right, .least = fabs(data->least)};
    at.name_pt = widest_name(data, theme, span->rows);
    at.metric_x = at.name_x + at.name_pt + between * base;
    at.verdict_x = at.count_x - (count_room + verdict_room) * base;
    at.interval_x = at.verdict_x - between * base;
    at.change_x = at.interval_x - interval_room * base;
    at.frame = (struct frame){at.metric_x + metric_room * base, inside.top + 1.6 * base,
                              at.change_x - change_room * base,
                              inside.top + 1.6 * base + rows_pt(data, theme, span->rows)};
    at.x = scale_log(span->low / 1.05, span->high * 1.05, at.frame.left, at.frame.right);
    return at;
}

static void draw_heads(struct scene *scene, const struct theme *theme,
                       const struct layout *at)
{
    double base = theme->base_pt, y = at->frame.top - 0.9 * base;
    row_text(scene, theme, "change", (struct point){at->change_x, y}, ANCHOR_END, false,
             theme->faint, change_room * base);
    row_text(scene, theme, "95 % interval", (struct point){at->interval_x, y}, ANCHOR_END,
             false, theme->faint, interval_room * base);
    row_text(scene, theme, "n newer | older", (struct point){at->count_x, y}, ANCHOR_END,
             false, theme->faint, count_room * base);
}

/* What does not count is shaded, "the same" is a rule. */
static void draw_band(struct scene *scene, const struct theme *theme,
                      const struct layout *at, double least)
{
    struct frame band = at->frame;
    band.left = fmax(scale_at(&at->x, 1 / (1 + fabs(least))), at->frame.left);
    band.right = fmin(scale_at(&at->x, 1 + fabs(least)), at->frame.right);
    if (band.right > band.left)
        mark_rect(scene, band, color_mix(theme->paper, theme->grid, 0.7));
}

static void explain(char *note, size_t size, const struct forest_data *data,
                    const struct span *span)
{
    char least[NUMBER_BYTES];
    latency_tick_text(data->least_ns, least);
    size_t used = (size_t)snprintf(
        note, size, "Shaded: changes of less than %.3g %%, which do not count%s%s.%s",
        fabs(data->least) * 100, data->least_ns > 0 ? ", as do none of less than " : "",
        data->least_ns > 0 ? least : "",
        span->cut ? " Some intervals run on beyond the edge." : "");
    size_t hidden = data->row_count - span->rows;
    if (hidden > 0 && used < size)
        used += (size_t)snprintf(note + used, size - used,
                                 " %zu more rows are not shown.", hidden);
    if (data->rest && used < size)
        snprintf(note + used, size - used, " %s", data->rest);
}

int chart_forest(const struct forest_data *data, const struct theme *theme,
                 struct scene *scene, const char **why)
{
    struct span span = span_of(data);
    double base = theme->base_pt;
    char note[512];
    explain(note, sizeof(note), data, &span);
    struct frame width = {0, 0, theme->width_pt - 2.6 * base, 0};
    double height = page_head_pt(theme, data->title, data->subtitle) +
                    rows_pt(data, theme, span.rows) + 5.5 * base +
                    page_note_pt(theme, &width, note);
    if (span.known == 0)
        height = page_head_pt(theme, data->title, data->subtitle) + 9 * base;
    struct frame inside = page_open(scene, theme, height, data->title, data->subtitle);
    if (span.known == 0) {
        page_empty(scene, theme, inside, "Too few requests to compare: nothing to draw");
        return scene_ok(scene, why);
    }
    page_note(scene, theme, &inside, note);
    struct layout at = lay_out(data, theme, &span, inside);
    struct axis axis;
    draw_band(scene, theme, &at, data->least);
    choose_axis(&axis, theme, at.x);
    axis_draw(scene, theme, &axis, at.frame);
    double same = scale_at(&at.x, 1);
    mark_rule(scene, (struct point){same, at.frame.top},
              (struct point){same, at.frame.bottom},
              (struct stroke){theme->faint, 1, false});
    draw_heads(scene, theme, &at);
    draw_rows(scene, theme, data, &at, span.rows);
    return scene_ok(scene, why);
}
