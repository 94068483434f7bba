/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Walks a scene onto cairo, text through pango: any script, right to left, emoji. The
 * picture is the same wherever it is looked at.
 */
#ifndef PLOTS_RENDER_H
#define PLOTS_RENDER_H

#include "plots/scene.h"

/* Writes the scene as a PNG of width_pt × scale pixels (scale 1 for a page, 2 for sharp
 * screens; 0 < scale <= 8). 0, or -1 with *why, a sentence in static or thread-local
 * memory, valid until the thread's next call; the file is then incomplete. */
int render_png(const struct scene *scene, double scale, const char *path,
               const char **why);

#endif
