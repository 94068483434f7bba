/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the writer is woken before its time: there is one a process, and whoever finds that
 * rings or the journal run short rings it.
 *
 *   request path ──a ring is half full, exchanged, the last of many──► ring ──► writer
 *   journal      ──a quarter full────────────────────────────────────────^
 *
 * Promises: ringing never waits and takes no lock; it makes a system call only when the
 * writer sleeps, so once a sleep. No ring is lost: one that comes while the writer works
 * shortens its next sleep. After each it sleeps at least its pause before it hears the
 * next, so that nobody keeps it awake.
 */
#ifndef FMD_BELL_H
#define FMD_BELL_H

#include <stdbool.h>
#include <stdint.h>

/* Any thread. */
void fmd__bell_ring(void);

/* The writer. */
void fmd__bell_reset(void); /* nobody has rung; before its thread starts */
/* Sleeps until that time, or until somebody rings; deaf: for nobody but the stopper.
 * Where somebody has rung since it woke last it returns at once, unless it is deaf. True:
 * for a ring. */
bool fmd__bell_sleep(uint64_t until_ns, bool deaf);
/* To end the sleep of a writer that is told to stop, deaf or not. */
void fmd__bell_stop(void);

#endif
