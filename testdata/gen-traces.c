/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Writes the traces of a made-up web application: the load of benchmarks and tests, the
 * same bytes for the same options on one machine whatever the number of threads. 50
 * million requests take some 10 seconds.
 *
 * The application runs in processes (streams), each on a host; every version is a fresh
 * set of them, and versions follow one another in time. Requests come at random at a rate
 * that follows the hour and the weekday; endpoints, groups and addresses are picked by a
 * zipf law; an endpoint's latencies are two lognormal bells, the smaller one slower;
 * later versions make some endpoints slower, some faster; one request in a hundred fails.
 *
 * --raw FILE has the same requests as plain arrays, for the floor of benchmarks and to
 * compare with something dumb. Native byte order:
 *
 *   char magic[8] "fmdraw1\n"; uint64_t requests, endpoints, versions, groups, addresses
 *   then, each of `requests` values, streams one after the other:
 *   int64_t start_utc_ns[]; uint64_t duration_ns[], first_byte_ns[], view_ns[];
 *   uint32_t cell[] (version * endpoints + endpoint, both from 0), group[], address[]
 *   (from 1; 0: none); uint16_t status[]; uint8_t method[], flags[]
 */
#include "made_application.h"

#include "lib/wire/block.h"
#include "lib/wire/definitions.h"
#include "lib/wire/requests.h"
#include "lib/wire/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

struct options {
    uint64_t requests, endpoints, versions, groups, addresses;
    uint64_t processes, hosts, seed, threads, block_requests, segment_bytes;
    double days;
    bool first_byte, view;
    const char *out, *raw;
};

/* --- raw arrays ------------------------------------------------------------------ */

struct raw {
    uint8_t *map;
    size_t size;
    int64_t *start_utc_ns;
    uint64_t *duration_ns, *first_byte_ns, *view_ns;
    uint32_t *cell, *group, *address;
    uint16_t *status;
    uint8_t *method, *flags;
};

static struct raw open_raw(const struct options *o)
{
    struct raw raw = {0};
    uint64_t n = o->requests;
    uint64_t head[6] = {0, n, o->endpoints, o->versions, o->groups, o->addresses};
    if (!o->raw)
        return raw;
    memcpy(head, "fmdraw1\n", 8);
    raw.size = sizeof(head) + n * (4 * 8 + 3 * 4 + 2 + 1 + 1);
    int fd = open(o->raw, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || ftruncate(fd, (off_t)raw.size) != 0)
        die("write", o->raw);
    raw.map = mmap(NULL, raw.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (raw.map == MAP_FAILED)
        die("map", o->raw);
    memcpy(raw.map, head, sizeof(head));
    raw.start_utc_ns = (int64_t *)(void *)(raw.map + sizeof(head));
    raw.duration_ns = (uint64_t *)(raw.start_utc_ns + n);
    raw.first_byte_ns = raw.duration_ns + n;
    raw.view_ns = raw.first_byte_ns + n;
    raw.cell = (uint32_t *)(raw.view_ns + n);
    raw.group = raw.cell + n;
    raw.address = raw.group + n;
    raw.status = (uint16_t *)(raw.address + n);
    raw.method = (uint8_t *)(raw.status + n);
    raw.flags = raw.method + n;
    return raw;
}

/* --- one process ----------------------------------------------------------------- */

/* A string's number in the segment that is written, 0 while it has none. */
struct numbers {
    uint32_t *of;
    uint32_t count, last;
};

struct stream {
    const struct options *options;
    const struct application *app;
    const struct raw *raw;
    uint64_t version, first, count; /* its requests are first .. first + count - 1 */
    uint64_t state;
    struct fmd__segment segment;
    int64_t begin_utc_ns;
    double mean_rate; /* a ns, where cycle() is 1 */
    double rate;      /* now */
    int64_t rate_until_utc_ns;
    double spare_normal; /* NAN: none */
    struct numbers groups, addresses;
    /* the file */
    FILE *file;
    uint64_t file_bytes, sequence;
    int64_t now_utc_ns;
    ZSTD_CCtx *zstd;
    struct fmd__columns columns;
    uint32_t global_group[FMD__BLOCK_REQUESTS_MAX];
    uint32_t global_address[FMD__BLOCK_REQUESTS_MAX];
    uint8_t payload[FMD__REQUESTS_BOUND];
    uint8_t block[FMD__REQUESTS_BOUND + 4096];
    uint8_t definitions[FMD__BLOCK_REQUESTS_MAX * 2 * 128];
};

/* Box and Muller 1958; they come in pairs. */
static double next_normal(struct stream *s)
{
    double spare = s->spare_normal;
    if (!isnan(spare)) {
        s->spare_normal = NAN;
        return spare;
    }
    double radius = sqrt(-2 * log(next_unit(&s->state)));
    double angle = 2 * M_PI * next_unit(&s->state);
    s->spare_normal = radius * sin(angle);
    return radius * cos(angle);
}

static uint64_t to_monotonic(const struct stream *s, int64_t utc_ns)
{
    return s->segment.started_monotonic_ns +
           (uint64_t)(utc_ns - s->segment.started_utc_ns);
}

static void write_block(struct stream *s, enum fmd__block_type type,
                        struct fmd__block *block, const uint8_t *raw, size_t raw_bytes)
{
    block->type = type;
    block->sequence = s->sequence++;
    block->anchor_utc_ns = s->now_utc_ns;
    block->anchor_monotonic_ns = to_monotonic(s, s->now_utc_ns);
    size_t bytes = fmd__block_write(block, raw, raw_bytes, s->zstd, s->block);
    if (fwrite(s->block, 1, bytes, s->file) != bytes)
        die("write in", s->options->out);
    s->file_bytes += bytes;
}

static void define_endpoints(struct stream *s)
{
    char version[32];
    snprintf(version, sizeof(version), "1.%u", (unsigned)s->version);
    uint64_t endpoints = s->options->endpoints;
    struct fmd__block block = {.count = (uint32_t)endpoints};
    size_t size = 0;
    uint8_t *out = must(malloc(endpoints * 256));
    for (uint64_t i = 0; i < endpoints; i++) {
        const char *name = s->app->cells[s->version * endpoints + i].name;
        struct fmd__definition d = {.kind = FMD__DEFINE_ENDPOINT,
                                    .id = (uint32_t)i + 1,
                                    .bytes = name,
                                    .length = (uint32_t)strlen(name),
                                    .application = "shop",
                                    .application_length = 4,
                                    .version = version,
                                    .version_length = (uint32_t)strlen(version)};
        size += fmd__definition_encode(&d, out + size);
    }
    write_block(s, FMD__BLOCK_DEFINITIONS, &block, out, size);
    free(out);
}

static void begin_segment(struct stream *s)
{
    char stem[FMD__STEM_BYTES], path[4096];
    uint8_t payload[FMD__SEGMENT_BOUND];
    struct fmd__block block = {0};
    fmd__segment_stem(&s->segment, stem);
    snprintf(path, sizeof(path), "%s/%s-%06u.fmd", s->options->out, stem,
             (unsigned)s->segment.number);
    s->file = fopen(path, "wbe");
    if (!s->file)
        die("write", path);
    s->file_bytes = 0;
    s->groups.last = s->addresses.last = 0;
    memset(s->groups.of, 0, s->groups.count * sizeof(*s->groups.of));
    memset(s->addresses.of, 0, s->addresses.count * sizeof(*s->addresses.of));
    write_block(s, FMD__BLOCK_SEGMENT, &block, payload,
                fmd__segment_encode(&s->segment, payload));
    define_endpoints(s);
}

static void end_segment(struct stream *s, uint64_t recorded, bool clean_end)
{
    uint8_t payload[FMD__STATS_BOUND];
    struct fmd__stats stats = {
        .issued = recorded, .recorded = recorded, .clean_end = clean_end};
    struct fmd__block counts = {0}, end = {0};
    write_block(s, FMD__BLOCK_STATS, &counts, payload,
                fmd__stats_encode(&stats, payload));
    write_block(s, FMD__BLOCK_END, &end, payload, 0);
    if (fclose(s->file) != 0)
        die("write in", s->options->out);
    s->segment.number++;
}

/* The gap to the next request, from the rate of now. */
static void move_clock(struct stream *s)
{
    if (s->now_utc_ns >= s->rate_until_utc_ns) {
        s->rate = s->mean_rate * cycle(s->now_utc_ns);
        s->rate_until_utc_ns = s->now_utc_ns + 60 * (int64_t)SECOND_NS;
    }
    s->now_utc_ns += 1 + (int64_t)(-log(next_unit(&s->state)) / s->rate);
}

static uint64_t some_latency(struct stream *s, const struct endpoint *e)
{
    bool slow = next_unit(&s->state) < e->slow_share;
    double normal = next_normal(s);
    double latency = slow ? e->log_median_ns + e->slow_log + e->slow_sigma * normal
                          : e->log_median_ns + e->sigma * normal;
    return (uint64_t)exp(latency);
}

/* One in a hundred fails; some of them early. */
static void fill_outcome(struct stream *s, uint32_t i, const struct endpoint *e)
{
    struct fmd__columns *c = &s->columns;
    uint64_t fate = next_random(&s->state) % 10000;
    c->method[i] = e->method;
    c->status[i] = e->status;
    c->flags[i] = e->streamed ? FMD_STREAMED : 0;
    if (fate < 40) {
        c->status[i] = 500;
        c->flags[i] = FMD_EXCEPTION;
    } else if (fate < 90) {
        c->status[i] = 404;
        c->duration_ns[i] /= 4;
    } else if (fate < 100) {
        c->status[i] = 503;
    } else if (fate < 105) {
        c->flags[i] |= FMD_ABORTED;
    }
}

/* The recorder's own work around the view, and the body after the first byte. */
static void fill_parts(struct stream *s, uint32_t i, const struct endpoint *e)
{
    struct fmd__columns *c = &s->columns;
    uint64_t duration = c->duration_ns[i], around = next_random(&s->state);
    uint64_t middleware = 80000 + (around & 0xffff),
             body = 20000 + (around >> 16 & 0x7fff);
    if (e->streamed)
        body += duration / 2;
    c->first_byte_ns[i] = !s->options->first_byte ? UINT64_MAX
                          : duration > body       ? duration - body
                                                  : 0;
    c->view_ns[i] = !s->options->view       ? UINT64_MAX
                    : duration > middleware ? duration - middleware
                                            : 0;
}

static void fill_who(struct stream *s, uint32_t i)
{
    uint64_t addresses = s->options->addresses;
    uint32_t group = s->options->groups ? draw(&s->app->groups, &s->state) + 1 : 0;
    s->global_group[i] = group;
    /* a group comes from one address mostly, from one of four at most */
    uint64_t which = next_random(&s->state) % 10;
    s->global_address[i] =
        addresses
            ? (uint32_t)((group * 4ull + (which < 7 ? 0 : which - 6)) % addresses) + 1
            : 0;
}

static void fill_request(struct stream *s, uint32_t i)
{
    struct fmd__columns *c = &s->columns;
    uint32_t endpoint = draw(&s->app->endpoints, &s->state);
    const struct endpoint *e =
        &s->app->cells[s->version * s->options->endpoints + endpoint];
    move_clock(s);
    c->endpoint[i] = endpoint + 1;
    c->start_ns[i] = to_monotonic(s, s->now_utc_ns);
    c->duration_ns[i] = some_latency(s, e);
    fill_outcome(s, i, e);
    fill_parts(s, i, e);
    fill_who(s, i);
}

/* Numbers of the segment for global ones; new ones get a definition at out. */
static size_t number_strings(struct numbers *numbers, uint8_t kind,
                             const uint32_t *global, uint32_t count, uint32_t *local,
                             uint8_t *out, uint32_t *defined)
{
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t g = global[i];
        if (g && !numbers->of[g]) {
            char name[32];
            int length = kind == FMD__DEFINE_GROUP
                             ? snprintf(name, sizeof(name), "customer-%05u", g)
                             : snprintf(name, sizeof(name), "10.%u.%u.%u", g >> 16 & 255,
                                        g >> 8 & 255, g & 255);
            struct fmd__definition d = {.kind = kind,
                                        .id = numbers->of[g] = ++numbers->last,
                                        .bytes = name,
                                        .length = (uint32_t)length};
            size += fmd__definition_encode(&d, out + size);
            ++*defined;
        }
        local[i] = g ? numbers->of[g] : 0;
    }
    return size;
}

static void define_strings(struct stream *s)
{
    struct fmd__columns *c = &s->columns;
    struct fmd__block block = {0};
    size_t size = number_strings(&s->groups, FMD__DEFINE_GROUP, s->global_group, c->count,
                                 c->group, s->definitions, &block.count);
    size += number_strings(&s->addresses, FMD__DEFINE_ADDRESS, s->global_address,
                           c->count, c->address, s->definitions + size, &block.count);
    if (block.count)
        write_block(s, FMD__BLOCK_DEFINITIONS, &block, s->definitions, size);
}

static void write_raw(const struct stream *s, uint64_t first)
{
    const struct raw *raw = s->raw;
    const struct fmd__columns *c = &s->columns;
    for (uint32_t i = 0; i < c->count; i++) {
        raw->start_utc_ns[first + i] =
            s->segment.started_utc_ns +
            (int64_t)(c->start_ns[i] - s->segment.started_monotonic_ns);
        raw->cell[first + i] =
            (uint32_t)(s->version * s->options->endpoints) + c->endpoint[i] - 1;
    }
#define COPY(to, from) memcpy(raw->to + first, from, c->count * sizeof(*raw->to))
    COPY(duration_ns, c->duration_ns);
    COPY(first_byte_ns, c->first_byte_ns);
    COPY(view_ns, c->view_ns);
    COPY(group, s->global_group);
    COPY(address, s->global_address);
    COPY(status, c->status);
    COPY(method, c->method);
    COPY(flags, c->flags);
#undef COPY
}

static void write_requests(struct stream *s)
{
    const struct fmd__columns *c = &s->columns;
    struct fmd__block block = {.count = c->count,
                               .start_min_ns = c->start_ns[0],
                               .start_max_ns = c->start_ns[c->count - 1],
                               .duration_min_ns = UINT64_MAX};
    for (uint32_t i = 0; i < c->count; i++) {
        uint64_t duration = c->duration_ns[i];
        if (duration < block.duration_min_ns)
            block.duration_min_ns = duration;
        if (duration > block.duration_max_ns)
            block.duration_max_ns = duration;
    }
    write_block(s, FMD__BLOCK_REQUESTS, &block, s->payload,
                fmd__requests_encode(c, NULL, 0, s->payload));
}

static void run_stream(struct stream *s)
{
    uint64_t done = 0;
    begin_segment(s);
    while (done < s->count) {
        uint64_t left = s->count - done, most = s->options->block_requests;
        s->columns.count = (uint32_t)(left < most ? left : most);
        for (uint32_t i = 0; i < s->columns.count; i++)
            fill_request(s, i);
        if (s->file_bytes >= s->options->segment_bytes) {
            end_segment(s, done, false);
            begin_segment(s);
        }
        define_strings(s);
        write_requests(s);
        if (s->raw->map)
            write_raw(s, s->first + done);
        done += s->columns.count;
    }
    end_segment(s, done, true);
}

/* Process number `process` of the set that runs version `version`. */
static void init_stream(struct stream *s, uint64_t version, uint64_t process)
{
    const struct options *o = s->options;
    uint64_t number = version * o->processes + process,
             streams = o->versions * o->processes;
    int64_t life_ns = (int64_t)(o->days * (double)DAY_NS / (double)o->versions);
    double weight = 0; /* of its life: the mean of cycle() */
    s->version = version;
    s->first = o->requests / streams * number +
               (number < o->requests % streams ? number : o->requests % streams);
    s->count = o->requests / streams + (number < o->requests % streams);
    s->state = o->seed ^ (number + 1) * 0xd1342543de82ef95u;
    s->spare_normal = NAN;
    s->begin_utc_ns = FIRST_DAY_UTC_NS + (int64_t)version * life_ns;
    for (int i = 0; i < 1000; i++)
        weight += cycle(s->begin_utc_ns + life_ns / 1000 * i) / 1000;
    s->mean_rate = (double)s->count / (double)life_ns / weight;
    s->now_utc_ns = s->rate_until_utc_ns = s->begin_utc_ns;

    struct fmd__segment *g = &s->segment;
    for (int i = 0; i < 16; i++)
        g->stream[i] = (uint8_t)(next_random(&s->state) >> 8);
    g->pid = (uint32_t)(1000 + number);
    g->parent_pid = (uint32_t)(900 + version);
    g->started_utc_ns = s->begin_utc_ns;
    g->started_monotonic_ns = (3600 + 86400 * number) * SECOND_NS;
    snprintf(g->host, sizeof(g->host), "web-%u", (unsigned)(process % o->hosts) + 1);
    snprintf(g->boot_id, sizeof(g->boot_id), "boot-%u",
             (unsigned)(process % o->hosts) + 1);
    snprintf(g->run, sizeof(g->run), "run-%u", (unsigned)version + 1);
    snprintf(g->application, sizeof(g->application), "shop");
    snprintf(g->version, sizeof(g->version), "1.%u", (unsigned)version);
    snprintf(g->recorder, sizeof(g->recorder), "gen-traces " FMD_VERSION);
}

/* --- threads --------------------------------------------------------------------- */

struct work {
    const struct options *options;
    const struct application *app;
    const struct raw *raw;
    _Atomic uint64_t next; /* stream that nobody has taken */
};

static struct numbers new_numbers(uint64_t count)
{
    return (struct numbers){must(calloc(count + 1, 4)), (uint32_t)count + 1, 0};
}

static void *run_streams(void *to)
{
    struct work *work = to;
    const struct options *o = work->options;
    struct stream *s = must(malloc(sizeof(*s)));
    struct numbers groups = new_numbers(o->groups), addresses = new_numbers(o->addresses);
    ZSTD_CCtx *zstd = must(ZSTD_createCCtx());
    for (uint64_t n; (n = work->next++) < o->versions * o->processes;) {
        memset(s, 0, offsetof(struct stream, columns));
        s->options = o;
        s->app = work->app;
        s->raw = work->raw;
        s->groups = groups;
        s->addresses = addresses;
        s->zstd = zstd;
        init_stream(s, n / o->processes, n % o->processes);
        run_stream(s);
    }
    ZSTD_freeCCtx(zstd);
    free(groups.of);
    free(addresses.of);
    free(s);
    return NULL;
}

static void generate(const struct options *o)
{
    struct application app =
        make_application(o->endpoints, o->versions, o->groups, o->seed);
    struct raw raw = open_raw(o);
    struct work work = {.options = o, .app = &app, .raw = &raw};
    pthread_t threads[64] = {0};
    for (uint64_t i = 1; i < o->threads; i++)
        if ((errno = pthread_create(&threads[i], NULL, run_streams, &work)))
            die("start", "a thread");
    run_streams(&work);
    for (uint64_t i = 1; i < o->threads; i++)
        pthread_join(threads[i], NULL);
    if (raw.map && munmap(raw.map, raw.size) != 0)
        die("write", o->raw);
    release_application(&app);
}

/* --- options --------------------------------------------------------------------- */

static const char usage[] =
    "usage: gen-traces --out DIR [options]\n"
    "  --requests N      in all (1000000)\n"
    "  --endpoints N     (50)\n"
    "  --versions N      one after the other (3)\n"
    "  --groups N        customers, 0 for none (10000)\n"
    "  --addresses N     of clients, 0 for none (0)\n"
    "  --processes N     of each version, a file set each (4)\n"
    "  --hosts N         that the processes run on (1)\n"
    "  --days D          that the traces cover (7)\n"
    "  --seed N          (1)\n"
    "  --threads N       the result does not depend on it (one a core)\n"
    "  --block N         requests in a block, up to 4096 (4096)\n"
    "  --segment N       bytes after which the next file begins (16777216)\n"
    "  --first-byte      record the time of the first byte\n"
    "  --view            record the time in the view\n"
    "  --raw FILE        the same requests as plain arrays (see the source)\n";

static void refuse(const char *why)
{
    fprintf(stderr, "gen-traces: %s\n%s", why, usage);
    exit(2);
}

static uint64_t number_option(const char *text, uint64_t least, uint64_t most)
{
    char *end;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || value < least || value > most)
        refuse("a number is missing or out of range");
    return value;
}

static void parse(int argc, char **argv, struct options *o)
{
    static const struct option names[] = {{"requests", 1, 0, 'n'},
                                          {"endpoints", 1, 0, 'e'},
                                          {"versions", 1, 0, 'v'},
                                          {"groups", 1, 0, 'g'},
                                          {"addresses", 1, 0, 'a'},
                                          {"processes", 1, 0, 'p'},
                                          {"hosts", 1, 0, 'h'},
                                          {"days", 1, 0, 'd'},
                                          {"seed", 1, 0, 's'},
                                          {"threads", 1, 0, 't'},
                                          {"block", 1, 0, 'b'},
                                          {"segment", 1, 0, 'S'},
                                          {"first-byte", 0, 0, 'f'},
                                          {"view", 0, 0, 'w'},
                                          {"raw", 1, 0, 'r'},
                                          {"out", 1, 0, 'o'},
                                          {0, 0, 0, 0}};
    static const struct {
        int name;
        size_t at;
        uint64_t least, most;
    } numbers[] = {
        {'n', offsetof(struct options, requests), 0, 1ull << 40},
        {'e', offsetof(struct options, endpoints), 1, 10000},
        {'v', offsetof(struct options, versions), 1, 1000},
        {'g', offsetof(struct options, groups), 0, 100000000},
        {'a', offsetof(struct options, addresses), 0, 16777215},
        {'p', offsetof(struct options, processes), 1, 10000},
        {'h', offsetof(struct options, hosts), 1, 10000},
        {'s', offsetof(struct options, seed), 0, UINT64_MAX},
        {'t', offsetof(struct options, threads), 1, 64},
        {'b', offsetof(struct options, block_requests), 1, FMD__BLOCK_REQUESTS_MAX},
        {'S', offsetof(struct options, segment_bytes), 1, UINT64_MAX}};
    for (int got; (got = getopt_long(argc, argv, "", names, NULL)) != -1;) {
        for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
            if (numbers[i].name == got)
                *(uint64_t *)(void *)((char *)o + numbers[i].at) =
                    number_option(optarg, numbers[i].least, numbers[i].most);
        if (got == 'd' && !((o->days = strtod(optarg, NULL)) > 0))
            refuse("--days takes a number above 0");
        o->first_byte |= got == 'f';
        o->view |= got == 'w';
        if (got == 'r')
            o->raw = optarg;
        if (got == 'o')
            o->out = optarg;
        if (got == '?')
            refuse("see the options:");
    }
    if (optind < argc || !o->out)
        refuse("--out DIR says where the traces go");
}

int main(int argc, char **argv)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    struct options o = {.requests = 1000000,
                        .endpoints = 50,
                        .versions = 3,
                        .groups = 10000,
                        .processes = 4,
                        .hosts = 1,
                        .days = 7,
                        .seed = 1,
                        .threads = cores < 1    ? 1
                                   : cores > 64 ? 64
                                                : (uint64_t)cores,
                        .block_requests = FMD__BLOCK_REQUESTS_MAX,
                        .segment_bytes = 16 << 20};
    parse(argc, argv, &o);
    if (mkdir(o.out, 0700) != 0 && errno != EEXIST)
        die("make", o.out);
    generate(&o);
    return 0;
}
