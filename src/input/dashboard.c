/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE /* mkostemp */
#include "dashboard.h"

#include "dashboard_stacks.h"
#include "row_adder.h"

#include "src/base/map.h"
#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/base/vec.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { COPY_BYTES = 1 << 20, FROZEN_ROWS_MIN = 20, FROZEN_ROWS_A_TIME = 20 };
#define COPY_BYTES_MAX (UINT64_C(4) << 30)

struct kept {
    char *name;
    uint64_t place;
    sqlite3 *database;
    uint64_t process; /* stands for it */
};

struct dashboards {
    struct ledger *ledger;
    struct kept *kept;
    size_t count, room;
    uint64_t copied_bytes;
};

struct dashboards *dashboards_new(struct ledger *ledger)
{
    struct dashboards *dashboards = mem_new(sizeof(*dashboards));
    dashboards->ledger = ledger;
    return dashboards;
}

void dashboards_free(struct dashboards *dashboards)
{
    if (!dashboards)
        return;
    for (size_t i = 0; i < dashboards->count; i++) {
        free(dashboards->kept[i].name);
        sqlite3_close(dashboards->kept[i].database);
    }
    free(dashboards->kept);
    free(dashboards);
}

static void tell(struct ledger *ledger, const struct kept *kept,
                 enum input_note_kind kind, const char *format, const char *more)
{
    char *name = notes_shown_name(kept->name);
/* all formats are literals with two texts */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    notes_add(ledger_notes(ledger), kind, (struct note_place){kept->place, 0}, kept->name,
              0, 0, format, name, more);
#pragma GCC diagnostic pop
    free(name);
}

/* --- opening -------------------------------------------------------------------------
 */

static bool is_there(const char *path, const char *end)
{
    struct str beside;
    str_init(&beside);
    str_addf(&beside, "%s%s", path, end);
    bool there = access(beside.bytes, F_OK) == 0;
    str_release(&beside);
    return there;
}

/* As a URI: bytes that mean something there are escaped. */
static char *uri_of(const char *path, bool immutable)
{
    struct str uri;
    str_init(&uri);
    str_add_text(&uri, "file:");
    for (; *path; path++)
        if (strchr("%?#", *path))
            str_addf(&uri, "%%%02x", (unsigned char)*path);
        else
            str_add_byte(&uri, *path);
    str_add_text(&uri, immutable ? "?mode=ro&immutable=1" : "?mode=ro");
    return str_take(&uri);
}

static sqlite3 *open_as(const char *path, bool immutable)
{
    sqlite3 *database = NULL;
    char *uri = uri_of(path, immutable);
    int result =
        sqlite3_open_v2(uri, &database, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL);
    free(uri);
    if (result == SQLITE_OK)
        result = sqlite3_exec(database, "SELECT 1 FROM sqlite_master", NULL, NULL, NULL);
    if (result == SQLITE_OK)
        return database;
    sqlite3_close(database);
    return NULL;
}

/* Nothing is ever written to it. Where nobody is writing to it at the moment it is read
 * as a file that does not change, without locks; else with them, and where that is not
 * possible without the newest requests, which is told. */
static sqlite3 *open_path(struct ledger *ledger, const struct kept *kept,
                          const char *path)
{
    bool in_use = is_there(path, "-wal") || is_there(path, "-journal");
    sqlite3 *database = open_as(path, !in_use);
    if (database || !in_use)
        return database;
    database = open_as(path, true);
    if (database)
        tell(ledger, kept, INPUT_OTHER,
             "%s is in use and its newest requests cannot be read%s; copy it with "
             "sqlite3 '.backup' to have them",
             "");
    return database;
}

/* --- copies --------------------------------------------------------------------------
 */

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
    while (size) {
        ssize_t n = write(fd, bytes, size);
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

static const char *copy_leaf(struct dashboards *dashboards, struct leaf *leaf, int fd)
{
    uint8_t *buffer = mem_new(COPY_BYTES);
    const char *why = NULL;
    size_t got;
    while (!why && (got = leaf_read(leaf, buffer, COPY_BYTES)) > 0) {
        dashboards->copied_bytes += got;
        if (dashboards->copied_bytes > COPY_BYTES_MAX)
            why =
                "has no room among the 4 GiB of databases in archives and pipes; unpack "
                "it and name it itself";
        else if (!write_all(fd, buffer, got))
            why = "does not fit into the temporary directory; set TMPDIR to a larger one";
    }
    free(buffer);
    return why;
}

/* SQLite opens files by name, so the copy has one until it is open. */
static const char *open_copy(struct dashboards *dashboards, struct kept *kept,
                             struct leaf *leaf)
{
    const char *directory = getenv("TMPDIR");
    struct str path;
    str_init(&path);
    str_addf(&path, "%s/fmd-analyze-XXXXXX",
             directory && *directory ? directory : "/tmp");
    int fd = mkostemp(path.bytes, O_CLOEXEC);
    const char *why = fd < 0
                          ? "cannot be copied, since the temporary directory cannot be "
                            "written to; set TMPDIR"
                          : copy_leaf(dashboards, leaf, fd);
    if (!why)
        kept->database = open_as(path.bytes, true);
    if (fd >= 0) {
        unlink(path.bytes);
        close(fd);
    }
    str_release(&path);
    return why;
}

/* --- tables --------------------------------------------------------------------------
 */

static bool has_table(sqlite3 *database, const char *prefix, const char *name)
{
    sqlite3_stmt *statement = NULL;
    char *sql = sqlite3_mprintf("SELECT 1 FROM sqlite_master WHERE type IN ('table', "
                                "'view') AND name = '%q%q'",
                                prefix, name);
    bool has = sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK &&
               sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    sqlite3_free(sql);
    return has;
}

static bool has_column(sqlite3 *database, const char *prefix, const char *column)
{
    sqlite3_stmt *statement = NULL;
    char *sql = sqlite3_mprintf(
        "SELECT 1 FROM pragma_table_info('%qRequest') WHERE name = '%q'", prefix, column);
    bool has = sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK &&
               sqlite3_step(statement) == SQLITE_ROW;
    sqlite3_finalize(statement);
    sqlite3_free(sql);
    return has;
}

/* Many rows of one time: version 5.0 stored when the process began instead of when a
 * request came. */
static bool is_frozen(sqlite3 *database, const char *prefix)
{
    sqlite3_stmt *statement = NULL;
    char *sql = sqlite3_mprintf(
        "SELECT COUNT(*), COUNT(DISTINCT time_requested) FROM \"%wRequest\"", prefix);
    bool frozen = false;
    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        frozen = sqlite3_column_int64(statement, 0) >= FROZEN_ROWS_MIN &&
                 sqlite3_column_int64(statement, 0) >=
                     FROZEN_ROWS_A_TIME * sqlite3_column_int64(statement, 1);
    sqlite3_finalize(statement);
    sqlite3_free(sql);
    return frozen;
}

/* Columns that older versions lack are read as NULL. */
static sqlite3_stmt *ask_requests(sqlite3 *database, const char *prefix)
{
    static const char *const optional[] = {"version_requested", "group_by", "ip",
                                           "status_code"};
    struct str columns;
    sqlite3_stmt *statement = NULL;
    str_init(&columns);
    for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
        str_addf(&columns, ", %s%s",
                 has_column(database, prefix, optional[i]) ? "r." : "NULL AS ",
                 optional[i]);
    char *sql = sqlite3_mprintf(DASHBOARD_SQL
                                "%s FROM \"%wRequest\" r LEFT JOIN "
                                "\"%wEndpoint\" e ON e.id = r.endpoint_id ORDER BY r.id",
                                columns.bytes, prefix, prefix);
    sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    sqlite3_free(sql);
    str_release(&columns);
    return statement;
}

/* Ids of outliers, gone through as the requests come in the order of theirs. */
struct marks {
    int64_t *ids;
    size_t count, at;
};

static bool is_marked(struct marks *marks, int64_t id)
{
    while (marks->at < marks->count && marks->ids[marks->at] < id)
        marks->at++;
    return marks->at < marks->count && marks->ids[marks->at] == id;
}

/* --- requests ------------------------------------------------------------------------
 */

/* group_by that was not set is the text "None". */
static struct row_value group_of(sqlite3_stmt *statement, int column)
{
    struct row_value group = dashboard_text(statement, column);
    if (group.length == 4 && memcmp(group.bytes, "None", 4) == 0)
        group.length = 0;
    return group;
}

static bool convert(sqlite3_stmt *statement, bool frozen, struct row_request *request)
{
    enum { VERSION = DASHBOARD_MORE, GROUP, ADDRESS, STATUS };
    *request = (struct row_request){.first_byte_ns = UINT64_MAX, .view_ns = UINT64_MAX};
    request->endpoint = dashboard_text(statement, DASHBOARD_NAME);
    if (!request->endpoint.length ||
        !dashboard_start(statement, frozen, &request->utc_ns, &request->duration_ns))
        return false;
    request->version = dashboard_text(statement, VERSION);
    request->group = group_of(statement, GROUP);
    request->address = dashboard_text(statement, ADDRESS);
    int status = sqlite3_column_int(statement, STATUS);
    request->status = status >= 100 && status <= 999 ? (uint16_t)status : 0;
    return true;
}

/* Adds all rows; what could not be used or read is told. */
static void read_requests(struct ledger *ledger, const struct kept *kept,
                          sqlite3_stmt *statement, bool frozen, struct marks *marks,
                          struct row_adder *adder)
{
    uint64_t requests = 0, bad = 0;
    int result = SQLITE_ERROR;
    struct str told;
    str_init(&told);
    while (statement && (result = sqlite3_step(statement)) == SQLITE_ROW) {
        struct row_request request;
        bool good = convert(statement, frozen, &request);
        int64_t id = sqlite3_column_int64(statement, DASHBOARD_ID);
        request.outlier = is_marked(marks, id);
        if (good)
            row_adder_put(adder, &request);
        else if (bad < ROWS_TOLD)
            str_addf(&told, "%s%lld", bad ? ", " : "", (long long)id);
        requests += good;
        bad += !good;
    }
    row_adder_flush(adder);
    ledger_count_rows(ledger, requests);
    ledger_file_read(ledger, INPUT_DATABASES, requests, bad);
    if (result != SQLITE_DONE)
        tell(ledger, kept, INPUT_DAMAGE,
             "%s is damaged (%s); what came before is counted; try sqlite3 '.recover'",
             sqlite3_errstr(result));
    if (bad)
        tell(ledger, kept, INPUT_DAMAGE,
             "%s has requests without an endpoint, a time or a duration, the first of "
             "them with id %s; they were left out",
             told.bytes);
    str_release(&told);
}

static void read_tables(struct ledger *ledger, const struct kept *kept, sqlite3 *database,
                        const char *prefix, struct summary *summary)
{
    uint64_t process = kept->process ^ map_hash(prefix, strlen(prefix));
    bool frozen = is_frozen(database, prefix);
    struct row_adder *adder = row_adder_new(summary);
    sqlite3_stmt *statement = ask_requests(database, prefix);
    struct marks marks = {.at = 0};
    marks.ids = dashboard_outliers(database, prefix, &marks.count);
    row_adder_begin(adder, process, 0);
    read_requests(ledger, kept, statement, frozen, &marks, adder);
    free(marks.ids);
    sqlite3_finalize(statement);
    row_adder_free(adder);
    if (frozen)
        tell(ledger, kept, INPUT_CLOCK,
             "%s holds one time for very many requests, as Flask-MonitoringDashboard "
             "5.0 wrote it%s: when each of them came is not known, so that rates, usage "
             "and changes over time are wrong; latencies, versions and groups are right",
             "");
    dashboard_stacks_read(database, prefix, process, frozen, summary);
}

/* The next pair of tables with the names of the dashboard's: its prefix, allocated, or
 * NULL. */
static char *next_prefix(sqlite3 *database, sqlite3_stmt *tables)
{
    static const char ends_in[] = "Request";
    while (tables && sqlite3_step(tables) == SQLITE_ROW) {
        struct row_value table = dashboard_text(tables, 0);
        if (table.length < sizeof(ends_in) - 1)
            continue;
        char *prefix = mem_bytes(table.bytes, table.length - (sizeof(ends_in) - 1));
        if (has_table(database, prefix, "Endpoint") &&
            has_column(database, prefix, "time_requested"))
            return prefix;
        free(prefix);
    }
    return NULL;
}

static sqlite3_stmt *ask_tables(sqlite3 *database)
{
    sqlite3_stmt *tables = NULL;
    sqlite3_prepare_v2(database,
                       "SELECT name FROM sqlite_master WHERE type = 'table' AND name "
                       "LIKE '%Request' ORDER BY name",
                       -1, &tables, NULL);
    return tables;
}

static bool is_dashboard(sqlite3 *database)
{
    sqlite3_stmt *tables = ask_tables(database);
    char *prefix = next_prefix(database, tables);
    bool is = prefix != NULL;
    free(prefix);
    sqlite3_finalize(tables);
    return is;
}

const char *dashboards_keep(struct dashboards *dashboards, struct leaf *leaf)
{
    struct kept kept = {.name = mem_text(leaf->name),
                        .place = leaf->place,
                        .process = map_hash(leaf->peek, leaf->peeked)};
    const char *why = NULL;
    if (leaf->path)
        kept.database = open_path(dashboards->ledger, &kept, leaf->path);
    else
        why = open_copy(dashboards, &kept, leaf);
    if (!why && !kept.database)
        why = "cannot be opened as a SQLite database; is it cut, or open elsewhere?";
    else if (!why && !is_dashboard(kept.database))
        why = "is a SQLite database without the tables Request and Endpoint of "
              "Flask-MonitoringDashboard";
    if (why) {
        sqlite3_close(kept.database);
        free(kept.name);
        return why;
    }
    dashboards->kept = vec_room(dashboards->kept, &dashboards->room,
                                dashboards->count + 1, sizeof(*dashboards->kept));
    dashboards->kept[dashboards->count++] = kept;
    return NULL;
}

static void read_one(struct ledger *ledger, const struct kept *kept,
                     struct summary *summary)
{
    sqlite3_stmt *tables = ask_tables(kept->database);
    for (char *prefix; (prefix = next_prefix(kept->database, tables)); free(prefix))
        read_tables(ledger, kept, kept->database, prefix, summary);
    sqlite3_finalize(tables);
}

void dashboards_read(struct dashboards *dashboards, struct summary *summary)
{
    for (size_t i = 0; i < dashboards->count; i++)
        read_one(dashboards->ledger, &dashboards->kept[i], summary);
}
