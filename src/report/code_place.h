/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Places in code as people write them: "shop.py:88 checkout". Clean text; the caller
 * frees.
 */
#ifndef REPORT_CODE_PLACE_H
#define REPORT_CODE_PLACE_H

#include "src/findings/incidents.h"
#include "src/findings/profile.h"

char *code_place(struct name file, uint32_t line, struct name function);
char *code_place_of_node(const struct profile_endpoint *endpoint, size_t node);
/* The innermost frame of a path of frames; NULL when it has none. */
char *code_place_of_stack(struct name stack);
/* The callers of a node, innermost first, at most three: "checkout < dispatch < wsgi". */
char *code_callers(const struct profile_endpoint *endpoint, size_t node);

#endif
