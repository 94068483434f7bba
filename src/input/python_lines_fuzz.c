/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Property: any bytes are a line table that is read to an end inside it, and adding
 * entries behind a table does not change the lines before them. */
#include "python_lines.h"

#include <stdlib.h>

#define OFFSETS 64u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (uint32_t offset = 0; offset < OFFSETS; offset++) {
        uint32_t whole = python_line(data, size, 100, offset);
        uint32_t half = python_line(data, size / 2, 100, offset);
        if (half != 0 && half != whole)
            abort();
        if (whole != python_line(data, size, 100, offset ^ 1))
            abort();
    }
    python_line(data, size, UINT32_MAX, UINT32_MAX);
    return 0;
}
