/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finds a time zone on this machine: by IANA name under /usr/share/zoneinfo (or $TZDIR),
 * a POSIX rule, or what the machine itself is set to. A name that is not known gets an
 * answer with the nearest one that is.
 */
#include "timezone.h"

#include "src/base/err.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ZONE_FILE_BYTES_MAX = 1 << 20 };

static const char *zone_directory(void)
{
    const char *directory = getenv("TZDIR");

    return directory && *directory ? directory : "/usr/share/zoneinfo";
}

/* Letters, digits and "+-_" in parts divided by single slashes: nothing that could leave
 * the directory. */
static bool is_zone_name(const char *name)
{
    for (const char *c = name; *c; c++) {
        if (*c == '/' && c > name && c[-1] != '/')
            continue;
        if (!isalnum((unsigned char)*c) && !strchr("+-_", *c))
            return false;
    }
    return *name != '\0' && strlen(name) < 200;
}

/* 0, or -1 when the file is missing or no zone. */
static int read_zone_file(struct zone *zone, const char *path)
{
    uint8_t *bytes = malloc(ZONE_FILE_BYTES_MAX);
    FILE *file = fopen(path, "rbe");
    int result = -1;

    if (file && bytes) {
        size_t size = fread(bytes, 1, ZONE_FILE_BYTES_MAX, file);
        result = zone_parse(zone, bytes, size);
    }
    if (file)
        fclose(file);
    free(bytes);
    return result;
}

static int load_named(struct zone *zone, const char *name)
{
    char path[4096];

    *zone = (struct zone){0};
    if (name[0] == '/') {
        if (read_zone_file(zone, name))
            return -1;
    } else {
        snprintf(path, sizeof(path), "%s/%s", zone_directory(), name);
        /* a machine without tzdata knows UTC all the same */
        const char *rule = strcmp(name, "UTC") == 0 ? "UTC0" : name;
        bool from_file = is_zone_name(name) && read_zone_file(zone, path) == 0;
        if (!from_file && zone_parse_posix(zone, rule)) {
            *zone = (struct zone){0};
            return -1;
        }
    }
    snprintf(zone->name, sizeof(zone->name), "%s", name);
    return 0;
}

/* What /etc/localtime is a link to, as a name; "local time" for a plain file. */
static void name_of_localtime(char *name, size_t size)
{
    char *path = realpath("/etc/localtime", NULL);
    const char *part = path ? strstr(path, "zoneinfo/") : NULL;

    snprintf(name, size, "%s", part ? part + strlen("zoneinfo/") : "local time");
    if (strcmp(name, "Etc/UTC") == 0)
        snprintf(name, size, "UTC");
    free(path);
}

/* --- nearest name --- */

enum { NAME_MAX_COMPARED = 48 };

/* How many letters must be changed, added or removed (Levenshtein), case aside. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_COMPARED + 1];
    size_t a_length = strlen(a), b_length = strlen(b);

    if (a_length > NAME_MAX_COMPARED || b_length > NAME_MAX_COMPARED)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            bool same =
                tolower((unsigned char)a[i - 1]) == tolower((unsigned char)b[j - 1]);
            size_t best = diagonal + !same;
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[b_length];
}

static const char *last_part(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash ? slash + 1 : name;
}

/* The name in tzdata.zi ("Z NAME ..." and "L TARGET NAME") nearest to wanted, by the
 * whole name or by its city; "" when none is near. */
static void nearest_name(const char *wanted, char *nearest, size_t size)
{
    char path[4096], line[512], name[256];
    size_t best = strlen(last_part(wanted)) / 3 + 1;

    *nearest = '\0';
    snprintf(path, sizeof(path), "%s/tzdata.zi", zone_directory());
    FILE *file = fopen(path, "re");
    if (!file)
        return;
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "Z %255s", name) != 1 && sscanf(line, "L %*s %255s", name) != 1)
            continue;
        size_t whole = edit_distance(wanted, name);
        size_t city = edit_distance(last_part(wanted), last_part(name));
        size_t distance = whole < city ? whole : city;
        if (distance < best) {
            best = distance;
            snprintf(nearest, size, "%s", name);
        }
    }
    fclose(file);
}

static int unknown_zone(const char *name, const char *whose, struct err *err)
{
    char nearest[256];

    nearest_name(name, nearest, sizeof(nearest));
    if (*nearest)
        return err_set(err, ERR_USAGE,
                       "%s\"%s\" is no time zone; did you mean %s? %s/tzdata.zi lists "
                       "all names",
                       whose, name, nearest, zone_directory());
    return err_set(err, ERR_USAGE,
                   "%s\"%s\" is no time zone; use a name such as Europe/Amsterdam or UTC "
                   "(timedatectl list-timezones lists them; they come with the package "
                   "tzdata)",
                   whose, name);
}

int zone_load(struct zone *zone, const char *name, struct err *err)
{
    const char *machine = getenv("TZ");

    if (name)
        return load_named(zone, name) ? unknown_zone(name, "", err) : 0;
    if (machine) {
        machine += machine[0] == ':';
        if (*machine == '\0')
            machine = "UTC";
        return load_named(zone, machine) ? unknown_zone(machine, "the variable TZ: ", err)
                                         : 0;
    }
    if (load_named(zone, "/etc/localtime"))
        return load_named(zone, "UTC");
    name_of_localtime(zone->name, sizeof(zone->name));
    return 0;
}
