/* SPDX-License-Identifier: Apache-2.0 */
/* The reader over memory that is made up here, word by word: whole stacks, and each way
 * in which one can be broken. Real interpreters are in python_stack.bats. */
#define _GNU_SOURCE
#include "testdata/cmocka_tests.h"

#include "made_up_python.h"

#include <dlfcn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    THREAD = 0,   /* places in the image */
    LINK = 512,   /* what leads to the frame, until 3.12 */
    CHUNK = 1024, /* the data stack */
    CHUNK_BYTES = 32768,
    HEAP = CHUNK + CHUNK_BYTES,
    IMAGE_BYTES = 128 * 1024,
    WORDS = 20 /* of each frame */
};

/* A thread that is being built. */
struct image {
    uint8_t bytes[IMAGE_BYTES];
    const struct fmd__python_layout *layout;
    size_t stack, heap; /* first free places */
    uintptr_t frame;    /* the innermost */
    struct made_up_memory memory;
    struct fmd__python_sampler *sampler;
};

static uintptr_t address(size_t place)
{
    return MADE_UP_BASE + place;
}

static void put(struct image *image, size_t place, uint64_t value, size_t size)
{
    assert_true(place + size <= IMAGE_BYTES);
    memcpy(image->bytes + place, &value, size);
}

static void put_word(struct image *image, size_t place, uint64_t value)
{
    put(image, place, value, 8);
}

/* The thread's view of its stack, after each change. */
static void put_thread(struct image *image)
{
    const struct fmd__python_layout *layout = image->layout;
    const bool linked = layout->link_frame != FMD__NO_LINK;

    put_word(image, THREAD + layout->thread_frame, linked ? address(LINK) : image->frame);
    if (linked)
        put_word(image, LINK + layout->link_frame, image->frame);
    put_word(image, THREAD + layout->thread_chunk, address(CHUNK));
    put_word(image, THREAD + layout->thread_chunk + 8, address(image->stack));
    put_word(image, THREAD + layout->thread_chunk + 16, address(CHUNK + CHUNK_BYTES));
    put_word(image, CHUNK + 8, CHUNK_BYTES);
}

static struct image *new_image(unsigned long version)
{
    struct image *image = calloc(1, sizeof *image);

    image->layout = fmd__python_layout(version);
    image->stack = CHUNK + FMD__CHUNK_HEADER + 8;
    image->heap = HEAP;
    image->memory = (struct made_up_memory){image->bytes, IMAGE_BYTES, 0};
    image->sampler = made_up_sampler(&image->memory, version);
    assert_non_null(image->sampler);
    put_thread(image);
    return image;
}

static void free_image(struct image *image)
{
    fmd__python_sampler_free(image->sampler);
    free(image);
}

/* A string of characters that are width bytes each; width 0: ASCII. */
static uintptr_t put_string(struct image *image, const uint32_t *text, size_t length,
                            unsigned width)
{
    const size_t at = image->heap;
    const size_t data =
        at + (width ? image->layout->string_compact : image->layout->string_ascii);
    const unsigned kind = width ? width : 1;

    put_word(image, at, 1);
    put_word(image, at + FMD__OBJECT_TYPE, 16);
    put_word(image, at + FMD__STRING_LENGTH, length);
    put(image, at + FMD__STRING_STATE, kind << 2 | 1u << 5 | (width ? 0u : 1u << 6), 4);
    for (size_t i = 0; i < length; i++)
        put(image, data + i * kind, text[i], kind);
    image->heap = (data + length * kind + 15) & ~(size_t)7;
    return address(at);
}

static uintptr_t put_ascii(struct image *image, const char *text)
{
    uint32_t wide[256];
    const size_t length = strlen(text);

    for (size_t i = 0; i < length; i++)
        wide[i] = (uint8_t)text[i];
    return put_string(image, wide, length, 0);
}

static uintptr_t put_code_of(struct image *image, uintptr_t filename, uintptr_t qualname,
                             int line)
{
    const struct fmd__python_layout *layout = image->layout;
    const size_t table = image->heap, at = table + 48;

    put_word(image, table, 1);
    put_word(image, table + FMD__OBJECT_TYPE, 24);
    put_word(image, table + FMD__OBJECT_SIZE, 3);
    put(image, table + FMD__BYTES_DATA, 0x010280, 3);
    put_word(image, at, 2);
    put_word(image, at + FMD__OBJECT_TYPE, 8);
    put_word(image, at + FMD__OBJECT_SIZE, 10);
    put(image, at + layout->code_stacksize, 4, 4);
    put(image, at + layout->code_nlocalsplus, WORDS - 4 - layout->frame_locals / 8u, 4);
    put(image, at + layout->code_firstlineno, (uint64_t)line, 4);
    put(image, at + layout->code_firsttraceable, 1, 4);
    put_word(image, at + layout->code_filename, filename);
    put_word(image, at + layout->code_name, qualname);
    put_word(image, at + layout->code_qualname, qualname);
    put_word(image, at + layout->code_linetable, address(table));
    image->heap = at + layout->code_adaptive + 24;
    return address(at);
}

static uintptr_t put_code(struct image *image, const char *name, int line)
{
    const uintptr_t filename = put_ascii(image, "/app/shop.py");

    return put_code_of(image, filename, put_ascii(image, name), line);
}

static void put_frame(struct image *image, size_t place, uintptr_t code, int offset,
                      unsigned owner)
{
    const struct fmd__python_layout *layout = image->layout;

    put_word(image, place + layout->frame_code, code);
    put_word(image, place + layout->frame_previous, image->frame);
    put_word(image, place + layout->frame_instruction,
             code + layout->code_adaptive + (uint64_t)offset);
    put(image, place + layout->frame_owner, owner, 1);
    image->frame = address(place);
    put_thread(image);
}

/* A call: one more frame on the data stack; its place. */
static size_t push(struct image *image, uintptr_t code, int offset)
{
    const size_t place = image->stack;

    image->stack += WORDS * 8;
    put_frame(image, place, code, offset, 0);
    return place;
}

/* One that lies somewhere else. */
static size_t push_elsewhere(struct image *image, uintptr_t code, int offset,
                             unsigned owner)
{
    const size_t place = image->heap;

    image->heap += WORDS * 8;
    put_frame(image, place, code, offset, owner);
    return place;
}

static struct fmd__python_frame frames[FMD__PYTHON_DEPTH_MAX];
static unsigned flags;

static int sample(struct image *image, int max)
{
    const struct fmd__python_thread thread = {.state = address(THREAD)};

    return fmd__python_sample(image->sampler, &thread, frames, max, &flags);
}

static void frame_is(struct image *image, int i, const char *qualname, int offset)
{
    const struct fmd__python_code *code =
        fmd__python_code(image->sampler, frames[i].code);

    assert_non_null(code);
    assert_int_equal(code->qualname_length, strlen(qualname));
    assert_memory_equal(code->qualname, qualname, strlen(qualname));
    assert_int_equal(frames[i].offset, offset);
}

static const unsigned long versions[] = {0x030b0000, 0x030c0000, 0x030d0000};
#define EACH_VERSION(v) for (size_t v = 0; v < sizeof versions / sizeof versions[0]; v++)

TEST(a_stack_is_given_from_the_outermost_frame_in)
{
    EACH_VERSION(v)
    {
        struct image *image = new_image(versions[v]);
        assert_int_equal(sample(image, 512), 0);
        push(image, put_code(image, "main", 1), 4);
        push(image, put_code(image, "view", 10), 6);
        push_elsewhere(image, put_code(image, "rows", 20), 8, FMD__OWNED_BY_GENERATOR);
        push(image, put_code(image, "leaf", 30), 18);
        assert_int_equal(sample(image, 512), 4);
        assert_int_equal(flags, 0);
        frame_is(image, 0, "main", 4);
        frame_is(image, 1, "view", 6);
        frame_is(image, 2, "rows", 8);
        frame_is(image, 3, "leaf", 18);
        const struct fmd__python_code *code =
            fmd__python_code(image->sampler, frames[1].code);
        assert_int_equal(code->first_line, 10);
        assert_int_equal(code->linetable_size, 3);
        assert_memory_equal(code->filename, "/app/shop.py", code->filename_length);
        free_image(image);
    }
}

TEST(frames_that_did_not_begin_and_the_interpreters_own_are_left_out)
{
    EACH_VERSION(v)
    {
        struct image *image = new_image(versions[v]);
        push(image, put_code(image, "main", 1), 4);
        push_elsewhere(image, address(THREAD), 0, FMD__OWNED_BY_INTERPRETER);
        push(image, put_code(image, "not yet", 10), 0);
        assert_int_equal(sample(image, 512), 1);
        frame_is(image, 0, "main", 4);
        free_image(image);
    }
}

TEST(equal_code_at_another_address_has_the_same_number)
{
    struct image *image = new_image(versions[0]);

    push(image, put_code(image, "main", 1), 4);
    push(image, put_code(image, "main", 1), 4);
    push(image, put_code(image, "main", 2), 4);
    assert_int_equal(sample(image, 512), 3);
    assert_int_equal(frames[0].code, frames[1].code);
    assert_int_not_equal(frames[0].code, frames[2].code);
    free_image(image);
}

TEST(an_address_that_is_used_again_is_another_code)
{
    struct image *image = new_image(versions[0]);
    const uintptr_t code = put_code(image, "before", 1);

    push(image, code, 4);
    assert_int_equal(sample(image, 512), 1);
    frame_is(image, 0, "before", 4);
    put_word(image, code - MADE_UP_BASE + image->layout->code_qualname,
             put_ascii(image, "after"));
    assert_int_equal(sample(image, 512), 1);
    frame_is(image, 0, "after", 4);
    free_image(image);
}

static void name_is(const uint32_t *text, size_t length, unsigned width, const char *utf8)
{
    EACH_VERSION(v)
    {
        struct image *image = new_image(versions[v]);
        const uintptr_t file = put_ascii(image, "f"),
                        name = put_string(image, text, length, width);
        push(image, put_code_of(image, file, name, 1), 4);
        assert_int_equal(sample(image, 512), 1);
        frame_is(image, 0, utf8, 4);
        free_image(image);
    }
}

TEST(names_of_every_width_become_utf8)
{
    name_is((uint32_t[]){'c', 'a', 'f', 0xe9}, 4, 1, "caf\xc3\xa9");
    name_is((uint32_t[]){0x3bb, 'x', 0x416}, 3, 2, "\xce\xbbx\xd0\x96");
    name_is((uint32_t[]){0x20ac, 0x1f600}, 2, 4, "\xe2\x82\xac\xf0\x9f\x98\x80");
    name_is((uint32_t[]){'a', 0xd800, 'b'}, 3, 2,
            "a\xef\xbf\xbd"
            "b");
    name_is((uint32_t[]){0x7fffffff}, 1, 4, "\xef\xbf\xbd");
    name_is((uint32_t[]){0}, 0, 1, "");
}

TEST(a_name_that_is_no_plain_string_leaves_the_frame_without_a_code)
{
    struct image *image = new_image(versions[0]);
    const uintptr_t name = put_ascii(image, "subclass");

    put_word(image, name - MADE_UP_BASE + FMD__OBJECT_TYPE, 4711);
    push(image, put_code_of(image, put_ascii(image, "f"), name, 1), 4);
    push(image, put_code(image, "leaf", 2), 6);
    assert_int_equal(sample(image, 512), 2);
    assert_int_equal(flags, FMD__STACK_UNKNOWN_CODE);
    assert_int_equal(frames[0].code, 0);
    assert_null(fmd__python_code(image->sampler, 0));
    frame_is(image, 1, "leaf", 6);
    free_image(image);
}

/* What a thread that ran on leaves behind, one thing at a time. */
static void must_be_torn(void (*spoil)(struct image *, size_t first, size_t last,
                                       uintptr_t code))
{
    EACH_VERSION(v)
    {
        struct image *image = new_image(versions[v]);
        const uintptr_t code = put_code(image, "leaf", 1);
        const size_t first = push(image, put_code(image, "main", 1), 4);
        push(image, put_code(image, "view", 1), 4);
        const size_t last = push(image, code, 4);
        assert_int_equal(sample(image, 512), 3);
        spoil(image, first, last, code);
        assert_int_equal(sample(image, 512), -EAGAIN);
        assert_int_equal(image->sampler->counts.torn, 1);
        free_image(image);
    }
}

static void a_hole(struct image *image, size_t first, size_t last, uintptr_t code)
{
    (void)first, (void)last;
    image->stack += 8;
    push(image, code, 4);
}

static void no_root(struct image *image, size_t first, size_t last, uintptr_t code)
{
    (void)first, (void)code;
    put_word(image, last + image->layout->frame_previous, 0);
}

static void a_cycle(struct image *image, size_t first, size_t last, uintptr_t code)
{
    (void)code;
    put_word(image, first + image->layout->frame_previous, address(last));
}

static void itself(struct image *image, size_t first, size_t last, uintptr_t code)
{
    (void)first, (void)code;
    put_word(image, last + image->layout->frame_previous, address(last));
}

static void freed_code(struct image *image, size_t first, size_t last, uintptr_t code)
{
    (void)first, (void)last;
    put_word(image, code - MADE_UP_BASE, 0x7f0012345678);
}

static void other_type(struct image *image, size_t first, size_t last, uintptr_t code)
{
    (void)first, (void)last;
    put_word(image, code - MADE_UP_BASE + FMD__OBJECT_TYPE, 16);
}

static void no_code(struct image *image, size_t first, size_t last, uintptr_t code)
{
    (void)first, (void)code;
    put_word(image, last + image->layout->frame_code, 0);
}

static void wild_code(struct image *image, size_t first, size_t last, uintptr_t code)
{
    (void)first, (void)code;
    put_word(image, last + image->layout->frame_code, UINT64_MAX & ~(uint64_t)7);
}

static void wild_previous(struct image *image, size_t first, size_t last, uintptr_t code)
{
    (void)last, (void)code;
    put_word(image, first + image->layout->frame_previous, UINT64_MAX & ~(uint64_t)7);
}

static void odd_previous(struct image *image, size_t first, size_t last, uintptr_t code)
{
    (void)first, (void)code;
    put_word(image, last + image->layout->frame_previous, address(CHUNK + 33));
}

static void instruction_outside(struct image *image, size_t first, size_t last,
                                uintptr_t code)
{
    (void)first;
    put_word(image, last + image->layout->frame_instruction,
             code + image->layout->code_adaptive + 20);
}

static void foreign_owner(struct image *image, size_t first, size_t last, uintptr_t code)
{
    (void)first, (void)code;
    put(image, last + image->layout->frame_owner, 2, 1);
}

static void left_generator(struct image *image, size_t first, size_t last, uintptr_t code)
{
    (void)first, (void)last;
    image->frame = 0;
    push_elsewhere(image, code, 4, FMD__OWNED_BY_GENERATOR);
}

TEST(a_stack_that_cannot_be_is_torn)
{
    must_be_torn(a_hole);
    must_be_torn(no_root);
    must_be_torn(a_cycle);
    must_be_torn(itself);
    must_be_torn(freed_code);
    must_be_torn(other_type);
    must_be_torn(no_code);
    must_be_torn(wild_code);
    must_be_torn(wild_previous);
    must_be_torn(odd_previous);
    must_be_torn(instruction_outside);
    must_be_torn(foreign_owner);
    must_be_torn(left_generator);
}

TEST(of_a_deep_stack_the_innermost_frames_are_kept)
{
    struct image *image = new_image(versions[0]);
    const uintptr_t code = put_code(image, "deep", 1), leaf = put_code(image, "leaf", 2);

    for (int i = 0; i < 150; i++) /* 24 kB: more than one window */
        push(image, code, 4);
    push(image, leaf, 6);
    assert_int_equal(sample(image, 512), 151);
    assert_int_equal(flags, 0);
    frame_is(image, 150, "leaf", 6);
    assert_int_equal(sample(image, 10), 10);
    assert_int_equal(flags, FMD__STACK_TRUNCATED);
    frame_is(image, 9, "leaf", 6);
    free_image(image);
}

TEST(a_request_on_another_stack_is_elsewhere)
{
    struct image *image = new_image(versions[0]);
    struct fmd__python_thread thread = {.state = address(THREAD),
                                        .chunk = address(CHUNK) + 4096};

    push(image, put_code(image, "main", 1), 4);
    assert_int_equal(fmd__python_sample(image->sampler, &thread, frames, 512, &flags), 0);
    assert_int_equal(flags, FMD__STACK_ELSEWHERE);
    thread.chunk = address(CHUNK);
    assert_int_equal(fmd__python_sample(image->sampler, &thread, frames, 512, &flags), 1);
    thread.frame = address(CHUNK);
    assert_int_equal(fmd__python_sample(image->sampler, &thread, frames, 512, &flags), 0);
    assert_int_equal(image->sampler->counts.elsewhere, 2);
    free_image(image);
}

TEST(a_full_registry_gives_frames_without_a_code_and_counts_them)
{
    struct image *image = new_image(versions[0]);

    push(image, put_code(image, "known", 1), 4);
    assert_int_equal(sample(image, 512), 1);
    image->sampler->registry.text_used = FMD__CODE_TEXT_BYTES - 1;
    push(image, put_code(image, "too much", 1), 4);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(sample(image, 512), 2);
        assert_int_equal(frames[1].code, 0);
        assert_int_equal(image->sampler->counts.codes_full, i);
    }
    frame_is(image, 0, "known", 4);
    free_image(image);
}

TEST(seven_thousand_code_objects_keep_their_meaning)
{
    struct image *image = new_image(versions[0]);
    const size_t stack = image->stack, heap = image->heap;
    char name[32];

    for (int i = 0; i < 14000; i++) { /* more than the cache of identities holds */
        image->stack = stack, image->heap = heap, image->frame = 0;
        snprintf(name, sizeof name, "function_%d", i % 7000);
        push(image, put_code(image, name, i % 7000 + 1), 4);
        assert_int_equal(sample(image, 512), 1);
        assert_int_equal(frames[0].code, i % 7000 + 1);
        frame_is(image, 0, name, 4);
    }
    assert_int_equal(image->sampler->counts.codes, 7000);
    free_image(image);
}

TEST(what_an_interpreter_publishes_is_taken_only_where_it_makes_sense)
{
    uint64_t words[FMD__DEBUG_OFFSETS_SIZE / 8] = {0};
    struct fmd__python_layout layout = *fmd__python_layout(versions[2]);
    const struct fmd__python_layout before = layout;
    bool free_threaded;

    assert_false(fmd__python_layout_published(&layout, (uint8_t *)words, &free_threaded));
    assert_memory_equal(&layout, &before, sizeof layout);
    memcpy(words, "xdebugpy", 8);
    words[2] = 1;
    assert_false(fmd__python_layout_published(&layout, (uint8_t *)words, &free_threaded));
    assert_true(free_threaded);
    words[2] = 0;
    words[23] = 1 << 20;
    assert_false(fmd__python_layout_published(&layout, (uint8_t *)words, &free_threaded));
    assert_null(fmd__python_layout(0x030a0000));
    assert_null(fmd__python_layout(0x030e0000));
}

TEST(a_process_without_python_says_so)
{
    struct fmd__python_thread thread;
    const char *why;

    assert_int_equal(fmd__python_attach(&why), -ENOENT);
    assert_null(why);
    fmd__python_here(&thread);
    assert_int_equal(thread.state, 0);
    struct fmd__python_sampler *sampler = fmd__python_sampler_new();
    assert_int_equal(fmd__python_sample(sampler, &thread, frames, 512, &flags), -ENOTSUP);
    fmd__python_sampler_free(sampler);
    fmd__python_sampler_free(NULL);
}

/* What a server's plugin does: an interpreter that nobody else in the process can see.
 * Exit status of the child: 77 where there is none. */
static int attach_to_hidden_interpreter(void)
{
    struct fmd__python_thread thread;
    void (*initialize)(int);
    void *library = dlopen("libpython3.11.so.1.0", RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, "Py_InitializeEx") : NULL;

    if (!symbol)
        return 77;
    if (fmd__python_attach(NULL) != -ENOENT)
        return 1; /* nobody has started it yet */
    memcpy(&initialize, &symbol, sizeof symbol);
    initialize(0);
    if (fmd__python_attach(NULL) != 0)
        return 2;
    fmd__python_here(&thread);
    struct fmd__python_sampler *sampler = fmd__python_sampler_new();
    if (!thread.state || fmd__python_sample(sampler, &thread, frames, 512, &flags) != 0)
        return 3;
    return flags == 0 ? 0 : 4;
}

TEST(an_interpreter_that_a_plugin_keeps_to_itself_is_found)
{
    int status;
    const pid_t child = fork();

    if (child == 0)
        _exit(attach_to_hidden_interpreter());
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(status, 0);
}
