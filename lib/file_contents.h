/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a trace file or a ring file that is about to be deleted holds: as many requests,
 * and the last counts of its process. Reads block headers, some 300 in 16 MiB; one file
 * at a time, a few an hour.
 */
#ifndef FMD_FILE_CONTENTS_H
#define FMD_FILE_CONTENTS_H

#include "wire/segment.h"

#include <stdint.h>

struct fmd__contents {
    uint64_t requests;
    struct fmd__stats stats; /* all 0 where there are none */
};

/* Of the open file. What is damaged or torn is left out. */
void fmd__trace_contents(int file, struct fmd__contents *contents);
/* Requests that its process had published and not yet written. */
void fmd__ring_contents(int file, struct fmd__contents *contents);

#endif
