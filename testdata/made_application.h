/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The made-up web application of gen-traces: its endpoints with their latencies at every
 * version, who calls how often, and when. All from one seed.
 */
#ifndef TESTDATA_MADE_APPLICATION_H
#define TESTDATA_MADE_APPLICATION_H

#include "lib/fmd-record.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND_NS 1000000000ull
#define DAY_NS (86400 * SECOND_NS)
#define FIRST_DAY_UTC_NS 1793577600000000000ll /* 2026-11-02, a Monday */

static void die(const char *what, const char *name)
{
    fprintf(stderr, "gen-traces: cannot %s %s: %s\n", what, name, strerror(errno));
    exit(1);
}

static void *must(void *memory)
{
    if (!memory)
        die("get memory for", "the tables");
    return memory;
}

/* --- chance ---------------------------------------------------------------------- */

/* splitmix64: every seed is a good one. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* In (0, 1). */
static double next_unit(uint64_t *state)
{
    return ((double)(next_random(state) >> 11) + 0.5) * 0x1p-53;
}

/* Alias table (Walker 1977): a number 0 .. count - 1 with given weights in one draw. */
struct lottery {
    uint32_t count;
    uint32_t *other;
    double *keep;
};

static struct lottery zipf_lottery(uint32_t count, double exponent)
{
    struct lottery l = {count, must(calloc(count + 1, 4)), must(calloc(count + 1, 8))};
    uint32_t *small = must(calloc(count + 1, 4)), *large = must(calloc(count + 1, 4));
    uint32_t smalls = 0, larges = 0;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += l.keep[i] = pow(i + 1, -exponent);
    for (uint32_t i = 0; i < count; i++) {
        l.keep[i] *= count / sum;
        if (l.keep[i] < 1)
            small[smalls++] = i;
        else
            large[larges++] = i;
    }
    while (smalls && larges) {
        uint32_t less = small[--smalls], more = large[larges - 1];
        l.other[less] = more;
        l.keep[more] -= 1 - l.keep[less];
        if (l.keep[more] < 1) {
            small[smalls++] = more;
            larges--;
        }
    }
    while (larges)
        l.keep[large[--larges]] = 1;
    while (smalls)
        l.keep[small[--smalls]] = 1;
    free(small);
    free(large);
    return l;
}

static uint32_t draw(const struct lottery *l, uint64_t *state)
{
    double at = next_unit(state) * l->count;
    uint32_t i = (uint32_t)at;
    return at - i < l->keep[i] ? i : l->other[i];
}

/* --- the application ------------------------------------------------------------- */

struct endpoint {
    char name[64];
    uint8_t method;
    uint16_t status;      /* of a request that goes well */
    double log_median_ns; /* of the larger bell */
    double sigma, slow_sigma;
    double slow_log;   /* how much later the smaller bell is */
    double slow_share; /* its part of the requests */
    bool streamed;
};

struct application {
    struct endpoint *cells; /* version * endpoints + endpoint */
    struct lottery endpoints, groups;
};

static void name_endpoint(struct endpoint *e, uint64_t i)
{
    static const char *const things[] = {"products", "cart",   "orders", "customers",
                                         "search",   "prices", "images", "reviews",
                                         "invoices", "basket", "users",  "stock"};
    static const struct {
        uint8_t method;
        uint16_t status;
        const char *pattern;
    } kinds[] = {{FMD_METHOD_GET, 200, "GET /%s"},
                 {FMD_METHOD_GET, 200, "GET /%s/<int:id>"},
                 {FMD_METHOD_POST, 302, "POST /%s"},
                 {FMD_METHOD_GET, 200, "GET /api/v1/%s"},
                 {FMD_METHOD_PUT, 204, "PUT /api/v1/%s/<int:id>"},
                 {FMD_METHOD_DELETE, 204, "DELETE /%s/<uuid:key>"}};
    uint64_t thing = i % 12, kind = (i / 12 + i) % 6;
    e->method = kinds[kind].method;
    e->status = kinds[kind].status;
    char name[56];
    snprintf(name, sizeof(name), kinds[kind].pattern, things[thing]);
    snprintf(e->name, sizeof(e->name), i < 72 ? "%s" : "%s/%u", name, (unsigned)(i / 72));
}

/* Medians from 1 to 400 ms, wide and narrow bells. */
static struct endpoint make_endpoint(uint64_t i, uint64_t *state)
{
    struct endpoint e = {0};
    name_endpoint(&e, i);
    e.log_median_ns = log(1e6) + next_unit(state) * log(400);
    e.sigma = 0.15 + 0.4 * next_unit(state);
    e.slow_log = log(3 + 5 * next_unit(state));
    e.slow_sigma = 0.6;
    e.slow_share = 0.02 + 0.1 * next_unit(state);
    e.streamed = i % 17 == 11;
    return e;
}

/* What one version changes against the one before: one endpoint slower for everyone, one
 * in its tail only, one faster. */
static void release_version(struct endpoint *cells, uint64_t endpoints, uint64_t version)
{
    cells[(3 * version) % endpoints].log_median_ns += log(1.25);
    cells[(3 * version + 1) % endpoints].slow_share *= 1.5;
    cells[(3 * version + 2) % endpoints].log_median_ns -= log(1.3);
}

static struct application make_application(uint64_t endpoints, uint64_t versions,
                                           uint64_t groups, uint64_t seed)
{
    struct application app = {
        .cells = must(calloc(endpoints * versions, sizeof(struct endpoint))),
        .endpoints = zipf_lottery((uint32_t)endpoints, 1.0),
        .groups = zipf_lottery((uint32_t)groups, 1.0)};
    uint64_t state = seed;
    for (uint64_t i = 0; i < endpoints; i++)
        app.cells[i] = make_endpoint(i, &state);
    for (uint64_t v = 1; v < versions; v++) {
        struct endpoint *cells = app.cells + v * endpoints;
        memcpy(cells, cells - endpoints, endpoints * sizeof(*cells));
        release_version(cells, endpoints, v);
    }
    return app;
}

/* Share of the mean rate at a time: nights are quiet, so are week-ends. */
static double cycle(int64_t utc_ns)
{
    double day = (double)(utc_ns - FIRST_DAY_UTC_NS) / (double)DAY_NS;
    double hour = 1 - 0.8 * cos(2 * M_PI * (day - 3.0 / 24));
    return hour * (fmod(day, 7) >= 5 ? 0.6 : 1.16);
}

static void release_application(struct application *app)
{
    free(app->cells);
    free(app->endpoints.other);
    free(app->endpoints.keep);
    free(app->groups.other);
    free(app->groups.keep);
}

#endif
