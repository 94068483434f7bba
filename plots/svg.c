/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scene to inline SVG: see svg.h. */
#include "plots/svg.h"

#include "plots/theme.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- attributes -----------------------------------------------------------------------
 */

enum { DECIMAL_BYTES = 24 };

/* Where markup goes: libxml2 tells of a failure in every call, the first one is kept. */
struct walk {
    xmlTextWriter *writer;
    struct svg_palette *palette; /* NULL: light only */
    bool alone;                  /* a file, not part of a page */
    bool failed;
};

static void note(struct walk *walk, int result)
{
    walk->failed |= result < 0;
}

/* "12.5", "-3", ".2": tenths, whatever the locale. */
static void decimal_text(char out[DECIMAL_BYTES], long tenths)
{
    long whole = labs(tenths) / 10, rest = labs(tenths) % 10;
    const char *sign = tenths < 0 ? "-" : "";
    if (rest == 0)
        snprintf(out, DECIMAL_BYTES, "%s%ld", sign, whole);
    else if (whole == 0)
        snprintf(out, DECIMAL_BYTES, "%s.%ld", sign, rest);
    else
        snprintf(out, DECIMAL_BYTES, "%s%ld.%ld", sign, whole, rest);
}

static long tenths_of(double pt)
{
    return lround(pt * 10);
}

static void open_element(struct walk *walk, const char *name)
{
    note(walk, xmlTextWriterStartElement(walk->writer, (const xmlChar *)name));
}

static void close_element(struct walk *walk)
{
    note(walk, xmlTextWriterEndElement(walk->writer));
}

static void add_attribute(struct walk *walk, const char *name, const char *value)
{
    note(walk, xmlTextWriterWriteAttribute(walk->writer, (const xmlChar *)name,
                                           (const xmlChar *)value));
}

static void add_number(struct walk *walk, const char *name, double pt)
{
    char text[DECIMAL_BYTES];
    decimal_text(text, tenths_of(pt));
    add_attribute(walk, name, text);
}

static void add_text(struct walk *walk, const char *text)
{
    note(walk, xmlTextWriterWriteString(walk->writer, (const xmlChar *)text));
}

static void add_color(struct walk *walk, const char *name, struct color color)
{
    char hex[8];
    snprintf(hex, sizeof(hex), "#%02x%02x%02x", color.red, color.green, color.blue);
    add_attribute(walk, name, hex);
}

static void add_opacity(struct walk *walk, const char *name, struct color color)
{
    char share[8];
    if (color.alpha == 255)
        return;
    snprintf(share, sizeof(share), ".%02d", color.alpha * 100 / 256);
    add_attribute(walk, name, share);
}

/* Fill and stroke of a shape, and what they become in the dark. */
static void add_colors(struct walk *walk, const struct shape *shape,
                       const struct shape *dark)
{
    char class[64] = "";
    size_t used = 0, fill = 0, stroke = 0;
    if (shape->fill.alpha != 0) {
        add_color(walk, "fill", shape->fill);
        add_opacity(walk, "fill-opacity", shape->fill);
    }
    if (shape->stroke.alpha != 0) {
        add_color(walk, "stroke", shape->stroke);
        add_opacity(walk, "stroke-opacity", shape->stroke);
    }
    if (!dark)
        return;
    if (shape->fill.alpha != 0) {
        fill = svg_palette_add(walk->palette, shape->fill, dark->fill);
        used = (size_t)snprintf(class, sizeof(class), "f%zu", fill);
    }
    if (shape->stroke.alpha != 0) {
        stroke = svg_palette_add(walk->palette, shape->stroke, dark->stroke);
        snprintf(class + used, sizeof(class) - used, "%ss%zu", used ? " " : "", stroke);
    }
    walk->failed |= fill == SIZE_MAX || stroke == SIZE_MAX;
    if (class[0] != '\0')
        add_attribute(walk, "class", class);
}

static void add_tip(struct walk *walk, const struct shape *shape)
{
    if (!shape->tip)
        return;
    note(walk, xmlTextWriterWriteElement(walk->writer, (const xmlChar *)"title",
                                         (const xmlChar *)shape->tip));
}

/* --- shapes ---------------------------------------------------------------------------
 */

/* A path under construction; where the pen is, in tenths, as it was rounded. */
struct path {
    char *bytes;
    size_t length;
    FILE *out;
    long x, y;
};

static void path_number(struct path *path, char command, long tenths)
{
    char text[DECIMAL_BYTES];
    decimal_text(text, tenths);
    if (command == ' ' && text[0] == '-') /* the sign parts numbers */
        fputs(text, path->out);
    else
        fprintf(path->out, "%c%s", command, text);
}

static void path_to(struct path *path, struct point to, bool first)
{
    long x = tenths_of(to.x), y = tenths_of(to.y);
    if (first) {
        path_number(path, 'M', x);
        path_number(path, ' ', y);
    } else if (x == path->x && y == path->y) {
        return;
    } else if (y == path->y) {
        path_number(path, 'h', x - path->x);
    } else if (x == path->x) {
        path_number(path, 'v', y - path->y);
    } else {
        path_number(path, 'l', x - path->x);
        path_number(path, ' ', y - path->y);
    }
    path->x = x;
    path->y = y;
}

static void path_rect(struct path *path, struct point corner, struct point size)
{
    path_to(path, corner, true);
    path_number(path, 'h', tenths_of(size.x));
    path_number(path, 'v', tenths_of(size.y));
    path_number(path, 'h', -tenths_of(size.x));
    fputc('z', path->out);
}

static void path_shape(struct path *path, const struct shape *shape,
                       const struct point *points)
{
    if (shape->kind == SHAPE_RECTS)
        for (size_t i = 0; i + 1 < shape->point_count; i += 2)
            path_rect(path, points[i], points[i + 1]);
    else
        for (size_t i = 0; i < shape->point_count; i++)
            path_to(path, points[i], i == 0);
}

static void add_path(struct walk *walk, const struct scene *scene,
                     const struct shape *shapes, size_t count)
{
    struct path path = {.bytes = NULL};
    path.out = open_memstream(&path.bytes, &path.length);
    if (!path.out) {
        walk->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++)
        path_shape(&path, &shapes[i], &scene->points[shapes[i].first_point]);
    walk->failed |= fclose(path.out) != 0;
    if (!walk->failed)
        add_attribute(walk, "d", path.bytes);
    free(path.bytes);
}

static bool same_paint(const struct shape *a, const struct shape *b)
{
    return color_is(a->fill, b->fill) && a->fill.alpha == b->fill.alpha &&
           color_is(a->stroke, b->stroke) && a->stroke.alpha == b->stroke.alpha;
}

/* Lines that look the same and follow each other, as those of a grid do, are one path;
 * what has a tip or an area stays alone. */
static bool joins(const struct shape *shape, const struct shape *next)
{
    return shape->kind == SHAPE_LINE && next->kind == SHAPE_LINE && !shape->tip &&
           !next->tip && shape->fill.alpha == 0 && same_paint(shape, next) &&
           shape->stroke_pt == next->stroke_pt && shape->dashed == next->dashed;
}

static void write_path(struct walk *walk, const struct scene *scene,
                       const struct shape *shape, size_t count, const struct shape *dark)
{
    open_element(walk, "path");
    add_path(walk, scene, shape, count);
    add_colors(walk, shape, dark);
    if (shape->stroke.alpha != 0)
        add_number(walk, "stroke-width", shape->stroke_pt);
    if (shape->dashed)
        add_attribute(walk, "stroke-dasharray", "4 3");
    add_tip(walk, shape);
    close_element(walk);
}

/* Many dots of one look: points of a line that is as wide as they are, and round. */
static void write_cloud(struct walk *walk, const struct shape *shape,
                        const struct shape *dark, const struct point *points)
{
    struct shape line = *shape, dark_line = dark ? *dark : (struct shape){0};
    struct path path = {.bytes = NULL};
    path.out = open_memstream(&path.bytes, &path.length);
    if (!path.out) {
        walk->failed = true;
        return;
    }
    for (size_t i = 0; i < shape->point_count; i++) {
        path_to(&path, points[i], true);
        fputs("h0", path.out);
    }
    walk->failed |= fclose(path.out) != 0;
    line.stroke = shape->fill;
    dark_line.stroke = dark_line.fill;
    line.fill.alpha = dark_line.fill.alpha = 0;
    open_element(walk, "path");
    if (path.bytes)
        add_attribute(walk, "d", path.bytes);
    add_colors(walk, &line, dark ? &dark_line : NULL);
    add_number(walk, "stroke-width", 2 * shape->size_pt);
    add_attribute(walk, "stroke-linecap", "round");
    close_element(walk);
    free(path.bytes);
}

static void write_dots(struct walk *walk, const struct shape *shape,
                       const struct shape *dark, const struct point *points)
{
    for (size_t i = 0; i < shape->point_count; i++) {
        open_element(walk, "circle");
        add_number(walk, "cx", points[i].x);
        add_number(walk, "cy", points[i].y);
        add_number(walk, "r", shape->size_pt);
        add_colors(walk, shape, dark);
        if (shape->stroke.alpha != 0)
            add_number(walk, "stroke-width", shape->stroke_pt);
        add_tip(walk, shape);
        close_element(walk);
    }
}

/* The plate of a text is the outline of its letters here: it fits whatever font the
 * reader has. */
static void write_text(struct walk *walk, const struct shape *shape, struct point at)
{
    open_element(walk, "text");
    add_number(walk, "x", at.x);
    add_number(walk, "y", at.y);
    if (shape->anchor != ANCHOR_START)
        add_attribute(walk, "text-anchor",
                      shape->anchor == ANCHOR_MIDDLE ? "middle" : "end");
    if (!shape->attached) /* else the group has it */
        add_tip(walk, shape);
    add_text(walk, shape->text);
    close_element(walk);
}

static bool same_style(const struct shape *shape, const struct shape *next)
{
    return next->kind == SHAPE_TEXT && !next->attached && same_paint(shape, next) &&
           shape->size_pt == next->size_pt && shape->bold == next->bold;
}

/* Texts of one look that follow each other share a group. */
static void write_texts(struct walk *walk, const struct scene *scene,
                        const struct shape *shapes, size_t count,
                        const struct shape *dark)
{
    open_element(walk, "g");
    add_number(walk, "font-size", shapes->size_pt);
    if (shapes->bold)
        add_attribute(walk, "font-weight", "bold");
    add_colors(walk, shapes, dark);
    if (shapes->stroke.alpha != 0) {
        add_number(walk, "stroke-width", shapes->size_pt * 0.3);
        add_attribute(walk, "paint-order", "stroke");
    }
    for (size_t i = 0; i < count; i++)
        write_text(walk, &shapes[i], scene->points[shapes[i].first_point]);
    close_element(walk);
}

/* A rectangle with a name, and the text in it, in one group: what a script moves. */
static void write_frame(struct walk *walk, const struct scene *scene, size_t i,
                        size_t count, const struct shape *dark)
{
    const struct shape *shape = &scene->shapes[i];
    const struct point *at = &scene->points[shape->first_point];
    open_element(walk, "g");
    add_attribute(walk, "data-frame", shape->data);
    add_tip(walk, shape);
    open_element(walk, "rect");
    add_number(walk, "x", at[0].x);
    add_number(walk, "y", at[0].y);
    add_number(walk, "width", at[1].x);
    add_number(walk, "height", at[1].y);
    add_colors(walk, shape, dark);
    close_element(walk);
    if (count > 1)
        write_texts(walk, scene, shape + 1, 1, dark ? dark + 1 : NULL);
    close_element(walk);
}

/* How many shapes from i on become one element; what they are in the dark agrees, too. */
static size_t run_length(const struct scene *scene, const struct scene *dark, size_t i)
{
    const struct shape *first = &scene->shapes[i];
    size_t end = i + 1;
    if (first->data)
        return end < scene->count && scene->shapes[end].attached ? 2 : 1;
    for (; end < scene->count; end++) {
        const struct shape *next = &scene->shapes[end];
        bool alike =
            first->kind == SHAPE_TEXT ? same_style(first, next) : joins(first, next);
        if (!alike || (dark && !same_paint(&dark->shapes[i], &dark->shapes[end])))
            break;
    }
    return end - i;
}

static void write_run(struct walk *walk, const struct scene *scene, size_t i,
                      size_t count, const struct shape *dark)
{
    const struct shape *shape = &scene->shapes[i];
    if (shape->point_count == 0)
        return;
    if (shape->data)
        write_frame(walk, scene, i, count, dark);
    else if (shape->kind == SHAPE_TEXT)
        write_texts(walk, scene, shape, count, dark);
    else if (shape->kind == SHAPE_DOTS && shape->point_count > 1 && !shape->tip &&
             shape->stroke.alpha == 0)
        write_cloud(walk, shape, dark, &scene->points[shape->first_point]);
    else if (shape->kind == SHAPE_DOTS)
        write_dots(walk, shape, dark, &scene->points[shape->first_point]);
    else
        write_path(walk, scene, shape, count, dark);
}

static bool has_text(const struct scene *scene)
{
    for (size_t i = 0; i < scene->count; i++)
        if (scene->shapes[i].kind == SHAPE_TEXT)
            return true;
    return false;
}

static void open_svg(struct walk *walk, const struct scene *scene)
{
    char box[64], width[DECIMAL_BYTES], height[DECIMAL_BYTES];
    decimal_text(width, tenths_of(scene->width_pt));
    decimal_text(height, tenths_of(scene->height_pt));
    snprintf(box, sizeof(box), "0 0 %s %s", width, height);
    open_element(walk, "svg");
    if (walk->alone)
        add_attribute(walk, "xmlns", "http://www.w3.org/2000/svg");
    add_attribute(walk, "viewBox", box);
    add_attribute(walk, "width", width);
    add_attribute(walk, "height", height);
    add_attribute(walk, "role", "img");
    add_attribute(walk, "aria-label", scene->title ? scene->title : "");
    if (has_text(scene))
        add_attribute(walk, "font-family", "Noto Sans,DejaVu Sans,sans-serif");
    add_attribute(walk, "fill", "none");
    add_attribute(walk, "stroke-linejoin", "round");
}

/* A reader who prefers the dark gets the dark colours, also in an <img>. */
static void write_dark_rules(struct walk *walk)
{
    char *rules = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&rules, &length);
    if (!out) {
        walk->failed = true;
        return;
    }
    fputs("@media (prefers-color-scheme:dark){\n", out);
    svg_palette_print(walk->palette, out);
    fputs("}\n", out);
    walk->failed |= fclose(out) != 0;
    open_element(walk, "style");
    add_text(walk, rules ? rules : "");
    close_element(walk);
    free(rules);
}

/* Both have the same shapes, in the same order: only colours may differ. */
static bool same_shapes(const struct scene *scene, const struct scene *dark)
{
    bool same = scene->count == dark->count;
    for (size_t i = 0; same && i < scene->count; i++)
        same = scene->shapes[i].kind == dark->shapes[i].kind;
    return same;
}

static void write_svg(struct walk *walk, const struct scene *scene,
                      const struct scene *dark)
{
    assert(!dark || (walk->palette && same_shapes(scene, dark)));
    open_svg(walk, scene);
    for (size_t i = 0, count; i < scene->count; i += count) {
        count = run_length(scene, dark, i);
        write_run(walk, scene, i, count, dark ? &dark->shapes[i] : NULL);
    }
    if (walk->alone && dark)
        write_dark_rules(walk);
    close_element(walk);
}

int svg_write(const struct scene *scene, const struct scene *dark,
              struct svg_palette *palette, xmlTextWriter *writer, const char **why)
{
    struct walk walk = {.writer = writer, .palette = palette};
    if (scene_ok(scene, why) != 0 || (dark && scene_ok(dark, why) != 0))
        return -1;
    write_svg(&walk, scene, dark);
    if (!walk.failed)
        return 0;
    *why = "a chart could not be written as markup; is the memory full?";
    return -1;
}

/* The markup into memory: libxml2's own files do not tell of a full disk. */
static xmlBuffer *markup_of(const struct scene *scene, const struct scene *dark)
{
    struct svg_palette palette = {.count = 0};
    xmlBuffer *bytes = xmlBufferCreate();
    struct walk walk = {.palette = &palette, .alone = true};
    walk.writer = bytes ? xmlNewTextWriterMemory(bytes, 0) : NULL;
    if (walk.writer) {
        note(&walk, xmlTextWriterStartDocument(walk.writer, NULL, "UTF-8", NULL));
        write_svg(&walk, scene, dark);
        note(&walk, xmlTextWriterEndDocument(walk.writer));
        xmlFreeTextWriter(walk.writer);
    }
    svg_palette_release(&palette);
    if (bytes && (walk.failed || !walk.writer)) {
        xmlBufferFree(bytes);
        return NULL;
    }
    return bytes;
}

int svg_file(const struct scene *scene, const struct scene *dark, const char *path,
             const char **why)
{
    if (scene_ok(scene, why) != 0 || (dark && scene_ok(dark, why) != 0))
        return -1;
    xmlBuffer *bytes = markup_of(scene, dark);
    if (!bytes) {
        *why = "out of memory";
        return -1;
    }
    FILE *file = fopen(path, "wb");
    size_t size = (size_t)xmlBufferLength(bytes);
    bool failed = !file || fwrite(xmlBufferContent(bytes), 1, size, file) != size;
    int error = errno;
    if (file && fclose(file) != 0 && !failed) {
        failed = true;
        error = errno;
    }
    xmlBufferFree(bytes);
    if (failed)
        *why = strerror(error);
    return failed ? -1 : 0;
}
