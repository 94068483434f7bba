/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of shapes: see scene.h. */
#include "plots/scene.h"

#include "plots/text.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void scene_init(struct scene *scene, double width_pt, double height_pt)
{
    *scene = (struct scene){.width_pt = width_pt, .height_pt = height_pt};
}

void scene_release(struct scene *scene)
{
    for (size_t i = 0; i < scene->count; i++) {
        free(scene->shapes[i].text);
        free(scene->shapes[i].tip);
        free(scene->shapes[i].data);
    }
    free(scene->shapes);
    free(scene->points);
    free(scene->title);
    free(scene->tip);
    *scene = (struct scene){0};
}

/* Makes room for more elements; false when out of memory. */
static bool grow(void **array, size_t *room, size_t used, size_t more, size_t size)
{
    if (used + more <= *room)
        return true;
    size_t wanted = *room < 32 ? 64 : *room * 2;
    if (wanted < used + more)
        wanted = used + more;
    void *grown = realloc(*array, wanted * size);
    if (!grown)
        return false;
    *array = grown;
    *room = wanted;
    return true;
}

static bool copy_string(char **to, const char *from)
{
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

void scene_add(struct scene *scene, const struct shape *shape, const struct point *points,
               size_t point_count)
{
    if (scene->failed)
        return;
    struct shape added = *shape;
    added.first_point = scene->point_count;
    added.point_count = point_count;
    added.tip = added.data = NULL;
    bool copied =
        copy_string(&added.text, shape->text) && copy_string(&added.tip, scene->tip) &&
        copy_string(&added.data, shape->data) &&
        grow((void **)&scene->shapes, &scene->room, scene->count, 1, sizeof(*shape)) &&
        grow((void **)&scene->points, &scene->point_room, scene->point_count, point_count,
             sizeof(*points));
    if (!copied) {
        free(added.text);
        free(added.tip);
        free(added.data);
        scene->failed = true;
        return;
    }
    for (size_t i = 0; i < point_count; i++) {
        assert(isfinite(points[i].x) && isfinite(points[i].y));
        scene->points[scene->point_count++] = points[i];
    }
    scene->shapes[scene->count++] = added;
}

void scene_tip(struct scene *scene, const char *raw)
{
    free(scene->tip);
    scene->tip = NULL;
    if (!raw)
        return;
    struct label clean;
    label_fit(&clean, raw, (struct text_style){.size_pt = 1, .cut = CUT_MIDDLE}, 120);
    scene->tip = strdup(clean.text);
    scene->failed |= !scene->tip;
}

int scene_ok(const struct scene *scene, const char **why)
{
    if (!scene->failed)
        return 0;
    *why = "out of memory while a chart was laid out; free some memory and run again";
    return -1;
}

/* Rounded to 0.1, without locale, without "-0". */
static void print_number(FILE *out, double value)
{
    long tenths = lround(value * 10);
    long whole = labs(tenths) / 10, rest = labs(tenths) % 10;
    fprintf(out, tenths < 0 ? " -%ld" : " %ld", whole);
    if (rest != 0)
        fprintf(out, ".%ld", rest);
}

static void print_color(FILE *out, const char *name, struct color color)
{
    if (color.alpha == 0)
        return;
    fprintf(out, " %s #%02x%02x%02x", name, color.red, color.green, color.blue);
    if (color.alpha != 255)
        fprintf(out, "%02x", color.alpha);
}

static void print_shape(FILE *out, const struct scene *scene, const struct shape *shape)
{
    static const char *const kinds[] = {"rects", "line", "dots", "text"};
    static const char *const anchors[] = {"start", "middle", "end"};
    fputs(kinds[shape->kind], out);
    for (size_t i = 0; i < shape->point_count; i++) {
        const struct point *point = &scene->points[shape->first_point + i];
        print_number(out, point->x);
        print_number(out, point->y);
        fputs(i + 1 < shape->point_count ? "," : "", out);
    }
    print_color(out, "fill", shape->fill);
    print_color(out, shape->kind == SHAPE_TEXT ? "plate" : "stroke", shape->stroke);
    if (shape->stroke.alpha != 0) {
        fputs(" width", out);
        print_number(out, shape->stroke_pt);
    }
    fputs(shape->dashed ? " dashed" : "", out);
    if (shape->kind == SHAPE_DOTS || shape->kind == SHAPE_TEXT) {
        fputs(" size", out);
        print_number(out, shape->size_pt);
    }
    if (shape->kind == SHAPE_TEXT) {
        fprintf(out, " %s%s max", anchors[shape->anchor], shape->bold ? " bold" : "");
        print_number(out, shape->max_pt);
        fprintf(out, " \"%s\"", shape->text);
    }
    if (shape->data)
        fprintf(out, " data \"%s\"", shape->data);
    if (shape->tip)
        fprintf(out, " tip \"%s\"", shape->tip);
    fputc('\n', out);
}

int scene_print(const struct scene *scene, FILE *out)
{
    fputs("scene", out);
    print_number(out, scene->width_pt);
    print_number(out, scene->height_pt);
    fprintf(out, " \"%s\"\n", scene->title ? scene->title : "");
    for (size_t i = 0; i < scene->count; i++)
        print_shape(out, scene, &scene->shapes[i]);
    return fflush(out) == 0 && !ferror(out) ? 0 : -1;
}
