/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Size and speed of samples blocks on a made service: 8 threads, stacks of 20 to 60
 * frames of which the outer ones are a server's and stay, each sample the one before it
 * of its thread with the inner frames moved; a second of a thread after the other, as the
 * writer sorts them. Against the same samples as entries, which say everything each time.
 */
#include "block.h"
#include "made_entries.h"
#include "samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zstd.h>

#define COUNT 200000u
#define THREADS 8u
#define DEPTH_MAX 60u
#define ROUNDS 5

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

struct stack {
    uint32_t depth;
    struct fmd__stack_frame frames[DEPTH_MAX];
};

static struct stack *stacks;
static struct fmd__sample *samples;

/* A function calls one of 8 others, at one of 6 places. */
static struct fmd__stack_frame called_from(struct fmd__stack_frame caller)
{
    uint32_t choice = (uint32_t)(made_random() % 8);
    return (struct fmd__stack_frame){(caller.code * 31 + choice * 97) % 800 + 1,
                                     (uint32_t)(made_random() % 6) * 22};
}

static void move(struct stack *stack)
{
    uint32_t stays = stack->depth - (uint32_t)(made_random() % 8);
    if (stays < 12)
        stays = 12;
    stack->depth = stays + (uint32_t)(made_random() % 8);
    if (stack->depth > DEPTH_MAX)
        stack->depth = DEPTH_MAX;
    for (uint32_t i = stays; i < stack->depth; i++)
        stack->frames[i] = called_from(stack->frames[i - 1]);
}

static void make_service(void)
{
    static struct stack of[THREADS];
    uint64_t start[THREADS];
    for (uint32_t t = 0; t < THREADS; t++) {
        of[t].depth = 20;
        start[t] = 1000000000;
        for (uint32_t i = 0; i < 20; i++)
            of[t].frames[i] = (struct fmd__stack_frame){i + 1, 40};
    }
    for (uint32_t i = 0; i < COUNT; i++) {
        uint32_t t = i % 800 / 100;
        uint64_t now =
            1000000000 + (i / 800 * 100 + i % 100) * 10000000ull + made_random() % 50000;
        if (made_random() % 20 == 0)
            start[t] = now;
        move(&of[t]);
        stacks[i] = of[t];
        samples[i] = (struct fmd__sample){.time_ns = now,
                                          .request = {start[t], 1 + t % 5},
                                          .thread = 4000 + t,
                                          .interval_us = 10000,
                                          .why = FMD__SAMPLE_PROFILE,
                                          .state = FMD__SAMPLE_RUNNING,
                                          .frame_count = of[t].depth,
                                          .frames = stacks[i].frames};
    }
}

static uint8_t payload[FMD__PAYLOAD_BYTES_MAX], packed[2 * FMD__PAYLOAD_BYTES_MAX];

struct figures {
    size_t raw, stored, blocks;
    double encode_ns, decode_ns;
};

static void store(struct figures *figures, size_t size, void *context)
{
    struct fmd__block block = {.type = FMD__BLOCK_SAMPLES};
    figures->stored += fmd__block_write(&block, payload, size, context, packed);
    figures->raw += size;
    figures->blocks++;
}

static struct figures as_blocks(void *context)
{
    static struct fmd__samples_writer writer;
    static struct fmd__samples_reader reader;
    struct figures figures = {0};
    for (uint32_t done = 0; done < COUNT;) {
        struct fmd__sample sample;
        double begin = now_ns();
        fmd__samples_begin(&writer, payload);
        while (done < COUNT && fmd__samples_add(&writer, &samples[done]) == 0)
            done++;
        size_t size = fmd__samples_finish(&writer, 0);
        double encoded = now_ns();
        if (fmd__samples_open(&reader, payload, size) != 0)
            abort();
        while (fmd__samples_next(&reader, &sample) == 1)
            continue;
        figures.decode_ns += now_ns() - encoded;
        figures.encode_ns += encoded - begin;
        store(&figures, size, context);
    }
    return figures;
}

static struct figures as_entries(void *context)
{
    static struct fmd__stack_frame frames[FMD__STACK_FRAMES_MAX];
    struct figures figures = {0};
    for (uint32_t done = 0; done < COUNT;) {
        struct fmd__journal_entry entry = {.kind = FMD__ENTRY_SAMPLE};
        size_t size = 0, offset = 0;
        double begin = now_ns();
        while (done < COUNT && size < FMD__SAMPLES_BYTES_MAX - 4096) {
            entry.sample = samples[done++];
            size += fmd__entry_encode(&entry, payload + size);
        }
        double encoded = now_ns();
        while (fmd__entry_decode(payload, size, &offset, &entry, frames) == 1)
            continue;
        figures.decode_ns += now_ns() - encoded;
        figures.encode_ns += encoded - begin;
        store(&figures, size, context);
    }
    return figures;
}

static void print(const char *name, struct figures (*measure)(void *))
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    struct figures best = measure(context);
    for (int round = 1; round < ROUNDS; round++) {
        struct figures now = measure(context);
        if (now.encode_ns < best.encode_ns)
            best.encode_ns = now.encode_ns;
        if (now.decode_ns < best.decode_ns)
            best.decode_ns = now.decode_ns;
    }
    printf("%-8s %6.1f B a sample, %5.1f after zstd; encode %5.0f ns, decode %5.0f ns\n",
           name, (double)best.raw / COUNT, (double)best.stored / COUNT,
           best.encode_ns / COUNT, best.decode_ns / COUNT);
    ZSTD_freeCCtx(context);
}

int main(void)
{
    stacks = calloc(COUNT, sizeof(*stacks));
    samples = calloc(COUNT, sizeof(*samples));
    if (!stacks || !samples)
        return 1;
    make_service();
    print("blocks", as_blocks);
    print("entries", as_entries);
    free(stacks);
    free(samples);
    return 0;
}
