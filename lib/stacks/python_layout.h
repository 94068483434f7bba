/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where CPython keeps what a stack is made of: one row of offsets in bytes for each
 * version, as facts. `lib/stacks/python-offsets PYTHON` prints the row of an interpreter
 * from its own headers, and the tests compare. 64-bit machines only.
 */
#ifndef FMD_STACKS_PYTHON_LAYOUT_H
#define FMD_STACKS_PYTHON_LAYOUT_H

#include "own_memory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* name, what it is */
#define FMD__PYTHON_OFFSETS(X)                                                           \
    X(thread_frame, "of the thread: its frame, or what leads to it")                     \
    X(link_frame, "of what leads to it: the frame; FMD__NO_LINK: nothing in between")    \
    X(thread_id, "of the thread: as pthread_self")                                       \
    X(thread_chunk, "of the thread: chunk, top and limit of its data stack")             \
    X(frame_code, "of a frame: code object")                                             \
    X(frame_previous, "of a frame: the one that called")                                 \
    X(frame_instruction, "of a frame: the instruction that runs")                        \
    X(frame_owner, "of a frame: one byte, who owns it")                                  \
    X(frame_locals, "of a frame: where its locals begin")                                \
    X(code_consts, "of a code object: constants, one more part of its identity")         \
    X(code_names, "of a code object: names")                                             \
    X(code_exceptiontable, "of a code object: exception table")                          \
    X(code_flags, "of a code object: what kind of function it is (int)")                 \
    X(code_stacksize, "of a code object: words of evaluation stack (int)")               \
    X(code_firstlineno, "of a code object: first line (int)")                            \
    X(code_nlocalsplus, "of a code object: words of locals (int)")                       \
    X(code_filename, "of a code object: file name")                                      \
    X(code_name, "of a code object: name")                                               \
    X(code_qualname, "of a code object: qualified name")                                 \
    X(code_linetable, "of a code object: line table")                                    \
    X(code_firsttraceable, "of a code object: instruction from which it runs (int)")     \
    X(code_adaptive, "of a code object: instructions")                                   \
    X(string_ascii, "of a string: characters where all are ASCII")                       \
    X(string_compact, "of a string: characters otherwise")

#define FMD__NO_LINK 0xffffu
#define FMD__CODE_HEADER_MAX 256

struct fmd__python_layout {
#define FMD__PYTHON_FIELD(name, what) uint16_t name;
    FMD__PYTHON_OFFSETS(FMD__PYTHON_FIELD)
#undef FMD__PYTHON_FIELD
};

/* The same in all versions. */
enum {
    FMD__OBJECT_TYPE = 8,
    FMD__OBJECT_SIZE = 16,
    FMD__STRING_LENGTH = 16,
    FMD__STRING_STATE = 32,
    FMD__BYTES_DATA = 32,
    FMD__CHUNK_HEADER = 24,     /* previous, size in bytes, top; then the data */
    FMD__CODE_COROUTINE = 0x80, /* in code_flags */
    FMD__OWNED_BY_GENERATOR = 1,
    FMD__OWNED_BY_INTERPRETER = 3 /* from 3.12: no Python code's */
};

/* An interpreter, as far as reading its stacks needs to know it. */
struct fmd__interpreter {
    struct fmd__memory memory;
    struct fmd__python_layout layout;
    uintptr_t code_type, string_type, bytes_type; /* addresses of the type objects */
};

/* version: Py_Version, 0x030b02f0 for 3.11.2. NULL: not known. */
const struct fmd__python_layout *fmd__python_layout(unsigned long version);

/* What 3.13 publishes at the start of _PyRuntime, over what the table says. false: it is
 * not what it should be, or threads run without a GIL (*free_threaded). */
#define FMD__DEBUG_OFFSETS_SIZE 568
bool fmd__python_layout_published(struct fmd__python_layout *layout,
                                  const uint8_t debug_offsets[FMD__DEBUG_OFFSETS_SIZE],
                                  bool *free_threaded);

#endif
