/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ring files of processes that died without a clean end. Theirs are on tmpfs; a living
 * sibling moves them beside the traces, where they outlive a restart and travel with the
 * traces. A ring file belongs to a living process exactly as long as it is locked.
 */
#ifndef FMD_LEFTOVER_RINGS_H
#define FMD_LEFTOVER_RINGS_H

/* Looks through directory and takes in what was left behind. Costs an opendir and a
 * readdir of the names; several processes may do it at once. */
void fmd__leftover_rings_take_in(const char *directory);

#endif
