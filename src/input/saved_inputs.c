/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "saved_inputs.h"

#include "src/base/err.h"
#include "src/base/map.h"
#include "src/base/mem.h"
#include "src/base/str.h"
#include "src/summary/scan.h"
#include "src/summary/summary.h"

#include <stdlib.h>

enum { READ_BYTES = 1 << 16 };
#define SAVED_BYTES_MAX ((size_t)512 << 20) /* packed, of one file */

/* sum is NULL until there is one. */
struct saved_inputs {
    struct ledger *ledger;
    struct summary *sum;
    struct map seen; /* by a hash of all bytes */
};

struct saved_inputs *saved_inputs_new(struct ledger *ledger)
{
    struct saved_inputs *saved = mem_new(sizeof(*saved));
    saved->ledger = ledger;
    map_init(&saved->seen);
    return saved;
}

void saved_inputs_free(struct saved_inputs *saved)
{
    if (!saved)
        return;
    summary_free(saved->sum);
    map_release(&saved->seen);
    free(saved);
}

static int read_all(struct leaf *leaf, struct str *bytes, struct err *err)
{
    char buffer[READ_BYTES];
    size_t got;
    while ((got = leaf_read(leaf, buffer, sizeof(buffer))) > 0) {
        str_add(bytes, buffer, got);
        if (bytes->length > SAVED_BYTES_MAX)
            return err_set(err, ERR_INPUT, "it is larger than any saved summary");
    }
    return 0;
}

static bool is_known(struct saved_inputs *saved, const struct leaf *leaf,
                     const struct str *bytes)
{
    uint64_t hash = map_hash(bytes->bytes, bytes->length);
    size_t before = saved->seen.count;
    map_add(&saved->seen, &hash, sizeof(hash));
    if (saved->seen.count > before)
        return false;
    char *name = notes_shown_name(leaf->name);
    notes_add(ledger_notes(saved->ledger), INPUT_DUPLICATE,
              (struct note_place){leaf->place, 0}, leaf->name, 0, 0,
              "%s holds the same bytes as another saved summary and was counted once",
              name);
    free(name);
    return true;
}

static void add(struct saved_inputs *saved, struct summary *summary)
{
    uint64_t requests = summary_totals(summary).requests;
    ledger_count_rows(saved->ledger, requests);
    ledger_file_read(saved->ledger, INPUT_SUMMARIES, requests, 0);
    if (!saved->sum) {
        saved->sum = summary;
        return;
    }
    summary_merge(saved->sum, summary);
    summary_free(summary);
}

int saved_inputs_add(struct saved_inputs *saved, struct leaf *leaf, struct err *err)
{
    struct err why = ERR_INIT;
    struct summary *summary = NULL;
    struct str bytes;
    str_init(&bytes);
    if (read_all(leaf, &bytes, &why) == 0 && !is_known(saved, leaf, &bytes))
        summary = summary_load(bytes.bytes, bytes.length, &why);
    str_release(&bytes);
    if (summary)
        add(saved, summary);
    return why.code == ERR_NONE
               ? 0
               : err_set(err, why.code, "cannot be used: %s", why.message);
}

void saved_inputs_merge(const struct saved_inputs *saved, struct summary *summary)
{
    if (saved->sum && !summary_scans(summary))
        summary_merge(summary, saved->sum);
}
