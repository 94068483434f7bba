/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What endpoints, versions and groups are called in a report: clean text, with the
 * application in front where there are several; of a name of 10 kB both ends. The caller
 * frees.
 */
#ifndef REPORT_LABEL_H
#define REPORT_LABEL_H

#include "report.h"

char *label_of_name(const struct name *name, const char *when_empty);
/* Of a text of the user's. */
char *label_of_text(const char *text);
char *label_of_endpoint(const struct report *report, const struct endpoint *endpoint);
/* "1.1", "the baseline (1.0)", "1.0, there GET /old" */
char *label_of_profile_version(const struct profile_version *version);
/* "the baseline (1.0)"; without bytes "the baseline": of several versions. */
char *label_of_baseline(const struct name *version);
/* index into overview.versions */
char *label_of_version(const struct report *report, size_t version);
/* "a, b, c and 3 more" */
char *label_of_applications(const struct report *report);
char *label_of_versions(const struct report *report);

/* A name for files: letters, digits and dashes of the label, and a hash of all its bytes;
 * the same for the same name, different for different ones. */
char *slug_of_endpoint(const struct report *report, const struct endpoint *endpoint);

/* What a page calls the endpoint's section. */
char *anchor_of_endpoint(const struct report *report, const struct endpoint *endpoint);

#endif
