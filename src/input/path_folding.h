/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Endpoints of logs that know paths only: "GET /cart/17?x=1" becomes "GET /cart/{n}", so
 * that there are as many endpoints as routes and not as many as customers. README.md has
 * the rule.
 */
#ifndef INPUT_PATH_FOLDING_H
#define INPUT_PATH_FOLDING_H

#include <stddef.h>

enum { FOLDED_BYTES_MAX = 512, FOLDED_SEGMENTS = 12 };

/* Writes the folded path of a path or URL; returns its length, at most FOLDED_BYTES_MAX.
 */
size_t fold_path(const char *path, size_t length, char out[FOLDED_BYTES_MAX]);

/* The same of a request line, "GET /cart/17 HTTP/1.1". Of one that is none: "(no
 * request)". *method and *method_length get the method, which is borrowed. */
size_t fold_request(const char *line, size_t length, char out[FOLDED_BYTES_MAX],
                    const char **method, size_t *method_length);

/* The same of a method (may be empty) and a path. */
size_t fold_method_path(const char *method, size_t method_length, const char *path,
                        size_t length, char out[FOLDED_BYTES_MAX]);

#endif
