/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walks a scene into markup: inline SVG with real text, which can be searched, copied and
 * read aloud, and with tips that browsers show without any script. For a page that
 * follows the reader's light or dark setting, the same chart drawn in both themes becomes
 * one SVG.
 *
 * Shapes with data are groups with data-frame, so that scripts can zoom and search.
 *
 * Complete without style sheets: sizes and light colours are attributes. All data go
 * through the writer, which escapes them. Built for some hundred charts a page, so it
 * spends few bytes: relative paths in tenths of a point, one class a shape.
 */
#ifndef PLOTS_SVG_H
#define PLOTS_SVG_H

#include "plots/scene.h"

#include <libxml/xmlwriter.h>

/* The colours of a page, each with what it becomes in the dark. Zero it to start. */
struct svg_palette {
    struct svg_paint {
        struct color light, dark;
    } * paints;
    size_t count, room;
};

void svg_palette_release(struct svg_palette *palette);

/* Index of a pair of colours, which is added where it is new; SIZE_MAX: out of memory. */
size_t svg_palette_add(struct svg_palette *palette, struct color light,
                       struct color dark);

/* Style rules that turn all SVGs of the palette dark, to stand in a page's style sheet
 * where the reader prefers that. 0, or -1 when out could not be written. */
int svg_palette_print(const struct svg_palette *palette, FILE *out);

/* Writes <svg role="img" aria-label="the scene's title">. dark is the same chart in the
 * dark theme, its colours are added to palette; both may be NULL. 0, or -1 with *why. */
int svg_write(const struct scene *scene, const struct scene *dark,
              struct svg_palette *palette, xmlTextWriter *writer, const char **why);

/* The same as a file of its own, which turns dark where the reader prefers that. dark may
 * be NULL. 0, or -1 with *why; the file is then incomplete. */
int svg_file(const struct scene *scene, const struct scene *dark, const char *path,
             const char **why);

#endif
