/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every call on the request path reads first: is this process recording, and which
 * time is it doing so? One cache line, written a few times in a process's life.
 */
#ifndef FMD_GATE_H
#define FMD_GATE_H

#include "keyed_hash.h"

#include <stdatomic.h>
#include <stdint.h>

struct fmd__gate {
    _Alignas(64) _Atomic uint32_t generation; /* 0: closed. Else a number that no other
                                                 start and no ancestor process had */
    _Atomic uint32_t write_failing; /* 1 while traces cannot be written: names the cause
                                       of drops */
    _Atomic uint64_t strings_epoch; /* mixed into the tables of known strings; changes
                                       when the writer forgets */
    struct fmd__hash_key key;
};

#endif
