/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small shop that records itself: the shape of a C service with fmd in it. Workers take
 * requests from a counter, serve them (sleeping for the time a real handler would work)
 * and record endpoint, method, status, customer and address of each.
 *
 *   shop [-d directory] [-v version] [-n requests] [-t threads]
 *
 * Build it against the installed library with
 *   cc shop.c $(pkg-config --cflags --libs fmd-record) -lpthread -o shop
 */
#include <fmd-record.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct route {
    enum fmd_method method;
    const char *name;
    long work_us; /* a handler's usual time */
    uint32_t endpoint;
};

static struct route routes[] = {
    {FMD_METHOD_GET, "GET /", 40, 0},
    {FMD_METHOD_GET, "GET /items/<int:id>", 120, 0},
    {FMD_METHOD_GET, "GET /search", 400, 0},
    {FMD_METHOD_POST, "POST /cart", 90, 0},
    {FMD_METHOD_POST, "POST /checkout", 900, 0},
};
enum { ROUTES = sizeof routes / sizeof routes[0] };

static const char *const customers[] = {"ada", "grace", "edsger", "barbara", "tony"};
enum { CUSTOMERS = sizeof customers / sizeof customers[0] };

static _Atomic long requests_left;

/* Numbers that look random and are the same in every run. */
static unsigned next_number(unsigned *state)
{
    *state = *state * 1103515245u + 12345u;
    return *state >> 8;
}

static void work(long us)
{
    struct timespec time = {0, us * 1000};

    nanosleep(&time, NULL);
}

/* What an HTTP server's handler loop does around its own work. */
static void serve(struct route *route, unsigned number)
{
    struct fmd_request request;
    const char *customer = customers[number % CUSTOMERS];
    char address[32];

    fmd_begin(&request, route->endpoint);
    fmd_set_method(&request, route->method);
    (void)snprintf(address, sizeof address, "192.0.2.%u", number % 250);
    fmd_set_address(&request, address, strlen(address));
    if (number % 3 != 0) /* the others are not logged in */
        fmd_set_group(&request, customer, strlen(customer));
    fmd_view_begin(&request);
    work(route->work_us);
    fmd_view_end(&request);
    fmd_first_byte(&request);
    fmd_set_status(&request, number % 50 == 0 ? 404 : 200);
    fmd_end(&request);
}

static void *worker(void *seed)
{
    unsigned state = *(unsigned *)seed;

    while (atomic_fetch_sub(&requests_left, 1) > 0) {
        unsigned number = next_number(&state);

        serve(&routes[number % ROUTES], number / ROUTES);
    }
    return NULL;
}

static int run_workers(unsigned threads)
{
    pthread_t ids[64];
    unsigned seeds[64];

    for (unsigned i = 0; i < threads; i++) {
        seeds[i] = i + 1;
        if (pthread_create(&ids[i], NULL, worker, &seeds[i]) != 0)
            return -1;
    }
    for (unsigned i = 0; i < threads; i++)
        pthread_join(ids[i], NULL);
    return 0;
}

int main(int argc, char **argv)
{
    struct fmd_config config;
    struct fmd_stats stats;
    unsigned threads = 4;
    int option, result;

    fmd_config_init(&config);
    config.application = "shop";
    config.version = "1.0";
    requests_left = 1000;
    while ((option = getopt(argc, argv, "d:v:n:t:")) != -1) {
        switch (option) {
        case 'd':
            config.directory = optarg;
            break;
        case 'v':
            config.version = optarg;
            break;
        case 'n':
            requests_left = strtol(optarg, NULL, 10);
            break;
        case 't':
            threads = (unsigned)strtoul(optarg, NULL, 10);
            break;
        default:
            return 2;
        }
    }
    if (threads < 1 || threads > 64) {
        (void)fprintf(stderr, "shop: -t takes 1 to 64 threads\n");
        return 2;
    }

    result = fmd_start(&config);
    if (result != 0) /* the shop is open nevertheless */
        (void)fprintf(stderr, "shop: not recording: %s\n", strerror(-result));
    for (unsigned i = 0; i < ROUTES; i++)
        routes[i].endpoint = fmd_endpoint(routes[i].name);

    if (run_workers(threads) != 0)
        return 1;
    result = fmd_stop();
    fmd_stats(&stats);
    (void)printf("issued %llu recorded %llu\n", (unsigned long long)stats.issued,
                 (unsigned long long)stats.recorded);
    return result != 0;
}
