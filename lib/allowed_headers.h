/* SPDX-License-Identifier: Apache-2.0 */
/* The allow-list of request headers: what a configuration names, read and checked once,
 * then looked up by requests. */
#ifndef FMD_ALLOWED_HEADERS_H
#define FMD_ALLOWED_HEADERS_H

#include "wire/entries.h"

#include <stdbool.h>

#define FMD__HEADERS_MAX (FMD__CONTEXT_ITEMS_MAX - 1) /* one item is the path */
#define FMD__HEADER_NAME_BYTES 64u
#define FMD__HEADERS_DEFAULT                                                             \
    "Accept, Content-Length, Content-Type, Referer, User-Agent, X-Request-ID"

struct fmd__header_list {
    uint32_t count;
    char names[FMD__HEADERS_MAX][FMD__HEADER_NAME_BYTES];
};

/* A list of names separated by commas; "none" is none. 0; or -EINVAL, and why is a clause
 * that names what is wrong and what to do. */
int fmd__headers_parse(struct fmd__header_list *headers, const char *list, char *why,
                       size_t why_bytes);
/* Makes it the allow-list. While nothing is recorded. */
void fmd__headers_allow(const struct fmd__header_list *headers);
/* Its names; NULL beyond the last. */
const char *fmd__headers_name(uint32_t index);
/* The name's index, or -1. */
int fmd__headers_find(const char *name);
/* As in HTTP case does not count; '_' is '-'. */
bool fmd__headers_same(const char *a, const char *b);

#endif
