/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hours down, days across, amounts as colour: see heatmap.h. */
#include "plots/charts/heatmap.h"

#include "plots/axis.h"
#include "plots/page.h"
#include "plots/time_axis.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    HOURS = 24,
    LEVELS = 64, /* colours told apart; cells of one level are one shape */
    SKEWED = 60, /* most / median beyond this: a linear key would show one hour only */
};

/* Either kind of heat map, after what differs is settled. */
struct grid {
    const double *amounts; /* [columns][24] */
    size_t columns;
    const char *unit;
};

/* From amounts to colours: share 0..1 of the key. */
struct key {
    struct scale scale; /* places are the shares */

    double most;
    bool any, any_missing;
};

/* Memory that a picture needs while it is drawn, for every cell. */
struct workspace {
    double *sorted;
    unsigned char *levels;
    struct point *points; /* two a cell */
};

static void workspace_release(struct workspace *work)
{
    free(work->sorted);
    free(work->levels);
    free(work->points);
}

/* False when out of memory; to be released either way. */
static bool workspace_init(struct workspace *work, size_t cells)
{
    *work = (struct workspace){malloc((cells + 1) * sizeof(double)), malloc(cells + 1),
                               malloc((2 * cells + 1) * sizeof(struct point))};
    return work->sorted && work->levels && work->points;
}

static bool is_amount(double amount)
{
    return isfinite(amount) && amount >= 0;
}

static int ascending(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Median of the amounts above 0, by sorting a copy in sorted. */
static double median_above_zero(const struct grid *grid, double *sorted, double *least)
{
    size_t count = 0;
    for (size_t i = 0; i < grid->columns * HOURS; i++)
        if (is_amount(grid->amounts[i]) && grid->amounts[i] > 0)
            sorted[count++] = grid->amounts[i];
    qsort(sorted, count, sizeof(*sorted), ascending);
    *least = count ? sorted[0] : 1;
    return count ? sorted[count / 2] : 1;
}

/* A log key where a linear one would show nothing but the busiest hours. */
static struct key make_key(const struct grid *grid, double *scratch)
{
    struct key key = {.any = false};
    double least;
    for (size_t i = 0; i < grid->columns * HOURS; i++) {
        bool amount = is_amount(grid->amounts[i]);
        key.any |= amount;
        key.any_missing |= !amount;
        key.most = amount ? fmax(key.most, grid->amounts[i]) : key.most;
    }
    double median = median_above_zero(grid, scratch, &least);

    key.scale = key.most > SKEWED * median
                    ? scale_log(least, key.most, 0.06, 1)
                    : scale_linear(0, key.most > 0 ? key.most : 1, 0, 1);
    return key;
}

static double key_share(const struct key *key, double amount)
{
    if (key->scale.kind == SCALE_LOG && amount <= 0)
        return 0;
    return fmin(fmax(scale_at(&key->scale, amount), 0), 1);
}

static struct color level_color(const struct theme *theme, size_t level)
{
    return theme_amount(theme, (double)level / (LEVELS - 1));
}

static size_t level_of(const struct key *key, double amount)
{
    return (size_t)lround(key_share(key, amount) * (LEVELS - 1));
}

/* Large cells are parted by a line of paper; small ones overlap a little, so that no line
 * shows between two of the same colour. */
static double cell_gap(double cell_pt)
{
    return cell_pt >= 8 ? 1 : cell_pt >= 4 ? 0.5 : -0.25;
}

/* "1 200 to 1 250 requests an hour": what all cells of a colour hold. */
static void tip_of_level(struct scene *scene, const struct grid *grid, size_t level,
                         double least, double most)
{
    char from[NUMBER_BYTES], to[NUMBER_BYTES], rest[2 * NUMBER_BYTES + 8];
    struct label tip;
    count_text(least, from);
    count_text(most, to);
    bool one = strcmp(from, to) == 0;
    snprintf(rest, sizeof(rest), "%s%s%s ", from, one ? "" : " to ", one ? "" : to);
    label_fit(&tip, grid->unit ? grid->unit : "",
              (struct text_style){.size_pt = 1, .cut = CUT_MIDDLE}, 50);
    char whole[LABEL_BYTES + sizeof(rest)];
    snprintf(whole, sizeof(whole), "%s%s", rest, tip.text);
    scene_tip(scene, level == LEVELS ? "no data" : whole);
}

/* All cells of one level as one shape; level LEVELS is "no data". */
static void draw_level(struct scene *scene, const struct theme *theme,
                       const struct grid *grid, struct frame frame, size_t level,
                       struct workspace *work)
{
    struct scale x = scale_band(grid->columns, frame.left, frame.right);
    struct scale y = scale_band(HOURS, frame.top, frame.bottom);
    double width = scale_band_pt(&x), height = scale_band_pt(&y);
    struct point size = {width - cell_gap(width), height - cell_gap(height)};
    size_t count = 0;
    double least = INFINITY, most = 0;
    for (size_t i = 0; i < grid->columns * HOURS; i++) {
        if (work->levels[i] != level)
            continue;
        least = fmin(least, grid->amounts[i]);
        most = fmax(most, grid->amounts[i]);
        size_t column = i / HOURS, hour = i % HOURS;
        work->points[count++] = (struct point){scale_at(&x, (double)column) - width / 2,
                                               scale_at(&y, (double)hour) - height / 2};
        work->points[count++] = size;
    }
    struct color color = level == LEVELS ? theme->missing : level_color(theme, level);
    if (count == 0)
        return;
    tip_of_level(scene, grid, level, least, most);
    scene_add(scene, &(struct shape){.kind = SHAPE_RECTS, .fill = color}, work->points,
              count);
    scene_tip(scene, NULL);
}

static void draw_cells(struct scene *scene, const struct theme *theme,
                       const struct grid *grid, const struct key *key, struct frame frame,
                       struct workspace *work)
{
    for (size_t i = 0; i < grid->columns * HOURS; i++) {
        double amount = grid->amounts[i];
        work->levels[i] =
            (unsigned char)(is_amount(amount) ? level_of(key, amount) : LEVELS);
    }
    for (size_t level = 0; level <= LEVELS; level++)
        draw_level(scene, theme, grid, frame, level, work);
}

static void draw_hours(struct scene *scene, const struct theme *theme, struct frame frame)
{
    struct axis axis = {.scale = scale_band(HOURS, frame.top, frame.bottom),
                        .side = SIDE_LEFT};
    for (int hour = 0; hour < HOURS; hour += 3) {
        axis.ticks[axis.count] = (struct tick){hour, true};
        snprintf(axis.names[axis.count++], NUMBER_BYTES, "%02d:00", hour);
    }
    axis_draw(scene, theme, &axis, frame);
}

/* A number at the right side of the key. */
static void name_key(struct scene *scene, const struct theme *theme, const char *name,
                     struct point at, double right)
{
    double base = theme->base_pt;
    mark_rule(scene, at, (struct point){at.x + base * 0.3, at.y},
              (struct stroke){theme->faint, 0.75, false});
    mark_text(scene, name,
              (struct text_mark){.at = {at.x + base * 0.5, at.y + 0.33 * base},
                                 .style = axis_style(theme),
                                 .ink = theme->faint,
                                 .max_pt = right - at.x - base * 0.5});
}

/* The bar of colours with its numbers, and what the grey means. */
static void draw_key(struct scene *scene, const struct theme *theme,
                     const struct key *key, struct frame frame)
{
    double base = theme->base_pt, width = base * 1.1;
    struct frame bar = {frame.left, frame.top, frame.left + width,
                        frame.bottom - (key->any_missing ? 3 * base : 0)};
    double step = (bar.bottom - bar.top) / LEVELS;
    for (size_t level = 0; level < LEVELS; level++) {
        double bottom = bar.bottom - step * (double)level;
        mark_rect(scene,
                  (struct frame){bar.left, bottom - step - 0.25, bar.right, bottom},
                  level_color(theme, level));
    }
    struct axis axis;
    struct scale scale = key->scale;
    scale.from = bar.bottom - key->scale.from * (bar.bottom - bar.top);
    scale.to = bar.top;
    axis_init(&axis, theme, scale, SIDE_LEFT, count_text);
    for (size_t i = 0; i < axis.count; i++)

        if (axis.ticks[i].named && axis.ticks[i].value <= key->most * (1 + 1e-9))
            name_key(scene, theme, axis.names[i],
                     (struct point){bar.right, scale_at(&scale, axis.ticks[i].value)},
                     frame.right);
    if (scale.kind == SCALE_LOG)
        name_key(scene, theme, "0", (struct point){bar.right, bar.bottom}, frame.right);
    if (!key->any_missing)
        return;
    struct frame box = {bar.left, frame.bottom - width, bar.right, frame.bottom};
    mark_rect(scene, box, theme->missing);
    mark_text(scene, "no data",
              (struct text_mark){
                  .at = {box.right + base * 0.5, box.bottom - width / 2 + 0.33 * base},
                  .style = axis_style(theme),
                  .ink = theme->faint,
                  .max_pt = frame.right - box.right});
}

static void draw_unit(struct scene *scene, const struct theme *theme,
                      const struct grid *grid, const struct key *key, struct frame inside)
{
    struct text_style style = axis_style(theme);
    double max_pt = inside.right - inside.left;
    struct label unit;
    label_name_with(&unit, grid->unit ? grid->unit : "amount",
                    key->scale.kind == SCALE_LOG ? ", log scale" : "", style, max_pt);
    mark_label(scene, &unit,
               (struct text_mark){.at = {inside.right, inside.top + 0.6 * theme->base_pt},
                                  .anchor = ANCHOR_END,
                                  .style = style,
                                  .ink = theme->faint,
                                  .max_pt = max_pt});
}

/* Everything but the names of the columns; *frame is where the cells are. False where
 * there is nothing to name columns for. */
static bool draw_grid(struct scene *scene, const struct theme *theme,
                      const struct grid *grid, struct frame inside, struct frame *frame)
{
    struct workspace work;
    bool drawn = false;
    if (!workspace_init(&work, grid->columns * HOURS)) {
        scene->failed = true;
        goto release_workspace;
    }
    struct key key = make_key(grid, work.sorted);
    drawn = key.any;
    if (!key.any) {
        page_empty(scene, theme, inside, "No requests were counted: nothing to draw");
        goto release_workspace;
    }
    double base = theme->base_pt;
    *frame = (struct frame){inside.left + 3.6 * base, inside.top + 1.6 * base,
                            inside.right - 7 * base, inside.bottom - 1.8 * base};
    draw_unit(scene, theme, grid, &key, inside);
    draw_cells(scene, theme, grid, &key, *frame, &work);
    draw_hours(scene, theme, *frame);
    draw_key(scene, theme, &key,
             (struct frame){frame->right + 1.4 * base, frame->top, inside.right,
                            frame->bottom});
release_workspace:
    workspace_release(&work);
    return drawn;
}

/* "Tue 3 Mar" as "Tue 3". */
static void without_month(char name[NUMBER_BYTES])
{
    char *last = strrchr(name, ' ');
    if (last)
        *last = '\0';
}

static void name_days(struct scene *scene, const struct theme *theme, int64_t first_day,
                      size_t days, struct frame frame)
{
    /* places of days are the middles of their columns */
    double half = (frame.right - frame.left) / (double)days / 2;
    struct scale time = scale_time((double)first_day * 86400,
                                   (double)(first_day + (int64_t)days - 1) * 86400,
                                   frame.left + half, frame.right - half);
    struct axis axis = {.scale = time, .side = SIDE_BOTTOM};
    struct time_step step;
    bool narrow = false;
    if (days == 1) {
        axis.count = 1;
        axis.ticks[0] = (struct tick){(double)first_day * 86400, true};
        axis.scale = scale_linear(axis.ticks[0].value - 1, axis.ticks[0].value + 1,
                                  frame.left, frame.right);
        step = (struct time_step){TIME_DAY, 1};
    } else {
        /* every day has a name where a column is as wide as "Tue 10" */
        double whole_pt = theme->base_pt * 6, narrow_pt = theme->base_pt * 3.6;
        bool each = 2 * half >= narrow_pt;
        narrow = each && 2 * half < whole_pt;
        double label_pt = each ? 2 * half : whole_pt;
        axis.count =
            scale_time_ticks(&time, label_pt, NULL, NULL, axis.ticks, AXIS_TICKS, &step);
    }
    long long year = INT64_MIN;
    for (size_t i = 0; i < axis.count; i++) {
        long long day = (long long)floor(axis.ticks[i].value / 86400);
        time_axis_name_day(day, step, civil_from_days(day).year != year, axis.names[i]);
        if (narrow && i > 0 && civil_from_days(day).day != 1)
            without_month(axis.names[i]);
        year = civil_from_days(day).year;
    }
    axis_draw(scene, theme, &axis, frame);
}

/* Appends to note, which holds size bytes. */
__attribute__((format(printf, 3, 4))) static void append(char *note, size_t size,
                                                         const char *format, ...)
{
    size_t used = strlen(note);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(note + used, size - used, format, arguments);
    va_end(arguments);
}

static void note_zone(char *note, size_t size, const char *zone)
{
    struct label name;
    label_fit(&name, zone, (struct text_style){.size_pt = 1}, 60);
    if (name.text[0] != '\0')
        append(note, size, "Hours in %s. ", name.text);
}

static void note_dates(char *note, size_t size, int64_t first_day, size_t days,
                       size_t left_out)
{
    char date[NUMBER_BYTES];
    if (days == 0)
        return;
    time_axis_date(first_day, date);
    append(note, size, "%s", date);
    time_axis_date(first_day + (int64_t)days - 1, date);
    if (days > 1)
        append(note, size, " to %s", date);
    append(note, size, ". ");
    if (left_out > 0)
        append(note, size, "The %zu days before are not shown. ", left_out);
}

int chart_heatmap_days(const struct heatmap_days *data, const struct theme *theme,
                       struct scene *scene, const char **why)
{
    size_t left_out = data->days > HEATMAP_MAX_DAYS ? data->days - HEATMAP_MAX_DAYS : 0;
    struct grid grid = {data->amounts + left_out * HOURS, data->days - left_out,
                        data->unit};
    char note[LABEL_BYTES + 192] = "";
    note_zone(note, sizeof(note), data->zone);
    note_dates(note, sizeof(note), data->first_day + (int64_t)left_out, grid.columns,
               left_out);
    struct frame inside =
        page_open(scene, theme, theme->height_pt, data->title, data->subtitle);
    struct frame frame;
    page_note(scene, theme, &inside, note);
    if (draw_grid(scene, theme, &grid, inside, &frame))
        name_days(scene, theme, data->first_day + (int64_t)left_out, grid.columns, frame);
    return scene_ok(scene, why);
}

int chart_heatmap_week(const struct heatmap_week *data, const struct theme *theme,
                       struct scene *scene, const char **why)
{
    static const char *const names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};
    struct grid grid = {data->amounts, 7, data->unit};
    char note[LABEL_BYTES + 64] = "";
    note_zone(note, sizeof(note), data->zone);
    struct frame inside =
        page_open(scene, theme, theme->height_pt, data->title, data->subtitle);
    struct frame frame;
    page_note(scene, theme, &inside, note);
    if (draw_grid(scene, theme, &grid, inside, &frame)) {
        struct axis axis = {.scale = scale_band(7, frame.left, frame.right),
                            .side = SIDE_BOTTOM,
                            .count = 7};
        for (int i = 0; i < 7; i++) {
            axis.ticks[i] = (struct tick){i, true};
            stpcpy(axis.names[i], names[i]);
        }
        axis_draw(scene, theme, &axis, frame);
    }
    return scene_ok(scene, why);
}
