/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From an instruction to its line: reads the location tables of CPython 3.11 and later
 * (co_linetable), which traces carry as they are. Pure; one walk over the table a call,
 * so callers keep what they have asked for.
 *
 * The table's format: CPython's Objects/locations.md.
 */
#ifndef INPUT_PYTHON_LINES_H
#define INPUT_PYTHON_LINES_H

#include <stddef.h>
#include <stdint.h>

/* Line of the instruction at offset bytes into the bytecode of a code object whose first
 * line is first_line; 0 when the table does not tell it: made up by the compiler, beyond
 * the code, or a damaged table. Safe on any bytes. */
uint32_t python_line(const uint8_t *table, size_t size, uint32_t first_line,
                     uint32_t offset);

#endif
