/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* memmem */
#include "dashboard_stacks.h"

#include "lib/scrub.h"
#include "src/base/map.h"
#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/base/vec.h"
#include "src/summary/events.h"
#include "src/summary/scan.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES_MAX = 256, LINES_MAX = 100000, PATH_BYTES_MAX = 1024 };
#define LATER_NS_MAX INT64_C(1000000000)

struct row_value dashboard_text(sqlite3_stmt *statement, int column)
{
    const char *bytes = (const char *)sqlite3_column_text(statement, column);
    if (!bytes)
        return (struct row_value){NULL, 0};
    return (struct row_value){bytes, (size_t)sqlite3_column_bytes(statement, column)};
}

static uint64_t to_ns(double ms)
{
    return ms < 9e12 ? (uint64_t)(ms * 1e6 + .5) : UINT64_C(1) << 63;
}

static sqlite3_stmt *ask(sqlite3 *database, const char *format, const char *prefix)
{
    sqlite3_stmt *statement = NULL;
/* all formats are literals below */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    char *sql = sqlite3_mprintf(format, prefix, prefix, prefix, prefix);
#pragma GCC diagnostic pop
    sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    sqlite3_free(sql);
    return statement;
}

bool dashboard_start(sqlite3_stmt *statement, bool frozen, int64_t *utc_ns,
                     uint64_t *duration_ns)
{
    double duration_ms = sqlite3_column_double(statement, DASHBOARD_DURATION);
    struct row_value end = dashboard_text(statement, DASHBOARD_END);
    if (!end.bytes || sqlite3_column_type(statement, DASHBOARD_DURATION) == SQLITE_NULL ||
        !(duration_ms >= 0) || !convert_time(end.bytes, end.length, UNIT_NONE, utc_ns))
        return false;
    *duration_ns = to_ns(duration_ms);
    if (frozen)
        *utc_ns += sqlite3_column_int64(statement, DASHBOARD_ID) % LATER_NS_MAX;
    else if (*duration_ns < (uint64_t)*utc_ns)
        *utc_ns -= (int64_t)*duration_ns;
    return true;
}

int64_t *dashboard_outliers(sqlite3 *database, const char *prefix, size_t *count)
{
    sqlite3_stmt *statement =
        ask(database, "SELECT DISTINCT request_id FROM \"%wOutlier\" ORDER BY 1", prefix);
    int64_t *ids = NULL;
    size_t room = 0;
    for (*count = 0; statement && sqlite3_step(statement) == SQLITE_ROW; ++*count) {
        ids = vec_room(ids, &room, *count + 1, sizeof(*ids));
        ids[*count] = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return ids;
}

/* --- whose stacks they are -----------------------------------------------------------
 */

/* Columns that both questions begin with. */
enum { VERSION = DASHBOARD_MORE, REQUEST_COLUMNS };
#define REQUEST_SQL DASHBOARD_SQL ", r.version_requested"

struct stacks_reader {
    struct summary *summary;
    struct source_map *map;
    struct map endpoints; /* of version, NUL, name; its number + 1 is that in map */
    struct str key;
    bool frozen;
    /* the current request */
    struct event_request request;
    int64_t utc_ns;
    uint64_t duration_ns;
};

static bool take_request(struct stacks_reader *reader, sqlite3_stmt *statement)
{
    struct row_value name = dashboard_text(statement, DASHBOARD_NAME);
    struct row_value version = dashboard_text(statement, VERSION);
    if (!name.length || !dashboard_start(statement, reader->frozen, &reader->utc_ns,
                                         &reader->duration_ns))
        return false;
    size_t before = reader->endpoints.count;
    str_clear(&reader->key);
    str_add(&reader->key, version.bytes ? version.bytes : "", version.length);
    str_add_byte(&reader->key, 0);
    str_add(&reader->key, name.bytes, name.length);
    uint32_t number =
        map_add(&reader->endpoints, reader->key.bytes, reader->key.length) + 1;
    if (reader->endpoints.count > before)
        source_map_endpoint(reader->map, number, "", 0,
                            version.bytes ? version.bytes : "", version.length,
                            name.bytes, name.length);
    reader->request =
        (struct event_request){.start_ns = (uint64_t)reader->utc_ns, .endpoint = number};
    return true;
}

static struct event_text text_of(struct row_value value)
{
    return (struct event_text){value.bytes ? value.bytes : "", value.length};
}

static void add_sample(struct stacks_reader *reader, bool outlier, const uint32_t *frames,
                       uint32_t count, uint64_t ns)
{
    uint64_t us = ns / 1000;
    struct event_sample sample = {.request = reader->request,
                                  .utc_ns = reader->utc_ns,
                                  .elapsed_ns = reader->duration_ns,
                                  .interval_us =
                                      us < UINT32_MAX ? (uint32_t)us : UINT32_MAX,
                                  .profile = !outlier,
                                  .outlier = outlier,
                                  .frames = frames,
                                  .frame_count = count};
    summary_add_sample(reader->summary, reader->map, &sample);
}

/* --- the profiler's ------------------------------------------------------------------
 */

/* A line of a request's tree, in the order of a walk through it: the lines below it
 * follow it, with a larger indent. */
struct tree_line {
    int64_t indent;
    uint32_t frame;
    uint64_t inclusive_ns, children_ns;
};

struct tree {
    struct tree_line *lines;
    size_t count, room;
};

/* The lines from the outermost to the current one, which is the last: indents grow. */
struct tree_path {
    struct tree_line *lines[FRAMES_MAX];
    uint32_t frames[FRAMES_MAX];
    uint32_t depth;
};

/* Leaves lines of this indent and deeper: all that is below them was seen. Each is a
 * sample of the time that was spent in it and not below it. */
static void leave_lines(struct stacks_reader *reader, struct tree_path *path,
                        int64_t indent)
{
    while (path->depth && path->lines[path->depth - 1]->indent >= indent) {
        const struct tree_line *line = path->lines[path->depth - 1];
        if (line->inclusive_ns > line->children_ns)
            add_sample(reader, false, path->frames, path->depth,
                       line->inclusive_ns - line->children_ns);
        path->depth--;
    }
}

static void add_tree(struct stacks_reader *reader, struct tree *tree)
{
    struct tree_path path = {.depth = 0};
    for (size_t i = 0; i < tree->count; i++) {
        struct tree_line *line = &tree->lines[i];
        leave_lines(reader, &path, line->indent);
        if (path.depth == FRAMES_MAX)
            continue; /* counts as its caller's own time */
        if (path.depth)
            path.lines[path.depth - 1]->children_ns += line->inclusive_ns;
        path.lines[path.depth] = line;
        path.frames[path.depth++] = line->frame;
    }
    leave_lines(reader, &path, INT64_MIN);
    tree->count = 0;
}

static void take_line(struct stacks_reader *reader, sqlite3_stmt *statement,
                      struct tree *tree)
{
    enum { INDENT = REQUEST_COLUMNS, INCLUSIVE, FILE_NAME, LINE, FUNCTION };
    double inclusive_ms = sqlite3_column_double(statement, INCLUSIVE);
    int64_t line = sqlite3_column_int64(statement, LINE);
    if (tree->count == LINES_MAX || !(inclusive_ms >= 0))
        return;
    tree->lines =
        vec_room(tree->lines, &tree->room, tree->count + 1, sizeof(*tree->lines));
    tree->lines[tree->count++] =
        (struct tree_line){.indent = sqlite3_column_int64(statement, INDENT),
                           .frame = source_map_frame(
                               reader->map, text_of(dashboard_text(statement, FILE_NAME)),
                               text_of(dashboard_text(statement, FUNCTION)),
                               line > 0 && line < UINT32_MAX ? (uint32_t)line : 0),
                           .inclusive_ns = to_ns(inclusive_ms)};
}

static void read_profiler(struct stacks_reader *reader, sqlite3 *database,
                          const char *prefix)
{
    sqlite3_stmt *statement =
        ask(database,
            REQUEST_SQL ", s.indent, s.duration, c.filename, c.line_number, "
                        "c.function_name FROM \"%wStackLine\" s "
                        "JOIN \"%wRequest\" r ON r.id = s.request_id "
                        "JOIN \"%wEndpoint\" e ON e.id = r.endpoint_id "
                        "JOIN \"%wCodeLine\" c ON c.id = s.code_id "
                        "ORDER BY s.request_id, s.position",
            prefix);
    struct tree tree = {0};
    int64_t request = 0;
    while (statement && sqlite3_step(statement) == SQLITE_ROW) {
        int64_t next = sqlite3_column_int64(statement, DASHBOARD_ID);
        if (tree.count && next != request)
            add_tree(reader, &tree);
        request = next;
        if (take_request(reader, statement))
            take_line(reader, statement, &tree);
    }
    if (tree.count)
        add_tree(reader, &tree);
    sqlite3_finalize(statement);
    free(tree.lines);
}

/* --- the outliers' -------------------------------------------------------------------
 */

/* What stands between two texts; false when it is not there. */
static bool between(struct row_value text, const char *before, const char *after,
                    struct row_value *found)
{
    const char *end = text.bytes + text.length;
    const char *at = memmem(text.bytes, text.length, before, strlen(before));
    if (!at)
        return false;
    at += strlen(before);
    const char *stop = memmem(at, (size_t)(end - at), after, strlen(after));
    if (!stop)
        return false;
    *found = (struct row_value){at, (size_t)(stop - at)};
    return true;
}

/* A line as tracebacks have it: file in quotes, line number, function. Of one that is
 * none the whole text stands for the function. */
static uint32_t frame_of(struct stacks_reader *reader, struct row_value text)
{
    struct row_value file, function, number;
    uint32_t line = 0;
    if (!between(text, "ile: \"", "\"", &file) && !between(text, "ile \"", "\"", &file))
        return source_map_frame(reader->map, (struct event_text){"", 0}, text_of(text),
                                0);
    if (between(text, "line ", ",", &number))
        line = (uint32_t)strtoul(number.bytes, NULL, 10);
    if (!between(text, "in \"", "\"", &function))
        function = (struct row_value){"", 0};
    return source_map_frame(reader->map, text_of(file), text_of(function), line);
}

static void add_outlier(struct stacks_reader *reader, struct row_value text)
{
    static const char separator[] = "<br />";
    uint32_t frames[FRAMES_MAX], count = 0;
    while (text.length && count < FRAMES_MAX) {
        const char *end =
            memmem(text.bytes, text.length, separator, sizeof(separator) - 1);
        size_t length = end ? (size_t)(end - text.bytes) : text.length;
        if (length)
            frames[count++] = frame_of(reader, (struct row_value){text.bytes, length});
        length += end ? sizeof(separator) - 1 : 0;
        text.bytes += length;
        text.length -= length;
    }
    if (count) /* the one sample of its request stands for all its time */
        add_sample(reader, true, frames, count, reader->duration_ns);
}

/* The path of a URL, without host, query and fragment. */
static struct row_value path_of(struct row_value url)
{
    const char *scheme = url.length ? memmem(url.bytes, url.length, "://", 3) : NULL;
    const char *end = url.bytes + url.length, *at = url.bytes;
    if (scheme)
        at = memchr(scheme + 3, '/', (size_t)(end - scheme - 3));
    if (!at || at == end)
        return (struct row_value){NULL, 0};
    struct row_value path = {at, (size_t)(end - at)};
    for (size_t i = 0; i < path.length; i++)
        if (at[i] == '?' || at[i] == '#')
            path.length = i;
    return path;
}

static void add_path(struct stacks_reader *reader, struct row_value url)
{
    char scrubbed[PATH_BYTES_MAX];
    struct row_value path = path_of(url);
    if (!path.length)
        return;
    size_t length = fmd__scrub_copy(scrubbed, sizeof(scrubbed), path.bytes, path.length);
    const struct event_context_item item = {.value = {scrubbed, length}};
    summary_add_context(reader->summary, reader->map, reader->request, reader->utc_ns,
                        &item, 1);
}

static void read_outliers(struct stacks_reader *reader, sqlite3 *database,
                          const char *prefix)
{
    enum { STACK = REQUEST_COLUMNS, URL };
    sqlite3_stmt *statement =
        ask(database,
            REQUEST_SQL ", o.stacktrace, o.request_url FROM \"%wOutlier\" o "
                        "JOIN \"%wRequest\" r ON r.id = o.request_id "
                        "JOIN \"%wEndpoint\" e ON e.id = r.endpoint_id ORDER BY o.id",
            prefix);
    while (statement && sqlite3_step(statement) == SQLITE_ROW)
        if (take_request(reader, statement)) {
            add_outlier(reader, dashboard_text(statement, STACK));
            add_path(reader, dashboard_text(statement, URL));
        }
    sqlite3_finalize(statement);
}

void dashboard_stacks_read(sqlite3 *database, const char *prefix, uint64_t process,
                           bool frozen, struct summary *summary)
{
    struct event_source source = {.host = "", .run = "", .process = process};
    struct stacks_reader reader = {
        .summary = summary, .map = source_map_new(summary, &source), .frozen = frozen};
    map_init(&reader.endpoints);
    str_init(&reader.key);
    if (!summary_scans(summary)) {
        read_profiler(&reader, database, prefix);
        read_outliers(&reader, database, prefix);
    }
    map_release(&reader.endpoints);
    str_release(&reader.key);
    source_map_free(reader.map);
}
