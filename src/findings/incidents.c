/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "incidents.h"

#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/summary/summary.h"

#include <stdlib.h>

bool incident_innermost(struct name stack, struct stack_frame *frame)
{
    bool any = false;
    while (stack_frame_next(&stack, frame))
        any = true;
    return any;
}

/* NULL where there are no frames. */
static struct str *stack_of(const struct beside *beside, const struct last_stack *last)
{
    struct str *stack = mem_new(sizeof(*stack));
    str_init(stack);
    stacks_path(&beside->stacks, last->node, stack);
    if (stack->length)
        return stack;
    free(stack);
    return NULL;
}

static void free_stack(struct str *stack)
{
    if (stack)
        str_release(stack);
    free(stack);
}

/* --- exceptions -----------------------------------------------------------------------
 */

/* One group in one version. */
struct told {
    struct beside_exception_key key;
    const struct beside_exception *exception;
};

/* Everything but the version. */
static int compare_groups(const struct told *a, const struct told *b)
{
    int order = name_compare(a->key.cell.application, b->key.cell.application);
    order = order ? order : name_compare(a->key.cell.endpoint, b->key.cell.endpoint);
    order = order ? order : name_compare(a->key.type, b->key.type);
    order = order ? order : (int)a->key.handled - (int)b->key.handled;
    return order ? order : name_compare(a->key.stack, b->key.stack);
}

static int by_group(const void *left, const void *right)
{
    const struct told *a = left, *b = right;
    int order = compare_groups(a, b);
    return order ? order : name_compare(a->key.cell.version, b->key.cell.version);
}

/* Adds a version to its group; exception->count is 0 in a new one. */
static void add_told(struct incident_exception *group, const struct told *told)
{
    const struct beside_exception *exception = told->exception;
    if (group->count == 0 || exception->first_utc_ns < group->first_utc_ns) {
        group->first_utc_ns = exception->first_utc_ns;
        group->first_version = told->key.cell.version;
        group->message = (struct name){exception->message, exception->message_length};
    }
    if (group->count == 0 || exception->last_utc_ns > group->last_utc_ns) {
        group->last_utc_ns = exception->last_utc_ns;
        group->last_version = told->key.cell.version;
    }
    group->count += exception->count;
    group->version_count++;
}

/* Equal ones stay in the order of their groups. */
static int by_count(const void *left, const void *right)
{
    const struct incident_exception *a = left, *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    struct told x = {
        {{a->application, {"", 0}, a->endpoint}, a->type, a->handled, a->stack}, NULL};
    struct told y = {
        {{b->application, {"", 0}, b->endpoint}, b->type, b->handled, b->stack}, NULL};
    return compare_groups(&x, &y);
}

static void build_exceptions(struct incidents *incidents, const struct beside *beside)
{
    size_t count = beside->exceptions.count;
    struct told *told = mem_array(count, sizeof(*told));
    for (uint32_t i = 0; i < count; i++)
        told[i] =
            (struct told){beside_exception_key_of(beside, i), &beside->of_exceptions[i]};
    qsort(told, count, sizeof(*told), by_group);
    incidents->exceptions = mem_array(count, sizeof(*incidents->exceptions));
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || compare_groups(&told[i - 1], &told[i]) != 0)
            incidents->exceptions[incidents->exception_count++] =
                (struct incident_exception){.application = told[i].key.cell.application,
                                            .endpoint = told[i].key.cell.endpoint,
                                            .type = told[i].key.type,
                                            .handled = told[i].key.handled,
                                            .stack = told[i].key.stack};
        add_told(&incidents->exceptions[incidents->exception_count - 1], &told[i]);
        incidents->exceptions_total += told[i].exception->count;
        incidents->unhandled_total += told[i].key.handled ? 0 : told[i].exception->count;
    }
    qsort(incidents->exceptions, incidents->exception_count,
          sizeof(*incidents->exceptions), by_count);
    free(told);
}

/* --- requests that never finished -----------------------------------------------------
 */

static int by_elapsed(const void *left, const void *right)
{
    const struct incident_unfinished *a = left, *b = right;
    if (a->elapsed_ns != b->elapsed_ns)
        return a->elapsed_ns > b->elapsed_ns ? -1 : 1;
    return (a->request > b->request) - (a->request < b->request);
}

static struct incident_unfinished unfinished_of(const struct beside *beside,
                                                const struct beside_unfinished *request)
{
    struct unfinished_texts texts = beside_unfinished_texts(request);
    const struct last_stack *last = beside_last_stack(beside, request->cell, request->id);
    struct incident_unfinished unfinished = {.request = request,
                                             .where =
                                                 beside_key_of(beside, request->cell),
                                             .elapsed_ns = request->elapsed_ns,
                                             .group = texts.group,
                                             .address = texts.address,
                                             .path = texts.path};
    if (!last)
        return unfinished;
    unfinished.stack = stack_of(beside, last);
    unfinished.waiting = last->state == STACK_WAITING;
    if (last->elapsed_ns > unfinished.elapsed_ns)
        unfinished.elapsed_ns = last->elapsed_ns;
    return unfinished;
}

void incidents_build(struct incidents *incidents, const struct summary *summary)
{
    const struct beside *beside = summary_beside(summary);
    *incidents = (struct incidents){0};
    if (!beside)
        return;
    if (beside->exceptions.count)
        build_exceptions(incidents, beside);
    incidents->unfinished_count = beside->unfinished_count;
    incidents->unfinished_more = beside->unfinished_more;
    incidents->unfinished =
        mem_array(beside->unfinished_count, sizeof(*incidents->unfinished));
    for (size_t i = 0; i < beside->unfinished_count; i++)
        incidents->unfinished[i] = unfinished_of(beside, &beside->unfinished[i]);
    if (beside->unfinished_count)
        qsort(incidents->unfinished, beside->unfinished_count,
              sizeof(*incidents->unfinished), by_elapsed);
}

void incidents_release(struct incidents *incidents)
{
    for (size_t i = 0; i < incidents->unfinished_count; i++)
        free_stack(incidents->unfinished[i].stack);
    free(incidents->unfinished);
    free(incidents->exceptions);
    *incidents = (struct incidents){0};
}

/* --- one slow request -----------------------------------------------------------------
 */

struct incident_detail incident_detail_of(const struct summary *summary,
                                          const struct summary_cell *cell,
                                          const struct slow_request *request)
{
    const struct beside *beside = summary_beside(summary);
    struct incident_detail found = {.context = {"", 0}};
    if (!beside)
        return found;
    struct beside_key key = {cell->version->application, cell->version->name,
                             cell->endpoint->name};
    uint32_t number = beside_find(beside, &key);
    if (number == MAP_NONE)
        return found;
    found.detail = beside_detail(beside, number, request->process, request->sequence);
    if (!found.detail)
        return found;
    found.context = beside_context(beside, found.detail->id);
    const struct last_stack *last = beside_last_stack(beside, number, found.detail->id);
    if (last) {
        found.stack = stack_of(beside, last);
        found.waiting = last->state == STACK_WAITING;
        found.stack_elapsed_ns = last->elapsed_ns;
    }
    return found;
}

void incident_detail_release(struct incident_detail *detail)
{
    free_stack(detail->stack);
    *detail = (struct incident_detail){0};
}
