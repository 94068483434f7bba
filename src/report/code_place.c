/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "code_place.h"

#include "label.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include <stdlib.h>

enum { CALLERS_SHOWN = 3 };

/* Behind the last slash. */
static struct name base_of(struct name file)
{
    size_t at = file.length;
    while (at > 0 && file.bytes[at - 1] != '/')
        at--;
    return (struct name){file.bytes + at, file.length - at};
}

char *code_place(struct name file, uint32_t line, struct name function)
{
    struct name base = base_of(file);
    char *name = label_of_name(&function, "(no name)");
    char *file_name = label_of_name(&base, "");
    struct str place;
    str_init(&place);
    if (line && *file_name)
        str_addf(&place, "%s:%u %s", file_name, line, name);
    else
        str_addf(&place, "%s%s%s", file_name, *file_name ? " " : "", name);
    free(file_name);
    free(name);
    return str_take(&place);
}

char *code_place_of_node(const struct profile_endpoint *endpoint, size_t at)
{
    const struct profile_node *node = &endpoint->nodes[at];
    if (node->parent == SIZE_MAX)
        return mem_text("(no frames)");
    return code_place(node->file, node->line, node->function);
}

char *code_place_of_stack(struct name stack)
{
    struct stack_frame frame;
    if (!incident_innermost(stack, &frame))
        return NULL;
    return code_place(frame.file, frame.line, frame.function);
}

char *code_callers(const struct profile_endpoint *endpoint, size_t node)
{
    struct str callers;
    str_init(&callers);
    for (unsigned i = 0; i < CALLERS_SHOWN; i++) {
        size_t parent = endpoint->nodes[node].parent;
        if (parent == SIZE_MAX || endpoint->nodes[parent].parent == SIZE_MAX)
            break;
        char *name = label_of_name(&endpoint->nodes[parent].function, "(no name)");
        str_addf(&callers, "%s%s", i ? " < " : "", name);
        free(name);
        node = parent;
    }
    return str_take(&callers);
}
