/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For tests: the report of a shop with everything that hurts a printer. Include after
 * cmocka_tests.h. */
#ifndef REPORT_MADE_SHOP_H
#define REPORT_MADE_SHOP_H

#include "report.h"

#include "src/base/err.h"
#include "src/findings/made_summary.h"
#include "src/input/input.h"

#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#define HOUR_NS INT64_C(3600000000000)
#define START_NS INT64_C(1711800000000000000) /* 2024-03-30 12:00 UTC */

struct shop {
    struct made made;
    struct input_report input;
    struct input_note note;
    struct report report;
};

#define EVIL_MARKUP                                                                      \
    "GET /\x1b[31m\x1b]0;\a\r\n|`*_[x](javascript:1)<script>a()</script>@root #1 $x$"

static const char *const evil_names[] = {
    "GET /",
    "GET /cart/<int:id>",
    EVIL_MARKUP,
    "GET /not\xff\xfeutf8\xe6\x97",
    "GET /日本語/商品/العربية/🙂",
    "GET /\xe2\x80\xaegnirts\xe2\x80\xa8next &amp; www.example.com http://example.com",
    "",
};
enum { EVIL_NAMES = sizeof(evil_names) / sizeof(evil_names[0]) };

static inline void add_requests(struct made *made, const char *version, uint32_t first_id,
                                int64_t start_ns, double factor)
{
    uint64_t seed = first_id;

    for (uint32_t e = 0; e < EVIL_NAMES; e++)
        made_endpoint(made, first_id + e, "shop", version, evil_names[e]);
    for (int64_t i = 0; i < 4000; i++) {
        uint32_t e = (uint32_t)(made_uniform(&seed) * made_uniform(&seed) * EVIL_NAMES);
        struct made_request request = {
            .endpoint = first_id + e,
            .group = 1 + e,
            .address = 1 + (uint32_t)(made_uniform(&seed) * 3),
            .start_utc_ns = start_ns + i * HOUR_NS / 200,
            .duration_ns =
                made_latency_ns(&seed, 5e6 * (e + 1) * (e == 1 ? factor : 1), .6),
            .status = i % 97 ? 200 : 500};
        request.first_byte_ns = request.duration_ns / 2 + 1;
        made_add(made, &request);
    }
}

static inline void shop_input(struct shop *shop)
{
    shop->note = (struct input_note){
        .kind = INPUT_DAMAGE,
        .file = "traces/\x1b[2Jweb.fmd",
        .sentence =
            "block 17 of traces/\x1b[2Jweb.fmd is damaged; its 12 requests were skipped",
        .blocks = 1,
        .requests = 12};
    shop->input = (struct input_report){.files = 3,
                                        .traces = 2,
                                        .processes = 2,
                                        .clean_ends = 1,
                                        .bytes = 123456,
                                        .blocks = 9,
                                        .blocks_skipped = 1,
                                        .requests = 8000,
                                        .requests_skipped = 12,
                                        .requests_recovered = 34,
                                        .notes = &shop->note,
                                        .note_count = 1};
    shop->input.recorder =
        (struct input_recorder){.issued = 8100, .recorded = 8057, .dropped = {40, 3}};
    shop->input.notes_by_kind[INPUT_DAMAGE] = 1;
}

static inline void shop_init(struct shop *shop, unsigned top)
{
    struct report_options options;
    struct err err = ERR_INIT;

    made_init(&shop->made);
    for (uint32_t g = 1; g <= EVIL_NAMES; g++)
        made_group(&shop->made, g, evil_names[g - 1]);
    made_address(&shop->made, 1, "192.0.2.1");
    made_address(&shop->made, 2, "2001:db8::1");
    made_address(&shop->made, 3, "\x1b[1A");
    add_requests(&shop->made, "1.0", 1, START_NS, 1);
    add_requests(&shop->made, "1.1", 100, START_NS + 20 * HOUR_NS, 3);
    shop_input(shop);
    report_options_init(&options);
    options.time_zone = "Europe/Amsterdam";
    options.top = top;
    options.repeatable = true;
    options.title = "traces.tar.gz";
    if (report_build(&shop->report, shop->made.summary, &shop->input, &options, &err))
        fail_msg("%s", err.message);
}

static inline void shop_release(struct shop *shop)
{
    report_release(&shop->report);
    made_release(&shop->made);
}

/* All that a printer wrote; the caller frees. */
static inline char *printed_terminal(const struct report *report, unsigned width,
                                     bool colour, bool unicode)
{
    struct terminal_style style = {.width = width, .colour = colour, .unicode = unicode};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_int_equal(report_terminal(report, &style, out, NULL), 0);
    fclose(out);
    return text;
}

/* Not inlined: GCC 12 would take the text for the stream's own. */
__attribute__((unused, noinline)) static char *
printed_by(int (*print)(const struct report *, FILE *, struct err *),
           const struct report *report)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_int_equal(print(report, out, NULL), 0);
    fclose(out);
    return text;
}

static inline json_t *json_of(const struct report *report)
{
    char *text = printed_by(report_json, report);
    json_error_t error;
    json_t *tree = json_loads(text, JSON_ALLOW_NUL, &error);

    if (!tree)
        fail_msg("line %d: %s", error.line, error.text);
    free(text);
    return tree;
}

static inline void assert_schema_holds(const struct report *report)
{
    char path[] = "/tmp/fmd-report-XXXXXX", command[256];
    int descriptor = mkstemp(path);
    FILE *file = fdopen(descriptor, "w");

    assert_int_equal(report_json(report, file, NULL), 0);
    fclose(file);
    snprintf(command, sizeof(command), "/usr/bin/python3 src/report/check_schema.py %s",
             path);
    assert_int_equal(system(command), 0);
    unlink(path);
}

#endif
