/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "label.h"

#include "display.h"

#include "src/base/mem.h"
#include "src/base/str.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Whole names are in the JSON; no table gets wider than that. */
enum { LABEL_COLUMNS_MAX = 240, LIST_NAMES_MAX = 4, SLUG_BYTES_MAX = 48 };

char *label_of_name(const struct name *name, const char *when_empty)
{
    if (!name->length)
        return mem_text(when_empty);
    char *clean = display_clean(name->bytes, name->length);
    char *label = display_fit(clean, LABEL_COLUMNS_MAX, false);
    free(clean);
    return label;
}

/* "application: name" where the report has several applications. */
static char *with_application(const struct report *report, const struct name *application,
                              char *name)
{
    struct str label;

    if (report->overview.application_count < 2)
        return name;
    char *whose = label_of_name(application, "(no application)");
    str_init(&label);
    str_addf(&label, "%s: %s", whose, name);
    free(whose);
    free(name);
    return str_take(&label);
}

char *label_of_text(const char *text)
{
    return display_clean(text, strlen(text));
}

char *label_of_endpoint(const struct report *report, const struct endpoint *endpoint)
{
    return with_application(report, &endpoint->application,
                            label_of_name(&endpoint->name, "(no name)"));
}

char *label_of_baseline(const struct name *version)
{
    struct str label;

    if (!version->bytes)
        return mem_text("the baseline");
    char *name = label_of_name(version, "(no version)");
    str_init(&label);
    str_addf(&label, "the baseline (%s)", name);
    free(name);
    return str_take(&label);
}

char *label_of_profile_version(const struct profile_version *version)
{
    struct str label;
    char *name = version->baseline ? label_of_baseline(&version->name)
                                   : label_of_name(&version->name, "(no version)");

    if (!version->renamed_from.bytes)
        return name;
    char *endpoint = label_of_name(&version->renamed_from, "(no name)");
    str_init(&label);
    str_addf(&label, "%s, there %s", name, endpoint);
    free(endpoint);
    free(name);
    return str_take(&label);
}

char *label_of_version(const struct report *report, size_t version)
{
    const struct summary_version *source = report->overview.versions[version].source;

    return with_application(report, &source->application,
                            label_of_name(&source->name, "(no version)"));
}

/* Adds the i-th of count names to a list that stops after some. */
static void list_add(struct str *list, size_t i, size_t count, char *name)
{
    if (i < LIST_NAMES_MAX)
        str_addf(list, "%s%s", i ? ", " : "", name);
    else if (i == LIST_NAMES_MAX)
        str_addf(list, " and %zu more", count - i);
    free(name);
}

char *label_of_applications(const struct report *report)
{
    const struct overview *overview = &report->overview;
    struct str list;
    size_t listed = 0;

    str_init(&list);
    for (size_t i = 0; i < overview->endpoint_count; i++) {
        const struct name *name = &overview->endpoints[i].application;
        const struct name *before = i ? &overview->endpoints[i - 1].application : NULL;
        if (before &&
            str_compare(name->bytes, name->length, before->bytes, before->length) == 0)
            continue;
        list_add(&list, listed++, overview->application_count,
                 label_of_name(name, "(no application)"));
    }
    return str_take(&list);
}

char *label_of_versions(const struct report *report)
{
    struct str list;

    str_init(&list);
    for (size_t i = 0; i < report->overview.version_count; i++)
        list_add(&list, i, report->overview.version_count, label_of_version(report, i));
    return str_take(&list);
}

/* FNV-1a, 32 bits. */
static uint32_t hash_bytes(uint32_t hash, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * 16777619u;
    return hash;
}

char *slug_of_endpoint(const struct report *report, const struct endpoint *endpoint)
{
    char *label = label_of_endpoint(report, endpoint);
    uint32_t hash = hash_bytes(2166136261u, endpoint->application.bytes,
                               endpoint->application.length);
    struct str slug;

    hash = hash_bytes(hash, "", 1);
    hash = hash_bytes(hash, endpoint->name.bytes, endpoint->name.length);
    str_init(&slug);
    for (const char *c = label; *c && slug.length < SLUG_BYTES_MAX; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte < 0x80 && isalnum(byte))
            str_add_byte(&slug, (char)tolower(byte));
        else if (slug.length > 0 && slug.bytes[slug.length - 1] != '-')
            str_add_byte(&slug, '-');
    }
    if (slug.length > 0 && slug.bytes[slug.length - 1] != '-')
        str_add_byte(&slug, '-');
    str_addf(&slug, "%08x", hash);
    free(label);
    return str_take(&slug);
}

char *anchor_of_endpoint(const struct report *report, const struct endpoint *endpoint)
{
    char *slug = slug_of_endpoint(report, endpoint);
    struct str anchor;

    str_init(&anchor);
    str_addf(&anchor, "endpoint-%s", slug);
    free(slug);
    return str_take(&anchor);
}
