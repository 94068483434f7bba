/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names against names: see matrix.h. */
#include "plots/charts/matrix.h"

#include "plots/axis.h"
#include "plots/page.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Multiples of the base size. */
static const double row_height = 1.9, head_height = 1.7, total_room = 6.4;
static const double between = 0.7, widest_cell = 9, narrowest_cell = 4.3;
static const double most_name = 0.28; /* of the width */

struct grid {
    const struct matrix_data *data;
    struct frame frame;
    size_t rows, columns, first_column; /* drawn */
    struct scale key;                   /* from amounts to shares of the colours */
    bool any;
};

static double amount_of(const struct grid *grid, size_t row, size_t column)
{
    double amount =
        grid->data->amounts[row * grid->data->column_count + grid->first_column + column];
    bool known = grid->data->unit == MATRIX_LATENCY ? latency_is_known(amount)
                                                    : isfinite(amount) && amount >= 0;
    return known ? amount : NAN;
}

/* Latencies, and amounts that differ a lot, on a log key. */
static void find_key(struct grid *grid)
{
    const double skewed = 60;
    double least = INFINITY, most = 0;
    for (size_t row = 0; row < grid->rows; row++)
        for (size_t column = 0; column < grid->columns; column++) {
            double amount = amount_of(grid, row, column);
            if (isnan(amount))
                continue;
            grid->any = true;
            most = fmax(most, amount);
            if (amount > 0)
                least = fmin(least, amount);
        }
    if (grid->data->unit == MATRIX_LATENCY || most > skewed * least)
        grid->key = scale_log(least, most, 0.05, 1);
    else
        grid->key = scale_linear(0, most > 0 ? most : 1, 0, 1);
}

static void write_amount(const struct grid *grid, double amount, char out[NUMBER_BYTES])
{
    if (grid->data->unit == MATRIX_LATENCY)
        latency_text(amount, out);
    else if (grid->data->unit == MATRIX_SHARE)
        share_text(amount, out);
    else
        count_text(amount, out);
}

static double brightness(struct color color)
{
    return 0.3 * color.red + 0.59 * color.green + 0.11 * color.blue;
}

/* Ink that can be read on a fill: the paper's colour on what is far from it. */
static struct color ink_on(const struct theme *theme, struct color fill)
{
    double ink = fabs(brightness(fill) - brightness(theme->ink));
    double paper = fabs(brightness(fill) - brightness(theme->paper));
    return ink >= paper ? theme->ink : theme->paper;
}

/* "GET /cart, 2.8: p95 120 ms, n 300". */
static void tip_of_cell(struct scene *scene, const struct grid *grid, size_t row,
                        size_t column, const char *amount)
{
    const struct matrix_data *data = grid->data;
    struct label names[2];
    char count[NUMBER_BYTES] = "", tip[2 * LABEL_BYTES + 4 * NUMBER_BYTES];
    struct text_style style = {.size_pt = 1, .cut = CUT_MIDDLE};
    label_name(&names[0], data->rows[row], style, 40);
    label_name(&names[1], data->columns[grid->first_column + column], style, 30);
    if (data->requests)
        count_text((double)data
                       ->requests[row * data->column_count + grid->first_column + column],
                   count);
    snprintf(tip, sizeof(tip), "%s, %s: %.40s %s%s%s", names[0].text, names[1].text,
             data->what ? data->what : "", amount, count[0] ? ", n " : "", count);
    scene_tip(scene, tip);
}

static void draw_cell(struct scene *scene, const struct theme *theme,
                      const struct grid *grid, size_t row, size_t column,
                      struct frame cell)
{
    double amount = amount_of(grid, row, column);
    double share = fmin(fmax(scale_at(&grid->key, amount), 0), 1);
    struct color fill = isnan(amount) ? color_mix(theme->paper, theme->missing, 0.35)
                                      : theme_amount(theme, amount > 0 ? share : 0);
    struct text_style style = {theme->base_pt * THEME_SMALL, false, CUT_END};
    char text[NUMBER_BYTES] = "–";
    double room = cell.right - cell.left - 2;
    if (!isnan(amount))
        write_amount(grid, amount, text);
    tip_of_cell(scene, grid, row, column, isnan(amount) ? "no data" : text);
    mark_rect(scene, cell, fill);
    scene_tip(scene, NULL);
    if (text_width(text, style) > room)
        return; /* the tip has it */
    mark_text(
        scene, text,
        (struct text_mark){.at = {(cell.left + cell.right) / 2,
                                  (cell.top + cell.bottom) / 2 + 0.33 * theme->base_pt},
                           .anchor = ANCHOR_MIDDLE,
                           .style = style,
                           .ink = ink_on(theme, fill),
                           .max_pt = room});
}

static void draw_cells(struct scene *scene, const struct theme *theme,
                       const struct grid *grid)
{
    struct scale x = scale_band(grid->columns, grid->frame.left, grid->frame.right);
    struct scale y = scale_band(grid->rows, grid->frame.top, grid->frame.bottom);
    double half_x = scale_band_pt(&x) / 2 - 0.5, half_y = scale_band_pt(&y) / 2 - 0.5;
    for (size_t row = 0; row < grid->rows; row++)
        for (size_t column = 0; column < grid->columns; column++) {
            struct point at = {scale_at(&x, (double)column), scale_at(&y, (double)row)};
            draw_cell(scene, theme, grid, row, column,
                      (struct frame){at.x - half_x, at.y - half_y, at.x + half_x,
                                     at.y + half_y});
        }
}

/* --- names ----------------------------------------------------------------------------
 */

static void draw_name(struct scene *scene, const struct theme *theme, const char *raw,
                      struct point at, enum anchor anchor, struct color ink,
                      double max_pt)
{
    struct text_style style = {theme->base_pt, false, CUT_MIDDLE};
    struct label name;
    label_name(&name, raw, style, max_pt);
    mark_label(
        scene, &name,
        (struct text_mark){
            .at = at, .anchor = anchor, .style = style, .ink = ink, .max_pt = max_pt});
}

static void name_rows(struct scene *scene, const struct theme *theme,
                      const struct grid *grid, struct frame inside, double name_pt)
{
    double base = theme->base_pt;
    struct scale y = scale_band(grid->rows, grid->frame.top, grid->frame.bottom);
    for (size_t row = 0; row < grid->rows; row++) {
        double at = scale_at(&y, (double)row) + 0.35 * base;
        char count[NUMBER_BYTES];
        draw_name(scene, theme, grid->data->rows[row],
                  (struct point){grid->frame.left - between * base, at}, ANCHOR_END,
                  theme->ink, name_pt);
        if (!grid->data->row_total)
            continue;
        count_text((double)grid->data->row_total[row], count);
        draw_name(scene, theme, count, (struct point){inside.right, at}, ANCHOR_END,
                  theme->faint, total_room * base);
    }
}

static void name_columns(struct scene *scene, const struct theme *theme,
                         const struct grid *grid, struct frame inside)
{
    double base = theme->base_pt, y = grid->frame.top - 0.6 * base;
    struct scale x = scale_band(grid->columns, grid->frame.left, grid->frame.right);
    for (size_t column = 0; column < grid->columns; column++)
        draw_name(scene, theme, grid->data->columns[grid->first_column + column],
                  (struct point){scale_at(&x, (double)column), y}, ANCHOR_MIDDLE,
                  theme->faint, scale_band_pt(&x) - 0.4 * base);
    if (grid->data->row_total)
        draw_name(scene, theme, "requests", (struct point){inside.right, y}, ANCHOR_END,
                  theme->faint, total_room * base);
}

static double widest_name(const struct grid *grid, const struct theme *theme)
{
    double widest = 0, most = theme->width_pt * most_name;
    for (size_t row = 0; row < grid->rows; row++) {
        struct label name;
        label_name(&name, grid->data->rows[row],
                   (struct text_style){theme->base_pt, false, CUT_MIDDLE}, most);
        widest = fmax(widest, name.width_pt);
    }
    return fmin(widest * 1.04 + 1, most);
}

/* What is left of the width between names and totals. */
static double cells_room(const struct grid *grid, const struct theme *theme)
{
    double base = theme->base_pt;
    return theme->width_pt - (2.6 + between) * base - widest_name(grid, theme) -
           (grid->data->row_total ? (total_room + between) * base : 0);
}

/* So many that every cell has room for its number. */
static size_t columns_that_fit(const struct grid *grid, const struct theme *theme)
{
    size_t fit = (size_t)(cells_room(grid, theme) / (narrowest_cell * theme->base_pt));
    size_t columns = grid->data->column_count;
    columns = columns < MATRIX_MAX_COLUMNS ? columns : MATRIX_MAX_COLUMNS;
    return columns < fit ? columns : fit;
}

/* --- the chart ------------------------------------------------------------------------
 */

static void draw_grid(struct scene *scene, const struct theme *theme, struct grid *grid,
                      struct frame inside)
{
    double base = theme->base_pt, name_pt = widest_name(grid, theme);
    double most = widest_cell * base * (double)grid->columns;
    grid->frame = (struct frame){
        inside.left + name_pt + between * base, inside.top + head_height * base,
        inside.right - (grid->data->row_total ? (total_room + between) * base : 0),
        inside.top + head_height * base + row_height * base * (double)grid->rows};
    if (grid->frame.right - grid->frame.left > most) { /* few columns stay together */
        inside.right -= grid->frame.right - grid->frame.left - most;
        grid->frame.right = grid->frame.left + most;
    }
    draw_cells(scene, theme, grid);
    name_rows(scene, theme, grid, inside, name_pt);
    name_columns(scene, theme, grid, inside);
}

static void explain(char *note, size_t size, const struct grid *grid)
{
    const struct matrix_data *data = grid->data;
    size_t columns = grid->first_column;
    double left_out = 0, all = 0;
    struct label what;
    label_fit(&what, data->what, (struct text_style){.size_pt = 1}, 60);
    for (size_t row = 0; data->row_total && row < data->row_count; row++) {
        all += (double)data->row_total[row];
        left_out += row < grid->rows ? 0 : (double)data->row_total[row];
    }
    snprintf(note, size, "In the cells: %.240s%s; –: no data.",
             what.text[0] ? what.text : "amounts",
             grid->key.kind == SCALE_LOG ? ", colours on a log scale" : "");
    page_left_out(note, size, data->row_count - grid->rows, data->row_what, left_out,
                  all);
    size_t used = strlen(note);
    if (columns > 0)
        snprintf(note + used, size - used, " %zu older %.40s are not shown.", columns,
                 data->column_what ? data->column_what : "columns");
}

int chart_matrix(const struct matrix_data *data, const struct theme *theme,
                 struct scene *scene, const char **why)
{
    struct grid grid = {.data = data};
    double base = theme->base_pt;
    char note[640];
    grid.rows = data->row_count < MATRIX_MAX_ROWS ? data->row_count : MATRIX_MAX_ROWS;
    grid.columns = columns_that_fit(&grid, theme);
    grid.first_column = data->column_count - grid.columns;
    find_key(&grid);
    explain(note, sizeof(note), &grid);
    struct frame width = {0, 0, theme->width_pt - 2.6 * base, 0};
    double height = page_head_pt(theme, data->title, data->subtitle) +
                    (head_height + row_height * (double)grid.rows + 1) * base +
                    page_note_pt(theme, &width, note);
    if (!grid.any)
        height = page_head_pt(theme, data->title, data->subtitle) + 9 * base;
    struct frame inside = page_open(scene, theme, height, data->title, data->subtitle);
    if (!grid.any) {
        page_empty(scene, theme, inside, "No requests were counted: nothing to draw");
        return scene_ok(scene, why);
    }
    page_note(scene, theme, &inside, note);
    draw_grid(scene, theme, &grid, inside);
    return scene_ok(scene, why);
}
