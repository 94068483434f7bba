/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "notes_profile.h"

#include "code_place.h"
#include "format.h"
#include "label.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include <math.h>
#include <stdlib.h>

/* --- single things ---------------------------------------------------------------------
 */

/* The process of all of them, or 0 when they are of several. */
static uint64_t only_pid(const struct incidents *incidents)
{
    uint64_t pid = incidents->unfinished[0].request->pid;
    for (size_t i = 1; i < incidents->unfinished_count; i++)
        if (incidents->unfinished[i].request->pid != pid)
            return 0;
    return pid;
}

/* ", in shop.py:88 checkout (waiting)" */
static void add_place(struct str *text, const struct incident_unfinished *unfinished)
{
    char *place = NULL;
    if (unfinished->stack)
        place = code_place_of_stack(
            (struct name){unfinished->stack->bytes, unfinished->stack->length});
    if (place)
        str_addf(text, ", last seen in %s%s", place,
                 unfinished->waiting ? " (waiting)" : "");
    free(place);
}

char *notes_unfinished_sentence(const struct report *report)
{
    const struct incidents *incidents = &report->incidents;
    uint64_t count = incidents->unfinished_count + incidents->unfinished_more, pid;
    struct str text;

    if (!count)
        return NULL;
    str_init(&text);
    str_addf(&text, "%s request%s %s in flight when ", format_count(count).s,
             format_plural(count), count == 1 ? "was" : "were");
    pid = only_pid(incidents);
    if (pid)
        str_addf(&text, "process %llu ended", (unsigned long long)pid);
    else
        str_add_text(&text, "their processes ended");
    const struct incident_unfinished *longest = &incidents->unfinished[0];
    char *endpoint = label_of_name(&longest->where.endpoint, "(no name)");
    if (longest->elapsed_ns)
        str_addf(&text, "; %s%s had been going on for %s", count > 1 ? "one to " : "",
                 count > 1 ? endpoint : "it",
                 format_duration((double)longest->elapsed_ns).s);
    add_place(&text, longest);
    free(endpoint);
    return str_take(&text);
}

char *notes_exceptions_sentence(const struct report *report)
{
    const struct incidents *incidents = &report->incidents;
    struct str text;

    if (!incidents->exception_count)
        return NULL;
    const struct incident_exception *most = &incidents->exceptions[0];
    char *type = label_of_name(&most->type, "(no type)");
    char *endpoint = label_of_name(&most->endpoint, "(no name)");
    char *place = code_place_of_stack(most->stack);
    str_init(&text);
    str_addf(&text,
             "%s exception%s of %zu kind%s (%s got out of the view); most often %s",
             format_count(incidents->exceptions_total).s,
             format_plural(incidents->exceptions_total), incidents->exception_count,
             format_plural(incidents->exception_count),
             format_count(incidents->unhandled_total).s, type);
    if (place)
        str_addf(&text, " in %s", place);
    str_addf(&text, ", %s time%s in %s", format_count(most->count).s,
             format_plural(most->count), endpoint);
    free(place);
    free(endpoint);
    free(type);
    return str_take(&text);
}

/* --- profiles --------------------------------------------------------------------------
 */

char *notes_profile_change_sentence(const struct profile_endpoint *endpoint)
{
    struct str text;

    if (!endpoint->compared || !endpoint->change_count || !endpoint->changes[0].real)
        return NULL;
    const struct profile_change *change = &endpoint->changes[0];
    const struct profile_version *older = &endpoint->versions[endpoint->older];
    const struct profile_version *newer = &endpoint->versions[endpoint->newer];
    char *name = label_of_name(&endpoint->name, "(no name)");
    char *before = label_of_profile_version(older);
    char *after = label_of_profile_version(newer);
    char *place = code_place_of_node(endpoint, change->node);
    double low_ns = fmin(fabs(change->low_ns), fabs(change->high_ns));
    double high_ns = fmax(fabs(change->low_ns), fabs(change->high_ns));
    str_init(&text);
    str_addf(&text,
             "In %s a request to %s spends %s %s in %s than in %s (95 %% interval %s to "
             "%s); its mean went from %s to %s",
             after, name, format_duration(fabs(change->difference_ns)).s,
             change->difference_ns > 0 ? "more" : "less", place, before,
             format_duration(low_ns).s, format_duration(high_ns).s,
             format_duration(older->mean_ns).s, format_duration(newer->mean_ns).s);
    free(place);
    free(after);
    free(before);
    free(name);
    return str_take(&text);
}

/* One place must stand out. */
#define STUCK_SHARE_MIN .3

char *notes_stuck_sentence(const struct profile_endpoint *endpoint)
{
    if (!endpoint->stuck_count)
        return NULL;
    size_t node = endpoint->stuck[0];
    double share =
        (double)profile_outlier_us(endpoint, node) / (double)endpoint->outlier_us;
    if (share < STUCK_SHARE_MIN)
        return NULL;
    char *name = label_of_name(&endpoint->name, "(no name)");
    char *place = code_place_of_node(endpoint, node);
    struct str text;
    str_init(&text);
    str_addf(&text,
             "Requests to %s that went on beyond their threshold were then in %s for %s "
             "of the time",
             name, place, format_percent(share).s);
    free(place);
    free(name);
    return str_take(&text);
}

/* --- what it cost ----------------------------------------------------------------------
 */

char *notes_recorder_cost_sentence(const struct report *report)
{
    const struct beside *beside = report->profile.beside;
    struct str text;

    if (!beside || !beside->processes.cpu_ns)
        return NULL;
    const struct beside_processes *all = &beside->processes;
    uint64_t own_ns = all->writer_cpu_ns + all->sampler_cpu_ns;
    str_init(&text);
    str_addf(&text,
             "The recorder's own threads took %s of the CPU time of %s process%s (%s of "
             "%s)",
             format_percent((double)own_ns / (double)all->cpu_ns).s,
             format_count(all->processes).s, all->processes == 1 ? "" : "es",
             format_duration((double)own_ns).s, format_duration((double)all->cpu_ns).s);
    if (all->resident_max_bytes)
        str_addf(&text, "; the largest process had %s resident",
                 format_bytes(all->resident_max_bytes).s);
    return str_take(&text);
}

char *notes_samples_sentence(const struct report *report)
{
    const struct beside *beside = report->profile.beside;
    uint64_t unsupported = 0, truncated = 0;
    struct str text;

    for (size_t i = 0; beside && i < beside->cells.count; i++) {
        unsupported += beside->of_cells[i].unsupported;
        truncated += beside->of_cells[i].truncated;
    }
    if (!beside || !(beside->processes.samples + unsupported + truncated))
        return NULL;
    const struct beside_processes *all = &beside->processes;
    str_init(&text);
    str_addf(&text,
             "Stacks: %s sample%s taken, %s rejected as impossible, %s of %s ticks late; "
             "%s left out since whose they are cannot be told (gevent, asyncio), %s "
             "without their outermost frames; %s entries and %s requests in flight found "
             "no room",
             format_count(all->samples).s, format_plural(all->samples),
             format_count(all->rejected_samples).s, format_count(all->late_ticks).s,
             format_count(all->ticks).s, format_count(unsupported).s,
             format_count(truncated).s, format_count(all->entries_dropped).s,
             format_count(all->no_flight).s);
    return str_take(&text);
}
