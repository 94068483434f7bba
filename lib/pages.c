/* SPDX-License-Identifier: Apache-2.0 */
/* Private anonymous mappings with MADV_DONTFORK; see pages.h. */
#define _GNU_SOURCE
#include "pages.h"

#include <stdbool.h>
#include <sys/mman.h>

int fmd__pages_fail_at;

static bool told_to_fail(void)
{
    if (fmd__pages_fail_at > 1) {
        fmd__pages_fail_at--;
        return false;
    }
    return fmd__pages_fail_at == 1;
}

void *fmd__pages_new(size_t bytes)
{
    void *pages = MAP_FAILED;

    if (!told_to_fail())
        pages =
            mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED)
        return NULL;
    (void)madvise(pages, bytes, MADV_NOHUGEPAGE); /* most of it is never touched */
    (void)madvise(pages, bytes, MADV_DONTFORK);   /* else a child has a copy it ignores */
    return pages;
}

void *fmd__pages_grow(void *old, size_t old_bytes, size_t bytes)
{
    void *pages;

    if (!old)
        return fmd__pages_new(bytes);
    if (told_to_fail())
        return NULL;
    pages = mremap(old, old_bytes, bytes, MREMAP_MAYMOVE);
    return pages == MAP_FAILED ? NULL : pages;
}

void fmd__pages_free(void *pages, size_t bytes)
{
    if (pages)
        (void)munmap(pages, bytes);
}
