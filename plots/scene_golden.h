/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * For tests: checks the rules of every picture, and compares a scene with
 * testdata/scenes/NAME.scene, or re-records that file when the environment says GOLDEN=1
 * (scripts/golden does). With GALLERY=DIR the picture is drawn there as well, to be
 * looked at.
 */
#ifndef PLOTS_SCENE_GOLDEN_H
#define PLOTS_SCENE_GOLDEN_H

#include "plots/render.h"
#include "plots/scene.h"
#include "plots/scene_rules.h"
#include "plots/svg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline char *read_whole(FILE *file)
{
    char *text = calloc(1, 1 << 20);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 20) - 1, file) < (1 << 20) - 1);
    return text;
}

/* The first line that differs says more than two whole scenes. */
static inline void assert_same_lines(const char *was, const char *is, const char *path)
{
    size_t line = 1, start = 0;
    for (size_t i = 0; was[i] != '\0' || is[i] != '\0'; i++) {
        if (was[i] != is[i])
            fail_msg("%s:%zu differs (run scripts/golden, then look at the diff):\n"
                     "was %.*s\nis  %.*s",
                     path, line, (int)strcspn(was + start, "\n"), was + start,
                     (int)strcspn(is + start, "\n"), is + start);
        if (was[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
}

static inline void draw_in_gallery(const struct scene *scene, const char *name)
{
    const char *gallery = getenv("GALLERY"), *why = "";
    if (!gallery)
        return;
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s.png", gallery, name);
    if (render_png(scene, 1, path, &why) != 0)
        fail_msg("%s: %s", path, why);
    snprintf(path, sizeof(path), "%s/%s.svg", gallery, name);
    if (svg_file(scene, NULL, path, &why) != 0)
        fail_msg("%s: %s", path, why);
}

static inline void check_golden(const struct scene *scene, const char *name)
{
    char path[1024];
    snprintf(path, sizeof(path), "testdata/scenes/%s.scene", name);

    draw_in_gallery(scene, name);
    char problem[2048];
    if (broken_rule(scene, problem))
        fail_msg("%s: %s", name, problem);
    const char *golden = getenv("GOLDEN");
    if (golden && strcmp(golden, "1") == 0) {
        FILE *out = fopen(path, "w");
        assert_non_null(out);
        assert_int_equal(scene_print(scene, out), 0);
        assert_int_equal(fclose(out), 0);
        return;
    }
    FILE *recorded = fopen(path, "r"), *printed = tmpfile();
    if (!recorded)
        fail_msg("%s is missing: run scripts/golden", path);
    assert_non_null(printed);
    assert_int_equal(scene_print(scene, printed), 0);
    rewind(printed);
    char *was = read_whole(recorded), *is = read_whole(printed);
    fclose(recorded);
    fclose(printed);
    assert_same_lines(was, is, path);
    free(was);
    free(is);
}

#endif
