/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines in cells: see sparkline.h. */
#include "plots/charts/sparkline.h"

#include "plots/mark.h"
#include "plots/scales.h"

#include <math.h>
#include <string.h>

enum { MOST_VALUES = 100 };
/* Multiples of the base size. */
static const double width = 6, height = 1.3, edge = 0.25, line = 0.11, dot = 0.17;

/* The last values, as many as there is room for. */
static struct sparkline_data newest(const struct sparkline_data *data)
{
    struct sparkline_data kept = *data;
    if (kept.count > MOST_VALUES) {
        kept.values += kept.count - MOST_VALUES;
        kept.count = MOST_VALUES;
    }
    return kept;
}

static struct scale scale_of(const struct sparkline_data *data, struct frame frame)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < data->count; i++)
        if (isfinite(data->values[i])) {
            low = fmin(low, data->values[i]);
            high = fmax(high, data->values[i]);
        }
    return scale_linear(low, high, frame.bottom, frame.top);
}

/* Runs of values between gaps; a value alone is a dot. */
static void draw(struct scene *scene, const struct theme *theme,
                 const struct sparkline_data *data, struct frame frame)
{
    struct scale y = scale_of(data, frame);
    struct point run[MOST_VALUES], last = {0, 0};
    struct frame all = {0, 0, scene->width_pt, scene->height_pt};
    double step = (frame.right - frame.left) / fmax((double)data->count - 1, 1);
    size_t length = 0, drawn = 0;
    for (size_t i = 0; i <= data->count; i++) {
        bool known = i < data->count && isfinite(data->values[i]);
        if (known) {
            last = (struct point){frame.left + step * (double)i,
                                  scale_at(&y, data->values[i])};
            run[length++] = last;
            drawn++;
            continue;
        }
        if (length > 1)
            mark_line(scene, all, run, length,
                      (struct stroke){theme->steps[5], line * theme->base_pt, false});
        else if (length == 1)
            mark_dots(scene, run, 1, line * theme->base_pt, theme->steps[5]);
        length = 0;
    }
    if (drawn > 0)
        mark_dots(scene, &last, 1, dot * theme->base_pt, theme->steps[7]);
}

int chart_sparkline(const struct sparkline_data *data, const struct theme *theme,
                    struct scene *scene, const char **why)
{
    double base = theme->base_pt;
    struct sparkline_data kept = newest(data);
    struct label title;
    scene_init(scene, width * base, height * base);
    label_fit(&title, data->title, (struct text_style){.size_pt = 1}, 100);
    scene->title = strdup(title.text);
    scene->failed = !scene->title;
    draw(scene, theme, &kept,
         (struct frame){edge * base, edge * base, (width - edge) * base,
                        (height - edge) * base});
    return scene_ok(scene, why);
}
