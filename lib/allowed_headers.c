/* SPDX-License-Identifier: Apache-2.0 */
/* See allowed_headers.h. */
#define _GNU_SOURCE
#include "allowed_headers.h"

#include "scrub.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct fmd__header_list allowed;

static char folded(char c)
{
    return c == '_' ? '-' : (char)tolower((unsigned char)c);
}

bool fmd__headers_same(const char *a, const char *b)
{
    while (*a && folded(*a) == folded(*b)) {
        a++;
        b++;
    }
    return folded(*a) == folded(*b);
}

const char *fmd__headers_name(uint32_t index)
{
    return index < allowed.count ? allowed.names[index] : NULL;
}

int fmd__headers_find(const char *name)
{
    for (uint32_t i = 0; i < allowed.count; i++)
        if (fmd__headers_same(name, allowed.names[i]))
            return (int)i;
    return -1;
}

/* RFC 9110, 5.6.2: a token. */
static bool is_header_name(const char *name, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("!#$%&'*+-.^_`|~", name[i]))
            return false;
    return length > 0;
}

static bool has_name(const struct fmd__header_list *headers, const char *name)
{
    for (uint32_t i = 0; i < headers->count; i++)
        if (fmd__headers_same(name, headers->names[i]))
            return true;
    return false;
}

static int add_name(struct fmd__header_list *headers, const char *name, size_t length,
                    char *why, size_t why_bytes)
{
    char copy[FMD__HEADER_NAME_BYTES];
    const char *wrong = NULL;

    if (!is_header_name(name, length) || length >= sizeof copy)
        wrong = "is not the name of a header; separate names by commas";
    else if (fmd__scrub_is_secret_name(name, length))
        wrong = "holds secrets and is never recorded; take it out of the list";
    else if (headers->count == FMD__HEADERS_MAX)
        wrong = "is one header too many; leave 15 in the list";
    if (wrong) {
        (void)snprintf(why, why_bytes, "'%.*s' %s", (int)(length & INT16_MAX), name,
                       wrong);
        return -EINVAL;
    }
    memcpy(copy, name, length);
    copy[length] = '\0';
    if (!has_name(headers, copy))
        memcpy(headers->names[headers->count++], copy, sizeof copy);
    return 0;
}

int fmd__headers_parse(struct fmd__header_list *headers, const char *list, char *why,
                       size_t why_bytes)
{
    int result = 0;

    memset(headers, 0, sizeof *headers);
    if (fmd__headers_same(list, "none"))
        return 0;
    while (*list && result == 0) {
        size_t end = strcspn(list, ","), begin = strspn(list, " \t"), after = end;

        while (end > begin && strchr(" \t", list[end - 1]))
            end--;
        if (end > begin)
            result = add_name(headers, list + begin, end - begin, why, why_bytes);
        list += after + (list[after] != '\0');
    }
    return result;
}

void fmd__headers_allow(const struct fmd__header_list *headers)
{
    allowed = *headers;
}
