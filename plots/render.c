/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scene to cairo and pango: see render.h. */
#include "plots/render.h"

#include <errno.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>

/* Named, so that pictures do not change with a desktop's default font; fontconfig finds
 * fallbacks for the scripts that these two lack. Text widths in text.c are Noto Sans'. */
static const char family[] = "Noto Sans,DejaVu Sans";

static void set_color(cairo_t *cairo, struct color color)
{
    cairo_set_source_rgba(cairo, color.red / 255.0, color.green / 255.0,
                          color.blue / 255.0, color.alpha / 255.0);
}

/* To an eighth of a point: nobody sees it, and numbers in SVG get short. */
static double snap(double pt)
{
    return round(pt * 8) / 8;
}

static void trace_points(cairo_t *cairo, const struct shape *shape,
                         const struct point *points)
{
    if (shape->kind == SHAPE_RECTS) {
        for (size_t i = 0; i + 1 < shape->point_count; i += 2)
            cairo_rectangle(cairo, snap(points[i].x), snap(points[i].y),
                            snap(points[i + 1].x), snap(points[i + 1].y));
        return;
    }
    for (size_t i = 0; i < shape->point_count; i++) {
        if (shape->kind == SHAPE_DOTS) {
            cairo_new_sub_path(cairo);
            cairo_arc(cairo, points[i].x, points[i].y, shape->size_pt, 0, 2 * M_PI);
        } else {
            cairo_line_to(cairo, snap(points[i].x), snap(points[i].y));
        }
    }
}

static void draw_path(cairo_t *cairo, const struct shape *shape,
                      const struct point *points)
{
    static const double dashes[] = {4, 3};
    cairo_new_path(cairo);
    trace_points(cairo, shape, points);
    if (shape->fill.alpha != 0) {
        set_color(cairo, shape->fill);
        cairo_fill_preserve(cairo);
    }
    if (shape->stroke.alpha != 0) {
        set_color(cairo, shape->stroke);
        cairo_set_line_width(cairo, shape->stroke_pt);
        cairo_set_line_join(cairo, CAIRO_LINE_JOIN_ROUND);
        cairo_set_dash(cairo, dashes, shape->dashed ? 2 : 0, 0);
        cairo_stroke_preserve(cairo);
    }
    cairo_new_path(cairo);
}

static PangoLayout *lay_out(cairo_t *cairo, const struct shape *shape, double *width_pt)
{
    PangoLayout *layout = pango_cairo_create_layout(cairo);
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family_static(font, family);
    pango_font_description_set_absolute_size(font, shape->size_pt * PANGO_SCALE);
    pango_font_description_set_weight(font, shape->bold ? PANGO_WEIGHT_BOLD
                                                        : PANGO_WEIGHT_NORMAL);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_single_paragraph_mode(layout, TRUE);
    pango_layout_set_text(layout, shape->text, -1);
    /* pango looks for the direction inside an isolated name, too; the label around it is
     * ours */
    pango_layout_set_auto_dir(layout, strncmp(shape->text, "\u2068", 3) != 0);
    PangoRectangle logical;
    pango_layout_get_extents(layout, NULL, &logical);
    if (logical.width > shape->max_pt * PANGO_SCALE) {
        pango_layout_set_width(layout, (int)(shape->max_pt * PANGO_SCALE));
        pango_layout_set_ellipsize(layout, shape->cut == CUT_MIDDLE
                                               ? PANGO_ELLIPSIZE_MIDDLE
                                               : PANGO_ELLIPSIZE_END);
        pango_layout_get_extents(layout, NULL, &logical);
        logical.width +=
            logical.x; /* right-to-left text sits at the right of its width */
    }
    *width_pt = (double)logical.width / PANGO_SCALE;
    return layout;
}

static void draw_text(cairo_t *cairo, const struct shape *shape, struct point at)
{
    double width_pt;
    PangoLayout *layout = lay_out(cairo, shape, &width_pt);
    double left = shape->anchor == ANCHOR_START    ? at.x
                  : shape->anchor == ANCHOR_MIDDLE ? at.x - width_pt / 2
                                                   : at.x - width_pt;
    double baseline = (double)pango_layout_get_baseline(layout) / PANGO_SCALE;

    if (shape->stroke.alpha != 0) {
        double size = shape->size_pt, pad = shape->stroke_pt;
        cairo_rectangle(cairo, snap(left - pad), snap(at.y - 0.82 * size),
                        snap(width_pt + 2 * pad), snap(1.08 * size));
        set_color(cairo, shape->stroke);
        cairo_fill(cairo);
    }
    cairo_move_to(cairo, left, at.y - baseline);
    set_color(cairo, shape->fill);
    pango_cairo_show_layout(cairo, layout);
    g_object_unref(layout);
}

static void draw_scene(cairo_t *cairo, const struct scene *scene)
{
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(cairo, options);
    cairo_font_options_destroy(options);
    for (size_t i = 0; i < scene->count; i++) {
        const struct shape *shape = &scene->shapes[i];
        const struct point *points = &scene->points[shape->first_point];
        if (shape->kind == SHAPE_TEXT)
            draw_text(cairo, shape, points[0]);
        else
            draw_path(cairo, shape, points);
    }
}

static cairo_status_t write_bytes(void *file, const unsigned char *bytes, unsigned count)
{
    return fwrite(bytes, 1, count, file) == count ? CAIRO_STATUS_SUCCESS
                                                  : CAIRO_STATUS_WRITE_ERROR;
}

/* 0 when cairo and the file agree that all went well; closes the file. */
static int finish(FILE *file, cairo_status_t status, const char **why)
{
    int file_error = ferror(file) ? errno : 0;
    if (fclose(file) != 0 && file_error == 0)
        file_error = errno;
    if (status == CAIRO_STATUS_SUCCESS && file_error == 0)
        return 0;
    bool file_failed = file_error != 0 || status == CAIRO_STATUS_WRITE_ERROR;
    *why = file_failed ? strerror(file_error ? file_error : EIO)
                       : cairo_status_to_string(status);
    return -1;
}

static FILE *open_file(const char *path, const char **why)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        *why = strerror(errno);
    return file;
}

int render_png(const struct scene *scene, double scale, const char *path,
               const char **why)
{
    if (!(scale > 0 && scale <= 8)) {
        *why = "a picture's scale must be above 0 and at most 8";
        return -1;
    }
    if (scene_ok(scene, why) != 0)
        return -1;
    FILE *file = open_file(path, why);
    if (!file)
        return -1;
    cairo_surface_t *surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(scene->width_pt * scale),
                                   (int)ceil(scene->height_pt * scale));
    cairo_t *cairo = cairo_create(surface);
    cairo_scale(cairo, scale, scale);
    draw_scene(cairo, scene);
    cairo_status_t status = cairo_status(cairo);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_write_to_png_stream(surface, write_bytes, file);
    cairo_destroy(cairo);
    cairo_surface_destroy(surface);
    return finish(file, status, why);
}
