/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file descriptors that the recorder holds open. Two things go wrong with descriptors
 * in a process that belongs to somebody else, and both are handled here: a forked child
 * has copies (and a lock on the ring file lives as long as any copy), and applications
 * close every number they do not know, after which the number may be another file's.
 */
#ifndef FMD_DESCRIPTORS_H
#define FMD_DESCRIPTORS_H

#include <stdbool.h>

enum fmd__descriptor {
    FMD__DESCRIPTOR_TRACE,    /* the open segment */
    FMD__DESCRIPTOR_RING,     /* our ring file, locked */
    FMD__DESCRIPTOR_LEFTOVER, /* a dead process's ring file while we take it in */
    FMD__DESCRIPTORS
};

/* Takes an open file. 0 or a negative errno (then file is closed). */
int fmd__descriptors_hold(enum fmd__descriptor which, int file);
/* The number, or -1 when there is none or it is no longer the file that we opened. */
int fmd__descriptors_get(enum fmd__descriptor which);
/* Closes it if it is still ours. */
void fmd__descriptors_close(enum fmd__descriptor which);
/* In a child right after the fork: closes the copies of the parent's. */
void fmd__descriptors_close_copies(void);

#endif
