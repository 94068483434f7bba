/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of latency charts: see curves.h. */
#include "plots/charts/curves.h"

#include <math.h>
#include <string.h>

const double curves_marked_shares[MARKED] = {0.50, 0.95, 0.99};
const char *const curves_marked_names[MARKED] = {"p50", "p95", "p99"};

bool curves_is_point(const struct latency_line *line, size_t i)
{
    return latency_is_known(line->latency_ns[i]) && line->share[i] >= 0 &&
           line->share[i] <= 1;
}

bool curves_has_points(const struct latency_line *line)
{
    for (size_t i = 0; i < line->points; i++)
        if (curves_is_point(line, i))
            return true;
    return false;
}

double curves_latency_at(const struct latency_line *line, double share)
{
    size_t low = 0, high = line->points;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (line->share[middle] < share)
            low = middle + 1;
        else
            high = middle;
    }
    while (low < line->points && !curves_is_point(line, low))
        low++;
    if (low == line->points)
        low--;
    while (low > 0 && !curves_is_point(line, low))
        low--;
    return line->latency_ns[low];
}

static struct curve make_curve(const struct latency_line *line)
{
    double requests = line->requests > 0 ? (double)line->requests : 1;
    return (struct curve){
        .line = line,
        .end_share = fmin(1 - 0.5 / requests, 1 - 1e-8),
        .marked_ns = {line->p50_ns, line->p95_ns, line->p99_ns},
    };
}

static void choose(struct curves *curves, const struct latency_data *data)
{
    *curves = (struct curves){.count = 0};
    for (size_t i = data->line_count; i-- > 0;) {
        if (!curves_has_points(&data->lines[i])) {
            curves->empty++;
        } else if (curves->count == MOST_DRAWN) {
            curves->left_out++;
        } else {
            curves->at[MOST_DRAWN - 1 - curves->count++] = make_curve(&data->lines[i]);
            if (data->lines[i].points > curves->most_points)
                curves->most_points = data->lines[i].points;
        }
    }
    memmove(curves->at, curves->at + MOST_DRAWN - curves->count,
            curves->count * sizeof(curves->at[0]));
}

static void color(struct curves *curves, const struct theme *theme)
{
    size_t colored = curves->count <= MOST_COLORED ? curves->count : 2;
    size_t first = curves->count - colored;
    const char *names[MOST_COLORED];
    unsigned char slots[MOST_COLORED];
    for (size_t i = 0; i < colored; i++)
        names[i] =
            curves->at[first + i].line->name ? curves->at[first + i].line->name : "";
    theme_slots(names, colored, slots);
    for (size_t i = 0; i < curves->count; i++) {
        struct curve *curve = &curves->at[i];
        size_t age = curves->count - 1 - i; /* 0 is the newest */
        curve->newest = age == 0;
        curve->colored = i >= first;
        curve->named = curve->colored || curves->count <= MOST_NAMED;
        curve->color = curve->colored ? theme->slots[slots[i - first]] : theme->muted;
        curve->name_color =
            curve->colored ? color_mix(curve->color, theme->ink, 0.3) : theme->faint;
        double thin = curve->colored ? 0.11 : 0.07;
        curve->width_pt = theme->base_pt * (age == 0 ? 0.2 : age == 1 ? 0.14 : thin);
    }
}

void curves_choose(struct curves *curves, const struct latency_data *data,
                   const struct theme *theme)
{
    choose(curves, data);
    color(curves, theme);
}

bool curves_is_marked(const struct curve *curve, size_t i)
{

    return latency_is_known(curve->marked_ns[i]) &&
           curves_marked_shares[i] <= curve->end_share;
}

void curves_name(struct label *label, const struct curve *curve, struct text_style style,
                 double max_pt)
{
    char count[NUMBER_BYTES], rest[NUMBER_BYTES + 8];
    count_text((double)curve->line->requests, count);
    snprintf(rest, sizeof(rest), "  n %s", count);
    label_name_with(label, curve->line->name, rest, style, max_pt);
}

struct text_style curves_name_style(const struct theme *theme, const struct curve *curve)
{
    return (struct text_style){theme->base_pt * (curve->colored ? 1 : THEME_SMALL),
                               curve->newest, CUT_MIDDLE};
}

double curves_widest_name(const struct curves *curves, const struct theme *theme,
                          double most_pt)
{
    double widest = 0;
    for (size_t i = 0; i < curves->count; i++) {
        struct label label;
        if (!curves->at[i].named)
            continue;
        curves_name(&label, &curves->at[i], curves_name_style(theme, &curves->at[i]),
                    most_pt);
        widest = fmax(widest, label.width_pt);
    }
    return widest;
}

struct side_name curves_side_name(const struct curves *curves, size_t i,
                                  const struct theme *theme, struct point end,
                                  double max_pt)
{
    const struct curve *curve = &curves->at[i];
    struct side_name name = {.style = curves_name_style(theme, curve),
                             .rule = curve->color,
                             .ink = curve->name_color,
                             .end = end,
                             .order = i};
    curves_name(&name.label, curve, name.style, max_pt);
    return name;
}

void curves_note(FILE *out, const struct curves *curves)
{
    size_t unnamed = 0;
    const struct curve *first = NULL, *last = NULL;
    for (size_t i = 0; i < curves->count; i++) {
        if (curves->at[i].named)
            continue;
        first = unnamed++ == 0 ? &curves->at[i] : first;
        last = &curves->at[i];
    }
    if (unnamed > 0) {
        struct label from, to;
        struct text_style style = {1, false, CUT_MIDDLE};
        label_name(&from, first->line->name, style, 24);
        label_name(&to, last->line->name, style, 24);
        fprintf(out, "Grey: %zu earlier versions, \u2068%s\u2069 to \u2068%s\u2069. ",
                unnamed, from.text, to.text);
    }
    if (curves->left_out > 0)
        fprintf(out, "%zu older versions are not drawn. ", curves->left_out);
    if (curves->empty > 0)
        fprintf(out, "%zu version%s no requests with a latency. ", curves->empty,
                curves->empty == 1 ? " has" : "s have");
}
