/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies memory of this process that may not be there: the kernel copies, and answers
 * EFAULT where a load would crash. process_vm_readv, about 1 µs and 0.3 µs for
 * each further piece; where the system forbids it, through an unlinked file in memory.
 */
#ifndef FMD_STACKS_OWN_MEMORY_H
#define FMD_STACKS_OWN_MEMORY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define FMD__PIECES_MAX 64

struct fmd__piece {
    uintptr_t from;
    void *to;
    size_t size;
};

/* Somewhere to read from; tests and the fuzzer bring their own. read copies pieces in
 * order and returns how many it copied whole before one that it could not, or -ENOTSUP.
 * What follows is undefined. At most FMD__PIECES_MAX pieces. */
struct fmd__memory {
    int (*read)(void *context, const struct fmd__piece *pieces, int count);
    void *context;
};

struct fmd__own_memory {
    int file; /* of the fallback; -1 while process_vm_readv works */
    ino_t inode;
    dev_t device;
    uintptr_t probe;
};

/* Finds a way that works: 0, or -ENOTSUP. For one thread. */
int fmd__own_memory_init(struct fmd__own_memory *own);
void fmd__own_memory_release(struct fmd__own_memory *own);
/* As struct fmd__memory's read; context is a struct fmd__own_memory. */
int fmd__own_memory_read(void *context, const struct fmd__piece *pieces, int count);

#endif
