/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "note_list.h"

#include "format.h"
#include "label.h"

#include "src/base/str.h"

#include <stdlib.h>

enum { CULPRIT_SENTENCES_MAX = 3 };

/* "Group "4711"", "Status 500", "POST", "Version 1.1", "02:00 to 03:00 (UTC)". */
static char *culprit_name(const struct report *report, const struct culprit *culprit)
{
    static const char *const kinds[] = {"Group \"%s\"", "Address \"%s\"", NULL, NULL,
                                        "Version \"%s\""};
    struct str text;

    str_init(&text);
    if (culprit->dimension == SCAN_STATUS) {
        str_addf(&text, "Status %u", culprit->code);
    } else if (culprit->dimension == SCAN_METHOD) {
        str_addf(&text, "Method %s", format_method(culprit->code));
    } else if (culprit->dimension == SCAN_HOUR) {
        str_addf(&text, "The time from %02u:00 to %02u:00 (%s)", culprit->code,
                 culprit->code + 1, report->zone.name);
    } else {
        char *name = label_of_name(&culprit->name, "(no name)");
        str_addf(&text, kinds[culprit->dimension], name);
        free(name);
    }
    return str_take(&text);
}

char *notes_culprit_sentence(const struct report *report, const struct culprit *culprit)
{
    const struct outliers *outliers = &report->outliers;
    char *who = culprit_name(report, culprit);
    char *label =
        label_of_name(&outliers->endpoints[culprit->endpoint].source->name, "(no name)");
    struct str text;

    str_init(&text);
    str_addf(&text, "%s %s %s of the requests", who,
             culprit->dimension == SCAN_HOUR ? "had" : "made",
             format_percent((double)culprit->requests / (double)culprit->requests_of).s);
    if (outliers->approximate)
        str_addf(&text, " to all endpoints");
    else
        str_addf(&text, " to %s", label);
    str_addf(&text, " and %s of ",
             format_percent((double)culprit->outliers / (double)culprit->outliers_of).s);
    if (outliers->approximate)
        str_addf(&text, "the outliers of %s", label);
    else
        str_add_text(&text, culprit->slow ? "its slowest 1 %" : "its outliers");
    str_addf(&text, " (%s of %s)", format_count(culprit->outliers).s,
             format_count(culprit->outliers_of).s);
    free(who);
    free(label);
    return str_take(&text);
}

char *notes_mode_sentence(const struct report *report,
                          const struct outlier_endpoint *endpoint,
                          const struct outlier_cell *cell)
{
    char *label = label_of_name(&endpoint->source->name, "(no name)");
    char *version = label_of_name(&cell->cell->version->name, "");
    struct str text;

    str_init(&text);
    str_addf(&text, "%s of the requests to %s%s%s are a slow mode around %s",
             format_percent(cell->mode.share).s, label, *version ? " in " : "", version,
             format_duration(cell->mode.centre_ns).s);
    if (cell->mode.has_since)
        str_addf(&text, ", since %s",
                 format_moment(&report->zone, cell->mode.since_utc_ns).s);
    free(label);
    free(version);
    return str_take(&text);
}

/* Whose the most outliers are. */
void notes_of_outliers(struct report *report)
{
    const struct outliers *outliers = &report->outliers;

    for (size_t i = 0; i < outliers->culprit_count && i < CULPRIT_SENTENCES_MAX; i++) {
        char *sentence = notes_culprit_sentence(report, &outliers->culprits[i]);
        note_add(report, REPORT_NOTE_FINDING, false, "%s%s.", sentence,
                 outliers->approximate ? " (approximate: read once)" : "");
        free(sentence);
    }
}
