/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Size and speed of request blocks on the generated load: 2 million requests of
 * gen-traces, each step the best of seven rounds over all of them, against memcpy of the
 * same decoded columns.
 */
#include "block.h"
#include "requests.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#define ROUNDS 7
#define REQUESTS "2000000"

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void die(const char *what)
{
    perror(what);
    exit(1);
}

/* All trace files in one piece of memory. */
struct traces {
    uint8_t *bytes;
    size_t size;
};

static void append_file(struct traces *traces, const char *path)
{
    FILE *file = fopen(path, "rbe");
    if (!file || fseek(file, 0, SEEK_END) != 0)
        die(path);
    size_t size = (size_t)ftell(file);
    rewind(file);
    traces->bytes = realloc(traces->bytes, traces->size + size);
    if (!traces->bytes || fread(traces->bytes + traces->size, 1, size, file) != size)
        die(path);
    traces->size += size;
    fclose(file);
    unlink(path);
}

static struct traces generate(const char *options)
{
    char folder[] = "/tmp/requests_bench.XXXXXX", command[4096], path[4096];
    const char *build = getenv("FMD_BUILD");
    struct traces traces = {0};
    if (!mkdtemp(folder))
        die(folder);
    snprintf(command, sizeof(command), "%s/gen-traces --requests %s --out %s %s",
             build ? build : "build/release", REQUESTS, folder, options);
    if (system(command) != 0) /* NOLINT(cert-env33-c): a benchmark's own command */
        die(command);
    DIR *dir = opendir(folder);
    if (!dir)
        die(folder);
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
        append_file(&traces, path);
    }
    closedir(dir);
    rmdir(folder);
    return traces;
}

struct bench {
    struct traces traces;
    ZSTD_DCtx *dctx;
    ZSTD_CCtx *cctx;
    struct fmd__columns columns;
    uint8_t
        apart[1024]; /* copies 4096 bytes or little more apart are slow on some CPUs */
    struct fmd__columns copy;
    uint8_t scratch[FMD__PAYLOAD_BYTES_MAX];
    uint8_t encoded[FMD__REQUESTS_BOUND];
    uint8_t block[FMD__REQUESTS_BOUND + 4096];
    /* of one round */
    uint64_t requests, raw_bytes;
    double payload_ns, decode_ns, encode_ns, write_ns, copy_ns;
};

/* One block: every step, timed. */
static void run_block(struct bench *b, const struct fmd__block *block, const uint8_t *at)
{
    uint32_t ranges;
    double t1 = now_ns();
    const uint8_t *payload = fmd__block_payload(block, at, b->dctx, b->scratch);
    double t2 = now_ns();
    if (!payload ||
        fmd__requests_decode(payload, block->raw_bytes, &b->columns, NULL, &ranges) != 0)
        exit(1);
    double t3 = now_ns();
    memcpy(&b->copy, &b->columns, sizeof(b->copy));
    double t4 = now_ns();
    size_t size = fmd__requests_encode(&b->columns, NULL, 0, b->encoded);
    double t5 = now_ns();
    struct fmd__block again = *block;
    fmd__block_write(&again, b->encoded, size, b->cctx, b->block);
    double t6 = now_ns();
    b->requests += block->count;
    b->raw_bytes += block->raw_bytes;
    b->payload_ns += t2 - t1;
    b->decode_ns += t3 - t2;
    b->copy_ns += t4 - t3;
    b->encode_ns += t5 - t4;
    b->write_ns += t6 - t5;
}

static void run_all(struct bench *b)
{
    struct fmd__block block;
    b->requests = b->raw_bytes = 0;
    b->payload_ns = b->decode_ns = 0;
    b->encode_ns = b->write_ns = b->copy_ns = 0;
    for (size_t at = 0; at < b->traces.size;
         at += block.header_bytes + block.payload_bytes) {
        if (fmd__block_read(b->traces.bytes + at, b->traces.size - at, &block) !=
            FMD__BLOCK_OK)
            exit(1);
        if (block.type == FMD__BLOCK_REQUESTS)
            run_block(b, &block, b->traces.bytes + at);
    }
}

static void keep_least(double *least, double value, int round)
{
    if (round == 0 || value < *least)
        *least = value;
}

static void report(const char *title, const char *options)
{
    struct bench *b = calloc(1, sizeof(*b));
    if (!b || !(b->dctx = ZSTD_createDCtx()) || !(b->cctx = ZSTD_createCCtx()))
        die("memory");
    b->traces = generate(options);
    double payload = 0, decode = 0, encode = 0, write = 0, copy = 0;
    for (int round = 0; round < ROUNDS; round++) {
        run_all(b);
        keep_least(&payload, b->payload_ns, round);
        keep_least(&decode, b->decode_ns, round);
        keep_least(&encode, b->encode_ns, round);
        keep_least(&write, b->write_ns, round);
        keep_least(&copy, b->copy_ns, round);
    }
    double n = (double)b->requests;
    printf("%s: %.2f B a request in the files (%.2f before zstd)\n", title,
           (double)b->traces.size / n, (double)b->raw_bytes / n);
    printf("  encode columns %.1f ns a request, frame and zstd %.1f\n", encode / n,
           write / n);
    printf("  checksum and inflate %.2f, decode columns %.2f: read %.2f ns a request = "
           "%.1f x memcpy of the columns (%.2f)\n",
           payload / n, decode / n, (payload + decode) / n, (payload + decode) / copy,
           copy / n);
    ZSTD_freeDCtx(b->dctx);
    ZSTD_freeCCtx(b->cctx);
    free(b->traces.bytes);
    free(b);
}

int main(void)
{
    report("endpoint, status, duration, group", "");
    report("with address, first byte and view", "--addresses 20000 --first-byte --view");
    return 0;
}
