/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A web service that does not exist, seeded: requests that are heavy-tailed, have two
 * modes, come in bursts and by the hour of day, and share slow processes, through the
 * same summary_add() as recorded ones. For the simulation of false alarms and power, and
 * for its short form in a test. About 10 million requests a second and thread.
 *
 * log duration = base + mode + noise
 *              + loading(endpoint) × (slow processes of 20 min and 3 h + daily cycle)
 *              + own slow process of the endpoint + customer's speed + run's speed
 */
#ifndef FINDINGS_SIMULATED_SERVICE_H
#define FINDINGS_SIMULATED_SERVICE_H

#include "src/base/mem.h"
#include "src/summary/summary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SIMULATED_ENDPOINTS_MOST = 20,
    SIMULATED_CUSTOMERS = 100,
    SIMULATED_STEPS = 4096,    /* of what all endpoints of a window share */
    SIMULATED_OWN_STEPS = 512, /* of an endpoint's own slow process */
    SIMULATED_OWN_EACH = SIMULATED_STEPS / SIMULATED_OWN_STEPS,
    SIMULATED_BATCH = 4096
};

/* What a version does to one endpoint, or several. */
struct simulated_change {
    int endpoint;  /* -1: nothing */
    int also;      /* endpoints after it that change as much */
    double factor; /* of all durations */
    double tail;   /* of the slowest 2 % */
    double errors; /* of the share of 5xx */
};

static inline bool simulated_changes(const struct simulated_change *change, int endpoint)
{
    return change->endpoint >= 0 && endpoint >= change->endpoint &&
           endpoint <= change->endpoint + change->also;
}

struct simulated_service {
    const char *name;
    unsigned endpoints;
    double requests_least, requests_most; /* an endpoint and run, log-spaced */
    double window_s;                      /* of a run */
    double slow;       /* deviation of each of the two slow processes; 0: independent */
    double slow_s[2];  /* their correlation times */
    double own;        /* deviation of an endpoint's own slow process */
    double daily;      /* amplitude of the daily cycle, in log duration */
    double bursts;     /* share of requests that come in bursts */
    double customers;  /* deviation of customers' speeds; 0: no customers */
    double mix;        /* deviation of log shares of customers between versions */
    double sessions;   /* hours with one slow customer's bulk work, a day */
    unsigned runs;     /* a version; 1: FMD_RUN was not set */
    double run_spread; /* deviation of log speed between runs, shared by endpoints; half
                          as much again is an endpoint's own */
    bool overlap;      /* both versions at the same time */
    double busy; /* share of time in which other work on the machine delays requests,
                    a few minutes long each time; mean delays of 0 to 40 ms */
    struct simulated_change change; /* of the newer version */
};

/* splitmix64 (Steele, Lea and Flood 2014). */
static inline uint64_t simulated_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 < u < 1 */
static inline double simulated_uniform(uint64_t *state)
{
    return ((double)(simulated_random(state) >> 11) + .5) / 9007199254740992.0;
}

/* Marsaglia's polar method (1964), one of the two. */
static inline double simulated_normal(uint64_t *state)
{
    double x, y, s;
    do {
        x = 2 * simulated_uniform(state) - 1;
        y = 2 * simulated_uniform(state) - 1;
        s = x * x + y * y;
    } while (s >= 1 || s == 0);
    return x * sqrt(-2 * log(s) / s);
}

/* One window's latent state, and the versions' and runs' part in it. */
struct simulated_window {
    double shared[SIMULATED_STEPS];   /* in log duration */
    double load[SIMULATED_STEPS + 1]; /* cumulative share of requests */
    int session[SIMULATED_STEPS];     /* customer with bulk work, or -1 */
    double delay_ns[SIMULATED_STEPS]; /* mean, of requests while the machine is busy */
};

/* Adds a stationary Ornstein-Uhlenbeck process. */
static inline void simulated_slow(double *to, unsigned steps, double deviation,
                                  double tau_s, double step_s, uint64_t *state)
{
    double keep = exp(-step_s / tau_s), fresh = sqrt(1 - keep * keep);
    double x = simulated_normal(state);

    for (unsigned i = 0; deviation > 0 && i < steps; i++) {
        to[i] += deviation * x;
        x = keep * x + fresh * simulated_normal(state);
    }
}

static inline void simulated_sessions(struct simulated_window *window,
                                      const struct simulated_service *service,
                                      uint64_t *state)
{
    double step_s = service->window_s / SIMULATED_STEPS;
    double hours = service->sessions * service->window_s / 86400;

    for (unsigned i = 0; i < SIMULATED_STEPS; i++)
        window->session[i] = -1;
    for (double h = simulated_uniform(state); h < hours; h += 1) {
        unsigned at = (unsigned)(simulated_uniform(state) * SIMULATED_STEPS);
        unsigned length = (unsigned)(3600 * (.3 + simulated_uniform(state)) / step_s);
        int customer = (int)(simulated_uniform(state) * 8);
        for (unsigned i = at; i < at + length && i < SIMULATED_STEPS; i++)
            window->session[i] = customer;
    }
}

/* Other work on the machine, which outlasts windows: it comes and goes after exponential
 * times. */
struct simulated_neighbour {
    double left_s; /* until it changes */
    bool known, busy;
    double delay_ns;
};

enum { SIMULATED_BUSY_S = 180 }; /* on average */

static inline void simulated_neighbours(struct simulated_window *window,
                                        const struct simulated_service *service,
                                        struct simulated_neighbour *neighbour,
                                        uint64_t *state)
{
    double step_s = service->window_s / SIMULATED_STEPS;
    double idle_s = SIMULATED_BUSY_S * (1 / service->busy - 1);

    memset(window->delay_ns, 0, sizeof(window->delay_ns));
    for (unsigned i = 0; service->busy > 0 && i < SIMULATED_STEPS; i++) {
        if ((neighbour->left_s -= step_s) < 0) {
            neighbour->busy = neighbour->known ? !neighbour->busy
                                               : simulated_uniform(state) < service->busy;
            neighbour->known = true;
            neighbour->left_s = -log(simulated_uniform(state)) *
                                (neighbour->busy ? SIMULATED_BUSY_S : idle_s);
            neighbour->delay_ns = 4e7 * simulated_uniform(state);
        }
        window->delay_ns[i] = neighbour->busy ? neighbour->delay_ns : 0;
    }
}

/* begin_s: since some midnight. */
static inline void simulated_window_make(struct simulated_window *window,
                                         const struct simulated_service *service,
                                         double begin_s, uint64_t *state)
{
    double step_s = service->window_s / SIMULATED_STEPS, sum = 0;

    memset(window->shared, 0, sizeof(window->shared));
    for (unsigned k = 0; k < 2; k++)
        simulated_slow(window->shared, SIMULATED_STEPS, service->slow, service->slow_s[k],
                       step_s, state);
    window->load[0] = 0;
    for (unsigned i = 0; i < SIMULATED_STEPS; i++) {
        double hour = sin(2 * M_PI * (begin_s + i * step_s) / 86400);
        window->shared[i] += service->daily * hour;
        double load = service->daily > 0 ? 1 + .7 * hour : 1;
        if (simulated_uniform(state) < .01 && service->bursts > 0)
            load += service->bursts * 100;
        window->load[i + 1] = sum += load;
    }
    for (unsigned i = 0; i <= SIMULATED_STEPS; i++)
        window->load[i] /= sum;
    simulated_sessions(window, service, state);
}

/* Who asks, how fast each is served. Cumulative shares. */
struct simulated_customers {
    double shares[SIMULATED_CUSTOMERS], speed[SIMULATED_CUSTOMERS];
};

static inline void simulated_customers_make(struct simulated_customers *older,
                                            struct simulated_customers *newer,
                                            const struct simulated_service *service,
                                            uint64_t *state)
{
    double sums[2] = {0, 0};

    for (unsigned i = 0; i < SIMULATED_CUSTOMERS; i++) {
        double share = exp(simulated_normal(state));
        older->speed[i] = newer->speed[i] = service->customers * simulated_normal(state);
        older->shares[i] = sums[0] += share;
        newer->shares[i] = sums[1] += share * exp(service->mix * simulated_normal(state));
    }
    for (unsigned i = 0; i < SIMULATED_CUSTOMERS; i++) {
        older->shares[i] /= sums[0];
        newer->shares[i] /= sums[1];
    }
}

static inline unsigned simulated_customer(const struct simulated_customers *customers,
                                          uint64_t *state)
{
    double u = simulated_uniform(state);
    unsigned low = 0, high = SIMULATED_CUSTOMERS - 1;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (customers->shares[middle] < u)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct simulated_columns {
    uint32_t count, endpoint[SIMULATED_BATCH], group[SIMULATED_BATCH];
    uint64_t start_ns[SIMULATED_BATCH], duration_ns[SIMULATED_BATCH];
    uint16_t status[SIMULATED_BATCH];
};

static inline void simulated_flush(struct simulated_columns *columns,
                                   struct summary *summary, struct source_map *map,
                                   bool groups, uint64_t *sequence)
{
    struct events events = {.count = columns->count,
                            .sequence = *sequence,
                            .endpoint = columns->endpoint,
                            .start_ns = columns->start_ns,
                            .duration_ns = columns->duration_ns,
                            .status = columns->status,
                            .group = groups ? columns->group : NULL};

    *sequence += columns->count;
    columns->count = 0;
    summary_add(summary, map, &events);
}

/* What one endpoint does in one run of a version. */
struct simulated_endpoint {
    const struct simulated_service *service;
    const struct simulated_window *window;
    const struct simulated_customers *customers;
    const struct simulated_change *change; /* NULL: none */
    double own[SIMULATED_OWN_STEPS];
    double base, loading, speed; /* log of ns; of shared; of the run */
};

static inline uint64_t simulated_duration(const struct simulated_endpoint *endpoint,
                                          unsigned step, unsigned customer,
                                          uint64_t *state)
{
    double noise = simulated_normal(state), mode = simulated_uniform(state);
    double log_ns = endpoint->base + endpoint->speed +
                    endpoint->own[step / SIMULATED_OWN_EACH] +
                    endpoint->loading * endpoint->window->shared[step] + .4 * noise;

    if (mode < .15) /* not in the cache */
        log_ns += 1.2;
    if (mode > .98) { /* and sometimes much more: Pareto, alpha 1.5 */
        log_ns += 1 - log(simulated_uniform(state)) / 1.5;
        if (endpoint->change && endpoint->change->tail > 0)
            log_ns += log(endpoint->change->tail);
    }
    if (endpoint->service->customers > 0)
        log_ns += endpoint->customers->speed[customer];
    if (endpoint->change && endpoint->change->factor > 0)
        log_ns += log(endpoint->change->factor);
    double delay_ns = endpoint->window->delay_ns[step];
    if (delay_ns > 0)
        delay_ns *= -log(simulated_uniform(state));
    return (uint64_t)(exp(log_ns < 31 ? log_ns : 31) + delay_ns);
}

static inline uint16_t simulated_status(const struct simulated_endpoint *endpoint,
                                        unsigned step, uint64_t *state)
{
    double u = simulated_uniform(state);
    double share = .01 * exp(endpoint->window->shared[step]);

    if (endpoint->change && endpoint->change->errors > 0)
        share *= endpoint->change->errors;
    return u < share ? 500 : u < share + .02 ? 404 : 200;
}

/* About count requests in time order (a Poisson process through the load). */
static inline void simulated_requests(const struct simulated_endpoint *endpoint,
                                      uint32_t id, double count, double begin_s,
                                      struct simulated_columns *columns,
                                      struct summary *summary, struct source_map *map,
                                      uint64_t *sequence, uint64_t *state)
{
    const struct simulated_window *window = endpoint->window;
    double step_s = endpoint->service->window_s / SIMULATED_STEPS;
    bool groups = endpoint->service->customers > 0;
    unsigned step = 0;

    for (double at = -log(simulated_uniform(state)) / count; at < 1;
         at -= log(simulated_uniform(state)) / count) {
        while (window->load[step + 1] < at)
            step++;
        double inside =
            (at - window->load[step]) / (window->load[step + 1] - window->load[step]);
        unsigned customer = groups ? simulated_customer(endpoint->customers, state) : 0;
        if (window->session[step] >= 0 && simulated_uniform(state) < .6)
            customer = (unsigned)window->session[step];
        uint32_t i = columns->count++;
        columns->endpoint[i] = id;
        columns->group[i] = customer + 1;
        columns->start_ns[i] = (uint64_t)((begin_s + (step + inside) * step_s) * 1e9);
        columns->duration_ns[i] = simulated_duration(endpoint, step, customer, state);
        columns->status[i] = simulated_status(endpoint, step, state);
        if (columns->count == SIMULATED_BATCH)
            simulated_flush(columns, summary, map, groups, sequence);
    }
    if (columns->count)
        simulated_flush(columns, summary, map, groups, sequence);
}

static inline struct source_map *simulated_source(struct summary *summary,
                                                  const struct simulated_service *service,
                                                  unsigned version, unsigned run)
{
    char text[32];
    snprintf(text, sizeof(text), "run-%u-%u", run, version);
    struct event_source source = {"host", service->runs > 1 ? text : "",
                                  run * 2 + version + 1};
    struct source_map *map = source_map_new(summary, &source);

    for (uint32_t e = 0; e < service->endpoints; e++) {
        int length = snprintf(text, sizeof(text), "GET /%02u", e);
        source_map_endpoint(map, e + 1, "shop", 4, version ? "1.1" : "1.0", 3, text,
                            (size_t)length);
    }
    for (uint32_t g = 0; service->customers > 0 && g < SIMULATED_CUSTOMERS; g++) {
        int length = snprintf(text, sizeof(text), "customer-%u", g);
        source_map_group(map, g + 1, text, (size_t)length);
    }
    return map;
}

static inline double simulated_count(const struct simulated_service *service, unsigned e)
{
    double steps = service->endpoints > 1 ? service->endpoints - 1 : 1;
    return service->requests_least *
           pow(service->requests_most / service->requests_least, e / steps);
}

/* What stays the same over versions and runs. */
struct simulated_traits {
    double base[SIMULATED_ENDPOINTS_MOST], loading[SIMULATED_ENDPOINTS_MOST];
    struct simulated_customers customers[2];
};

struct simulated_state {
    struct simulated_traits traits;
    struct simulated_window window;
    struct simulated_endpoint endpoint;
    struct simulated_neighbour neighbour;
    struct simulated_columns columns;
    uint64_t random, sequence;
};

static inline void simulated_run(struct simulated_state *state,
                                 const struct simulated_service *service,
                                 struct summary *summary, unsigned version, unsigned run,
                                 double begin_s)
{
    struct source_map *map = simulated_source(summary, service, version, run);
    struct simulated_endpoint *endpoint = &state->endpoint;
    uint64_t *random = &state->random;
    double speed = service->run_spread * simulated_normal(random);

    for (unsigned e = 0; e < service->endpoints; e++) {
        bool changed = version && simulated_changes(&service->change, (int)e);
        *endpoint = (struct simulated_endpoint){
            .service = service,
            .window = &state->window,
            .customers = &state->traits.customers[version],
            .change = changed ? &service->change : NULL,
            .base = state->traits.base[e],
            .loading = state->traits.loading[e],
            .speed = speed + service->run_spread / 2 * simulated_normal(random)};
        simulated_slow(endpoint->own, SIMULATED_OWN_STEPS, service->own,
                       service->slow_s[0], service->window_s / SIMULATED_OWN_STEPS,
                       random);
        simulated_requests(endpoint, e + 1, simulated_count(service, e), begin_s,
                           &state->columns, summary, map, &state->sequence, random);
    }
    source_map_free(map);
}

/* A summary of both versions; summary_free(). */
static inline struct summary *simulated_summary(const struct simulated_service *service,
                                                uint64_t seed)
{
    struct summary *summary = summary_new();
    struct simulated_state *state = mem_new(sizeof(*state));
    struct simulated_traits *traits = &state->traits;
    double begin_s = 1.7e9;

    state->random = seed;
    for (unsigned i = 0; i < 4; i++)
        simulated_random(&state->random);
    for (unsigned e = 0; e < service->endpoints; e++) {
        traits->base[e] = log(2e7) + .8 * simulated_normal(&state->random);
        traits->loading[e] = .5 + simulated_uniform(&state->random);
    }
    simulated_customers_make(&traits->customers[0], &traits->customers[1], service,
                             &state->random);
    for (unsigned run = 0; run < service->runs; run++)
        for (unsigned version = 0; version < 2; version++) {
            if (!service->overlap || version == 0) {
                simulated_window_make(&state->window, service, begin_s, &state->random);
                simulated_neighbours(&state->window, service, &state->neighbour,
                                     &state->random);
            }
            simulated_run(state, service, summary, version, run, begin_s);
            if (!service->overlap || version == 1)
                begin_s += service->window_s + (service->runs > 1 ? 10 : 0);
        }
    free(state);
    return summary;
}

#endif
