/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sample costs by depth, in µs of CPU time, against one process_vm_readv of 2 KiB
 * in the same run. The thread is made up in this process's memory, as 3.11 lays one out:
 * half of its frames run code objects of their own, and all of them are known after the
 * first sample.
 */
#define _GNU_SOURCE
#include "python_sampler.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WORDS = 20, CHUNK_BYTES = 1 << 17, ROUNDS = 100, SAMPLES = 50, CODE_BYTES = 512 };

static uint8_t thread_bytes[512], link_bytes[64], chunk[CHUNK_BYTES];
static uint8_t codes[FMD__PYTHON_DEPTH_MAX][CODE_BYTES];
static uint8_t texts[FMD__PYTHON_DEPTH_MAX][128], table[64];
static const struct fmd__python_layout *layout;

static void put_word(uint8_t *at, uint64_t value)
{
    memcpy(at, &value, sizeof value);
}

static void put_int(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, sizeof value);
}

static uint64_t address(const void *place)
{
    return (uint64_t)(uintptr_t)place;
}

static void make_code(int i)
{
    uint8_t *code = codes[i], *text = texts[i];
    char name[32];
    const int length = snprintf(name, sizeof name, "function_%d", i);

    put_word(text, 1);
    put_word(text + FMD__OBJECT_TYPE, 16);
    put_word(text + FMD__STRING_LENGTH, (uint64_t)length);
    put_int(text + FMD__STRING_STATE, 1u << 2 | 1u << 5 | 1u << 6);
    memcpy(text + layout->string_ascii, name, (size_t)length);
    put_word(code, 1);
    put_word(code + FMD__OBJECT_TYPE, 8);
    put_word(code + FMD__OBJECT_SIZE, 20);
    put_int(code + layout->code_stacksize, WORDS - layout->frame_locals / 8u);
    put_int(code + layout->code_firstlineno, (uint32_t)i);
    put_word(code + layout->code_filename, address(text));
    put_word(code + layout->code_qualname, address(text));
    put_word(code + layout->code_linetable, address(table));
}

static void make_stack(int depth)
{
    uint8_t *place = chunk + FMD__CHUNK_HEADER + 8;
    uint64_t previous = 0;

    for (int i = 0; i < depth; i++, place += (size_t)WORDS * 8) {
        const uint8_t *code = codes[i / 2];
        put_word(place + layout->frame_code, address(code));
        put_word(place + layout->frame_previous, previous);
        put_word(place + layout->frame_instruction,
                 address(code) + layout->code_adaptive + 4);
        previous = address(place);
    }
    put_word(link_bytes + layout->link_frame, previous);
    put_word(thread_bytes + layout->thread_frame, address(link_bytes));
    put_word(thread_bytes + layout->thread_chunk, address(chunk));
    put_word(thread_bytes + layout->thread_chunk + 8, address(place));
    put_word(thread_bytes + layout->thread_chunk + 16, address(chunk + CHUNK_BYTES));
    put_word(chunk + 8, CHUNK_BYTES);
}

static double now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Least µs of one over rounds of many; depth < 0: the floor. */
static double least_us(struct fmd__python_sampler *sampler, int depth)
{
    static struct fmd__python_frame frames[FMD__PYTHON_DEPTH_MAX];
    static uint8_t copy[2048];
    const struct fmd__python_thread thread = {.state = address(thread_bytes),
                                              .chunk = address(chunk)};
    const struct fmd__piece piece = {address(chunk), copy, sizeof copy};
    unsigned flags;
    double least = 1e9;

    for (int round = 0; round < ROUNDS; round++) {
        const double begin = now_us();
        for (int i = 0; i < SAMPLES; i++) {
            const int got =
                depth < 0 ? fmd__own_memory_read(&sampler->own, &piece, 1) - 1 + depth
                          : fmd__python_sample(sampler, &thread, frames,
                                               FMD__PYTHON_DEPTH_MAX, &flags);
            if (got != depth)
                exit(1);
        }
        const double each = (now_us() - begin) / SAMPLES;
        least = each < least ? each : least;
    }
    return least;
}

int main(void)
{
    static const int depths[] = {5, 10, 20, 40, 80, 160, 400};
    struct fmd__python_sampler *sampler = fmd__python_sampler_new();

    layout = fmd__python_layout(0x030b0000);
    if (!sampler || fmd__own_memory_init(&sampler->own) != 0)
        return 1;
    sampler->python = (struct fmd__interpreter){
        {fmd__own_memory_read, &sampler->own}, *layout, 8, 16, 24};
    put_word(table + FMD__OBJECT_TYPE, 24);
    for (int i = 0; i < FMD__PYTHON_DEPTH_MAX; i++)
        make_code(i);
    make_stack(1);
    const double floor_us = least_us(sampler, -1);
    printf("process_vm_readv of 2 KiB: %.2f us\n", floor_us);
    for (size_t i = 0; i < sizeof depths / sizeof depths[0]; i++) {
        make_stack(depths[i]);
        const double us = least_us(sampler, depths[i]);
        printf("sample of %3d frames: %6.2f us, %4.1f x the floor\n", depths[i], us,
               us / floor_us);
    }
    fmd__python_sampler_free(sampler);
    return 0;
}
