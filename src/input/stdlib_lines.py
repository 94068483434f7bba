#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints, for python_lines_test, the line tables of code objects of the standard library,
and the lines that Python itself reads from them.

Each code object: u32 first line, u32 bytes of the table, u32 code units, the table, and one
u32 a code unit (0 where Python knows no line). Native byte order.
"""

import pathlib
import struct
import sys
import sysconfig
import types

FILES_MAX = 120


def code_objects(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from code_objects(constant)


def main():
    library = pathlib.Path(sysconfig.get_path("stdlib"))
    out = sys.stdout.buffer
    for path in sorted(library.glob("*.py"))[:FILES_MAX]:
        module = compile(path.read_bytes(), str(path), "exec")
        for code in code_objects(module):
            lines = [line or 0 for line, *_ in code.co_positions()]
            table = code.co_linetable
            out.write(struct.pack("=III", code.co_firstlineno, len(table), len(lines)))
            out.write(table + struct.pack("=%dI" % len(lines), *lines))


if __name__ == "__main__":
    if sys.version_info < (3, 11):
        sys.exit("line tables are of another kind before Python 3.11")
    main()
