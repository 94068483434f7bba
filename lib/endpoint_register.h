/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The endpoints of this process by number: registered once, kept until the process ends
 * (through stop, start and fork). Added under a lock, read without one: an endpoint is
 * whole before the count says that it is there, and never moves or changes. Built for a
 * few hundred, bounded at 65,535.
 */
#ifndef FMD_ENDPOINT_REGISTER_H
#define FMD_ENDPOINT_REGISTER_H

#include "wire/definitions.h"

#include <stdint.h>

#define FMD__ENDPOINTS_MAX 65535u

struct fmd__endpoint {
    const char *name;
    const char *application; /* NULL: the configured one */
    const char *version;     /* NULL: the configured one */
    uint32_t name_length, application_length, version_length;
};

/* The number (>= 1) of an endpoint, new or known; *is_new says which. 0: no memory or too
 * many. The caller holds the register's lock. */
uint32_t fmd__endpoint_register_add(const char *application, const char *version,
                                    const char *name, int *is_new);
/* How many there are: numbers 1 to count are whole. Any thread. */
uint32_t fmd__endpoint_register_count(void);
/* NULL for a number that was not given out. Any thread. */
const struct fmd__endpoint *fmd__endpoint_register_get(uint32_t number);
/* What a trace says of number, one that was given out. application and version: the
 * configured ones. Strings are borrowed. */
void fmd__endpoint_register_describe(uint32_t number, const char *application,
                                     const char *version,
                                     struct fmd__definition *definition);

#endif
