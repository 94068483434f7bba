/* SPDX-License-Identifier: Apache-2.0 */
/* See configuration.h. */
#define _GNU_SOURCE
#include "configuration.h"

#include "allowed_headers.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES_MAX (64u << 10)
#define LINE_BYTES_MAX 198u /* inih cuts longer ones */

#define TEXT true
#define NUMBER false
const struct fmd__key_row fmd__key_rows[FMD__KEY_COUNT] = {
#define ROW(id, name_, variable_, option_, kind, low_, high_, live_, help_)              \
    [FMD__KEY_##id] = {name_, variable_, option_, help_, kind, live_, low_, high_},
    FMD__KEYS(ROW)
#undef ROW
};

/* What the reading is at, for messages. */
struct reading {
    struct fmd__configuration *to;
    const char *file; /* NULL: the environment */
    const char *at, *end;
    const char *raw; /* the line that is read */
    size_t raw_bytes;
    int line;
    int result;
    char *why;
    size_t why_bytes;
};

static __attribute__((format(printf, 3, 4))) void
refuse(struct reading *reading, int result, const char *format, ...)
{
    va_list arguments;
    int used = 0;

    if (reading->result != 0)
        return; /* the first error wins */
    reading->result = result;
    if (reading->file && reading->line > 0)
        used = snprintf(reading->why, reading->why_bytes, "%s, line %d: ", reading->file,
                        reading->line);
    if (used < 0 || (size_t)used >= reading->why_bytes)
        return;
    va_start(arguments, format);
    (void)vsnprintf(reading->why + used, reading->why_bytes - (size_t)used, format,
                    arguments);
    va_end(arguments);
}

/* --- values ------------------------------------------------------------------------ */

static void set_text(struct reading *reading, struct fmd__value *value, const char *name,
                     const char *text)
{
    int length = snprintf(value->text, sizeof value->text, "%s", text);

    value->given = true;
    if (length < 0 || (size_t)length >= sizeof value->text)
        refuse(reading, -ENAMETOOLONG, "%s is longer than %zu bytes", name,
               sizeof value->text - 1);
}

static void check_headers(struct reading *reading, const char *name, const char *list)
{
    struct fmd__header_list headers;
    char why[256];

    if (fmd__headers_parse(&headers, list, why, sizeof why) != 0)
        refuse(reading, -EINVAL, "%s: %s", name, why);
}

static void set_number(struct reading *reading, struct fmd__value *value,
                       const struct fmd__key_row *row, const char *name, const char *text)
{
    char *end = NULL;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    if (end == text || *end || errno || number < row->low || number > row->high) {
        refuse(reading, -EINVAL, "%s = %s must be a whole number from %lld to %lld", name,
               text, (long long)row->low, (long long)row->high);
        return;
    }
    value->given = true;
    value->number = number;
}

static void set_value(struct reading *reading, enum fmd__key key, const char *name,
                      const char *text)
{
    const struct fmd__key_row *row = &fmd__key_rows[key];
    struct fmd__value *value = &reading->to->values[key];

    if (row->is_text)
        set_text(reading, value, name, text);
    if (key == FMD__KEY_HEADERS)
        check_headers(reading, name, text);
    if (!row->is_text)
        set_number(reading, value, row, name, text);
}

/* --- patterns ---------------------------------------------------------------------- */

static bool read_level(const char *text, uint8_t *level)
{
    if (strcmp(text, "off") == 0) {
        *level = FMD__LEVEL_OFF;
        return true;
    }
    if (text[0] < '0' || text[0] > '0' + (char)FMD__LEVEL_MAX || text[1])
        return false;
    *level = (uint8_t)(text[0] - '0');
    return true;
}

static void add_rule(struct reading *reading, const char *pattern, const char *text)
{
    struct fmd__configuration *to = reading->to;
    struct fmd__level_rule *rule = &to->rules[to->rule_count];
    int length;

    if (to->rule_count == FMD__LEVEL_RULES_MAX) {
        refuse(reading, -E2BIG, "there are more than %u patterns of levels; join some",
               FMD__LEVEL_RULES_MAX);
        return;
    }
    length = snprintf(rule->pattern, sizeof rule->pattern, "%s", pattern);
    if (length < 1 || (size_t)length >= sizeof rule->pattern)
        refuse(reading, -EINVAL, "a pattern has 1 to %zu bytes",
               sizeof rule->pattern - 1);
    else if (!read_level(text, &rule->level))
        refuse(reading, -EINVAL, "the level of %s is %s; it must be 0, 1, 2, 3 or off",
               pattern, text);
    else
        to->rule_count++;
}

/* Removes blanks at both ends, in place. */
static char *trimmed(char *text)
{
    char *end;

    text += strspn(text, " \t\r\n");
    end = text + strlen(text);
    while (end > text && strchr(" \t\r\n", end[-1]))
        *--end = '\0';
    return text;
}

/* "pattern = level"; the last '=' counts, so that a pattern may have some. */
static void read_rule(struct reading *reading, char *rule)
{
    char *equals = strrchr(rule, '=');

    rule = trimmed(rule);
    if (!equals) {
        refuse(reading, -EINVAL, "'%s' is not 'pattern = level'", rule);
        return;
    }
    *equals = '\0';
    add_rule(reading, trimmed(rule), trimmed(equals + 1));
}

/* --- the file ---------------------------------------------------------------------- */

/* Of the whole line: inih ends a name at the first '=' or ':', and patterns have both
 * ("/cart/<int:id>"). */
static void read_file_rule(struct reading *reading)
{
    char line[LINE_BYTES_MAX + 1], *comment;

    memcpy(line, reading->raw, reading->raw_bytes);
    line[reading->raw_bytes] = '\0';
    comment = strstr(line, " ;");
    if (comment)
        *comment = '\0';
    read_rule(reading, line);
}

static void refuse_key(struct reading *reading, const char *name)
{
    char names[512] = "";
    size_t used = 0;

    for (enum fmd__key key = 0; key < FMD__KEY_COUNT && used < sizeof names; key++)
        used += (size_t)snprintf(names + used, sizeof names - used, "%s %s",
                                 key ? "," : "", fmd__key_rows[key].name);
    refuse(reading, -EINVAL, "there is no key '%s'; keys are%s", name, names);
}

static int read_entry(void *to, const char *section, const char *name, const char *value)
{
    struct reading *reading = to;

    if (strcmp(section, "levels") == 0) {
        read_file_rule(reading);
        return 1;
    }
    if (strcmp(section, "recorder") != 0) {
        refuse(
            reading, -EINVAL,
            section[0]
                ? "section [%s] is neither [recorder] nor [levels]; put the line into one"
                : "the line is in no section%s; put it below [recorder] or [levels]",
            section);
        return 1;
    }
    for (enum fmd__key key = 0; key < FMD__KEY_COUNT; key++)
        if (strcmp(name, fmd__key_rows[key].name) == 0) {
            set_value(reading, key, name, value);
            return 1;
        }
    refuse_key(reading, name);
    return 1;
}

/* As fgets; leading blanks go, which would make a line go on the one before it. */
static char *next_line(char *line, int size, void *from)
{
    struct reading *reading = from;
    size_t length;

    while (reading->at < reading->end && (*reading->at == ' ' || *reading->at == '\t'))
        reading->at++;
    if (reading->at == reading->end)
        return NULL;
    reading->line++;
    length = strcspn(reading->at, "\n");
    if (length > LINE_BYTES_MAX || (size_t)size <= LINE_BYTES_MAX + 1) {
        refuse(reading, -EINVAL, "the line is longer than %u bytes", LINE_BYTES_MAX);
        return NULL;
    }
    reading->raw = reading->at;
    reading->raw_bytes = length;
    memcpy(line, reading->at, length);
    line[length] = '\n';
    line[length + 1] = '\0';
    reading->at += length + (reading->at + length < reading->end);
    return line;
}

static void read_file(struct reading *reading, char *text)
{
    int file = open(reading->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK), line;
    ssize_t bytes;

    if (file < 0) {
        refuse(reading, -errno, "%s cannot be opened: %s", reading->file,
               strerrordesc_np(errno));
        return;
    }
    bytes = read(file, text, FILE_BYTES_MAX);
    if (bytes < 0)
        refuse(reading, -errno, "%s cannot be read: %s", reading->file,
               strerrordesc_np(errno));
    (void)close(file);
    if (bytes == FILE_BYTES_MAX)
        refuse(reading, -EFBIG, "%s is larger than %u bytes", reading->file,
               FILE_BYTES_MAX);
    if (reading->result != 0)
        return;
    text[bytes] = '\0';
    reading->at = text;
    reading->end = text + strlen(text);
    line = ini_parse_stream(next_line, reading, read_entry, reading);
    if (line > 0) {
        reading->line = line;
        refuse(reading, -EINVAL, "this is neither 'key = value' nor '[section]'");
    }
    reading->line = 0;
}

/* --- the environment --------------------------------------------------------------- */

static void read_variable_rules(struct reading *reading, const char *variable)
{
    char rule[FMD__PATTERN_BYTES + 16];

    while (*variable) {
        size_t length = strcspn(variable, ",\n");
        int used =
            snprintf(rule, sizeof rule, "%.*s", (int)(length & INT32_MAX), variable);

        if (used < 0 || (size_t)used >= sizeof rule)
            refuse(reading, -EINVAL, "FMD_LEVELS: a pattern is longer than %u bytes",
                   FMD__PATTERN_BYTES);
        else if (rule[strspn(rule, " \t\r")])
            read_rule(reading, rule);
        variable += length + (variable[length] != '\0');
    }
}

/* --- the three calls ---------------------------------------------------------------- */

int fmd__configuration_read_file(struct fmd__configuration *configuration,
                                 const char *file, char *why, size_t why_bytes)
{
    struct reading reading = {
        .to = configuration, .file = file, .why = why, .why_bytes = why_bytes};
    char text[FILE_BYTES_MAX + 1];

    read_file(&reading, text);
    return reading.result;
}

/* An empty variable is one that is not set. */
int fmd__configuration_read_environment(struct fmd__configuration *configuration,
                                        char *why, size_t why_bytes)
{
    struct reading reading = {.to = configuration, .why = why, .why_bytes = why_bytes};
    const char *text;

    for (enum fmd__key key = 0; key < FMD__KEY_COUNT; key++) {
        text = getenv(fmd__key_rows[key].variable); /* NOLINT(concurrency-mt-unsafe) */
        if (text && text[0])
            set_value(&reading, key, fmd__key_rows[key].variable, text);
    }
    text = getenv("FMD_LEVELS"); /* NOLINT(concurrency-mt-unsafe): start is not */
    if (text)
        read_variable_rules(&reading, text);
    return reading.result;
}

void fmd__configuration_overlay(struct fmd__configuration *configuration,
                                const struct fmd__configuration *over)
{
    for (enum fmd__key key = 0; key < FMD__KEY_COUNT; key++)
        if (over->values[key].given)
            configuration->values[key] = over->values[key];
    for (uint32_t i = 0;
         i < over->rule_count && configuration->rule_count < FMD__LEVEL_RULES_MAX; i++)
        configuration->rules[configuration->rule_count++] = over->rules[i];
}
