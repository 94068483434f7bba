/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The colours of a page and what they become in the dark: see svg.h. */
#include "plots/svg.h"

#include "plots/theme.h"

#include <stdlib.h>

void svg_palette_release(struct svg_palette *palette)
{
    free(palette->paints);
    *palette = (struct svg_palette){0};
}

size_t svg_palette_add(struct svg_palette *palette, struct color light, struct color dark)
{
    for (size_t i = 0; i < palette->count; i++)
        if (color_is(palette->paints[i].light, light) &&
            color_is(palette->paints[i].dark, dark))
            return i;
    if (palette->count == palette->room) {
        size_t room = palette->room ? palette->room * 2 : 64;
        struct svg_paint *grown = realloc(palette->paints, room * sizeof(*grown));
        if (!grown)
            return SIZE_MAX;
        palette->paints = grown;
        palette->room = room;
    }
    palette->paints[palette->count] = (struct svg_paint){light, dark};
    return palette->count++;
}

int svg_palette_print(const struct svg_palette *palette, FILE *out)
{
    for (size_t i = 0; i < palette->count; i++) {
        struct color dark = palette->paints[i].dark;
        fprintf(out, ".f%zu{fill:#%02x%02x%02x}.s%zu{stroke:#%02x%02x%02x}\n", i,
                dark.red, dark.green, dark.blue, i, dark.red, dark.green, dark.blue);
    }
    return ferror(out) ? -1 : 0;
}
