/* SPDX-License-Identifier: Apache-2.0 */
/* See process_entry.h. */
#define _GNU_SOURCE
#include "process_entry.h"

#include "clocks.h"
#include "flights.h"
#include "shared_journal.h"
#include "wire/entries.h"
#include "wire/journal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

static uint64_t load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static void tell(struct fmd__process *process, enum fmd__process_value what,
                 uint64_t value)
{
    process->known |= 1u << what;
    process->values[what] = value;
}

/* Threads and resident pages: fields 20 and 24 of /proc/self/stat (proc(5)); the second,
 * the program's name, may hold anything, so counting begins behind it. */
static void read_stat(struct fmd__process *process)
{
    char text[1024];
    const char *after;
    long threads, pages;
    ssize_t bytes;
    int file = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);

    if (file < 0)
        return;
    bytes = read(file, text, sizeof text - 1);
    (void)close(file);
    text[bytes > 0 ? bytes : 0] = '\0';
    after = strrchr(text, ')');
    if (!after || sscanf(after + 1,
                         " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
                         "%*d %*d %ld %*d %*u %*u %ld",
                         &threads, &pages) != 2)
        return;
    tell(process, FMD__PROCESS_THREADS, (uint64_t)threads);
    tell(process, FMD__PROCESS_RESIDENT_BYTES,
         (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE));
}

static void read_load(struct fmd__process *process)
{
    struct sysinfo machine;

    if (sysinfo(&machine) == 0)
        tell(process, FMD__PROCESS_LOAD_MILLI,
             (uint64_t)machine.loads[0] * 1000 >> SI_LOAD_SHIFT);
}

static void read_watch(struct fmd__process *process, const struct fmd__watch *watch)
{
    tell(process, FMD__PROCESS_SAMPLER_CPU_NS, load(&watch->cpu_ns));
    tell(process, FMD__PROCESS_SAMPLER_TICKS, load(&watch->ticks));
    tell(process, FMD__PROCESS_SAMPLER_LATE_TICKS, load(&watch->late_ticks));
    tell(process, FMD__PROCESS_SAMPLES, load(&watch->samples));
    tell(process, FMD__PROCESS_SAMPLES_REJECTED, load(&watch->rejected));
    tell(process, FMD__PROCESS_INTERVAL_US, load(&watch->interval_ns) / 1000);
    tell(process, FMD__PROCESS_NO_FLIGHT, fmd__flights_missed());
}

/* owners[1]: those that did not get their turn at the journal. */
static void read_journal(struct fmd__process *process, struct fmd__ring_header *header)
{
    const struct fmd__journal *journal = fmd__ring_journal(header);

    if (journal)
        tell(process, FMD__PROCESS_ENTRIES_DROPPED,
             load(&journal->dropped) + load(&journal->owners[1]));
}

void fmd__process_entry_put(struct fmd__ring_header *header,
                            const struct fmd__watch *watch,
                            const struct fmd__gauges *gauges, uint64_t writer_cpu_ns,
                            uint64_t process_cpu_start_ns)
{
    struct fmd__journal_entry entry = {.kind = FMD__ENTRY_PROCESS};
    struct fmd__process *process = &entry.process;
    uint8_t bytes[1024];

    process->time_ns = fmd__now_ns();
    read_stat(process);
    read_load(process);
    tell(process, FMD__PROCESS_CPU_NS,
         fmd__clock_ns(CLOCK_PROCESS_CPUTIME_ID) - process_cpu_start_ns);
    tell(process, FMD__PROCESS_WRITER_CPU_NS, writer_cpu_ns);
    read_watch(process, watch);
    read_journal(process, header);
    tell(process, FMD__PROCESS_GAUGES_COALESCED, fmd__gauges_coalesced(gauges));
    tell(process, FMD__PROCESS_GAUGES_LOST, load(&gauges->lost));
    (void)fmd__shared_journal_put(header, bytes, fmd__entry_encode(&entry, bytes));
}
