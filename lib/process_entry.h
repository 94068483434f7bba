/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the process and the recorder in it take: an entry of the journal about once a
 * second, written by the writer while there is something to record. So reports tell what
 * recording cost and how much of it was lost.
 */
#ifndef FMD_PROCESS_ENTRY_H
#define FMD_PROCESS_ENTRY_H

#include "gauge_table.h"
#include "watch.h"

/* All that is counted since the stream's start; 20 us, five system calls.
 * process_cpu_start_ns: of the process when the stream began. */
void fmd__process_entry_put(struct fmd__ring_header *header,
                            const struct fmd__watch *watch,
                            const struct fmd__gauges *gauges, uint64_t writer_cpu_ns,
                            uint64_t process_cpu_start_ns);

#endif
