# SPDX-License-Identifier: Apache-2.0
"""Prints the layout in use as python-offsets does."""
import ctypes
import sys

import probe

answer, why = probe.attach()
if answer:
    sys.exit(why)
names, offsets = (ctypes.c_char_p * 64)(), (ctypes.c_uint16 * 64)()
count = probe.with_gil.probe_layout(ctypes.c_ulong(int(sys.argv[1], 0)), names, offsets)
for name, offset in zip(names[:count], offsets):
    print(name.decode(), offset)
