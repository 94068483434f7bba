/* SPDX-License-Identifier: Apache-2.0 */
/* Two tracepoints that say of a request what the recorder says. */
#undef LTTNG_UST_TRACEPOINT_PROVIDER
#define LTTNG_UST_TRACEPOINT_PROVIDER fmd_pair
#undef LTTNG_UST_TRACEPOINT_INCLUDE
#define LTTNG_UST_TRACEPOINT_INCLUDE "./lttng_pair.h"

#if !defined(FMD_LTTNG_PAIR_H) || defined(LTTNG_UST_TRACEPOINT_HEADER_MULTI_READ)
#define FMD_LTTNG_PAIR_H

#include <lttng/tracepoint.h>

LTTNG_UST_TRACEPOINT_EVENT(fmd_pair, request_begin,
                           LTTNG_UST_TP_ARGS(unsigned, endpoint, unsigned, number),
                           LTTNG_UST_TP_FIELDS(
                               lttng_ust_field_integer(unsigned, endpoint, endpoint)
                                   lttng_ust_field_integer(unsigned, number, number)))

LTTNG_UST_TRACEPOINT_EVENT(
    fmd_pair, request_end,
    LTTNG_UST_TP_ARGS(unsigned, number, unsigned, status, const char *, group),
    LTTNG_UST_TP_FIELDS(lttng_ust_field_integer(unsigned, number, number)
                            lttng_ust_field_integer(unsigned, status, status)
                                lttng_ust_field_string(group, group)))

#endif

#include <lttng/tracepoint-event.h>
