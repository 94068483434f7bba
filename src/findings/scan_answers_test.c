/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "testdata/cmocka_tests.h"

#include <math.h>

#include "scan_answers.h"
#include "src/base/str.h"
#include "src/summary/inside.h"
#include "src/summary/made_requests.h"
#include "timezone.h"

static const struct made_plan plan = {.seed = 5,
                                      .count = 4000,
                                      .processes = 2,
                                      .endpoints = 2,
                                      .versions = 2,
                                      .groups = 20,
                                      .runs = 1,
                                      .start_utc_ns = MADE_OFFSET_NS,
                                      .length_ns = INT64_C(7200000000000)};

/* Outliers of a summary whose owners were found, and kept. */
struct kept {
    struct summary *summary;
    struct zone zone;
    struct outliers outliers;
};

static const struct outlier_options by_log = {OUTLIER_LOG};

static void keep(struct kept *kept)
{
    static const struct culprit found[] = {{.dimension = SCAN_GROUP,
                                            .name = {"customer-2", 10},
                                            .requests = 90,
                                            .requests_of = 2000,
                                            .outliers = 12,
                                            .outliers_of = 30,
                                            .expected = 1.25,
                                            .lift = 9.6,
                                            .p = 1e-9,
                                            .q = 3e-8},
                                           {.endpoint = 1,
                                            .slow = true,
                                            .dimension = SCAN_HOUR,
                                            .code = 23,
                                            .requests = 70,
                                            .requests_of = 2000,
                                            .outliers = 6,
                                            .outliers_of = 20,
                                            .lift = INFINITY,
                                            .p = 1e-7,
                                            .q = 2e-6}};
    kept->summary = made_whole(&plan);
    assert_int_equal(zone_load(&kept->zone, "UTC", NULL), 0);
    outliers_build(&kept->outliers, kept->summary, &by_log);
    assert_int_equal(kept->outliers.endpoint_count, 2);
    kept->outliers.culprits = mem_array(2, sizeof(found[0]));
    memcpy(kept->outliers.culprits, found, sizeof(found));
    kept->outliers.culprit_count = 2;
    kept->outliers.cell_s = 300;
    outliers_keep(&kept->outliers, kept->summary, &kept->zone);
}

static void release(struct kept *kept)
{
    outliers_release(&kept->outliers);
    zone_release(&kept->zone);
    summary_free(kept->summary);
}

/* What a report of the summary takes; release it. */
static bool recall(const struct kept *kept, struct outliers *outliers)
{
    outliers_build(outliers, kept->summary, &by_log);
    return outliers_recall(outliers, kept->summary, &kept->zone);
}

TEST(what_was_kept_is_recalled)
{
    struct kept kept;
    struct outliers outliers;
    keep(&kept);
    assert_true(recall(&kept, &outliers));
    assert_true(outliers.attributed && !outliers.approximate);
    assert_true(outliers.cell_s == 300);
    assert_int_equal(outliers.culprit_count, 2);
    for (int i = 0; i < 2; i++) {
        struct culprit *a = &kept.outliers.culprits[i], *b = &outliers.culprits[i];
        assert_int_equal(name_compare(a->name, b->name), 0);
        assert_int_equal(a->endpoint, b->endpoint);
        assert_int_equal(a->slow, b->slow);
        assert_int_equal(a->dimension, b->dimension);
        assert_int_equal(a->code, b->code);
        assert_int_equal(a->requests, b->requests);
        assert_int_equal(a->requests_of, b->requests_of);
        assert_int_equal(a->outliers, b->outliers);
        assert_int_equal(a->outliers_of, b->outliers_of);
        assert_true(a->expected == b->expected && a->lift == b->lift);
        assert_true(a->p == b->p && a->q == b->q);
    }
    outliers_release(&outliers);
    release(&kept);
}

TEST(another_question_has_no_answer)
{
    struct kept kept;
    struct outliers outliers;
    keep(&kept);
    outliers_build(&outliers, kept.summary, &(struct outlier_options){OUTLIER_TUKEY});
    assert_false(outliers_recall(&outliers, kept.summary, &kept.zone));
    outliers_release(&outliers);
    zone_release(&kept.zone);
    assert_int_equal(zone_load(&kept.zone, "Europe/Amsterdam", NULL), 0);
    assert_false(recall(&kept, &outliers));
    outliers_release(&outliers);
    release(&kept);
}

/* Recalled or not, no number is none and no index is beyond its end. */
static void check_bytes(const struct kept *kept, uint64_t question, struct name answer)
{
    struct outliers outliers;
    summary_keep_answer(kept->summary, question, answer);
    bool recalled = recall(kept, &outliers);
    for (size_t i = 0; recalled && i < outliers.culprit_count; i++) {
        const struct culprit *culprit = &outliers.culprits[i];
        assert_true(culprit->endpoint < outliers.endpoint_count);
        assert_true(culprit->dimension < SCAN_DIMENSIONS);
        assert_true(isfinite(culprit->expected) && culprit->lift >= 0);
        assert_true(culprit->p >= 0 && culprit->p <= 1);
        assert_true(culprit->q >= 0 && culprit->q <= 1);
    }
    outliers_release(&outliers);
}

TEST(answers_of_any_bytes_are_safe)
{
    struct kept kept;
    struct outliers outliers;
    keep(&kept);
    const struct kept_answer *only = &kept.summary->answers.all[0];
    uint64_t question = only->question;
    size_t length = only->length;
    char *bytes = mem_bytes(only->bytes, length);
    for (size_t cut = 0; cut < length; cut++) {
        summary_keep_answer(kept.summary, question, (struct name){bytes, cut});
        assert_false(recall(&kept, &outliers));
        outliers_release(&outliers);
    }
    for (size_t i = 0; i < length; i++)
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
            check_bytes(&kept, question, (struct name){bytes, length});
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
        }
    free(bytes);
    release(&kept);
}
