/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Code objects by number. Their addresses are used again as soon as they are freed, so
 * one is known by its address and by all that it points to; where that is new, its names
 * and line table are copied and found again by content. So code that is compiled anew for
 * each call (exec, templates) has one number, and numbers never change their meaning.
 *
 *   address, name, file, ... ──► known[] (a cache, forgotten when full) ──┐
 *        │ new                                                           number
 *        ▼                                                                ▲
 *   names, line table ──► contents[] ──► codes[], append-only, bounded ───┘
 *
 * Built for some thousand code objects a process, found 10^5 times a second, added
 * rarely. One thread adds; any thread may read a code whose number it has.
 */
#ifndef FMD_STACKS_CODE_REGISTRY_H
#define FMD_STACKS_CODE_REGISTRY_H

#include "own_memory.h"
#include "python_layout.h"
#include "python_stack.h"

#include <stdatomic.h>

#define FMD__CODES_MAX 8192             /* numbers 1 to this */
#define FMD__CODE_TEXT_BYTES (4u << 20) /* of names and line tables */
#define FMD__CODE_KNOWN 8192            /* a power of two */
#define FMD__CODE_CONTENTS 16384        /* a power of two, twice the codes */
#define FMD__CODE_NAME_MAX 1024         /* characters of a name that are kept */
#define FMD__CODE_LINETABLE_MAX 65536   /* bytes of a line table that are kept */

/* Which code object it is. No padding: compared as bytes. */
struct fmd__code_identity {
    uintptr_t address, filename, name, qualname, linetable;
    uintptr_t consts, names, exceptiontable;
    uint64_t instructions; /* how many */
    int32_t first_line;
    uint32_t words; /* of a frame that runs it */
};

struct fmd__code_known {
    struct fmd__code_identity identity;
    uint32_t number; /* 0: this place is free */
    uint32_t unused;
};

/* One mapping, zero from the start; only what is used is ever touched. */
struct fmd__code_registry {
    struct fmd__code_known known[FMD__CODE_KNOWN];
    uint32_t known_count;
    uint32_t contents[FMD__CODE_CONTENTS]; /* numbers, by hash of the content */
    struct fmd__python_code codes[FMD__CODES_MAX];
    _Atomic uint32_t count;
    uint32_t text_used;
    char text[FMD__CODE_TEXT_BYTES];

    /* where one code object is copied to before it is known to be new */
    uint8_t raw[2][4 * FMD__CODE_NAME_MAX];
    char utf8[2][4 * FMD__CODE_NAME_MAX];
    uint8_t linetable[FMD__CODE_LINETABLE_MAX];
};

/* Reads what identifies a code object from a copy of its header. false: that is no live
 * code object. firsttraceable: the first instruction that counts as running. */
bool fmd__code_identify(const struct fmd__interpreter *python, uintptr_t address,
                        const uint8_t *header, struct fmd__code_identity *identity,
                        int32_t *firsttraceable);

/* Its number. 0: it cannot be described (*why EAGAIN: it changed while it was read;
 * ENOSPC: no room; EINVAL: its names are no plain strings). */
uint32_t fmd__code_number(struct fmd__code_registry *registry,
                          const struct fmd__interpreter *python,
                          const struct fmd__code_identity *identity, int *why);

/* The same in two steps, for who holds the interpreter's lock and so may read the code
 * object itself. find: false where it is new; else its number, 0 for one that found no
 * room. add: describes one that is new (code is copied); 0: no room. */
bool fmd__code_find(struct fmd__code_registry *registry,
                    const struct fmd__code_identity *identity, uint32_t *number);
uint32_t fmd__code_add(struct fmd__code_registry *registry,
                       const struct fmd__code_identity *identity,
                       const struct fmd__python_code *code);

/* As fmd__python_code. */
const struct fmd__python_code *fmd__code_at(const struct fmd__code_registry *registry,
                                            uint32_t number);

#endif
