# SPDX-License-Identifier: Apache-2.0
"""Runs the script that is named by the first argument in an interpreter that says, to who
asks its C symbol, that it is Python 3.99."""
import ctypes
import mmap
import runpy
import sys

version = ctypes.c_ulong.in_dll(ctypes.pythonapi, "Py_Version")
page = ctypes.c_void_p(ctypes.addressof(version) & -mmap.PAGESIZE)
libc = ctypes.CDLL(None, use_errno=True)
writable = mmap.PROT_READ | mmap.PROT_WRITE
assert libc.mprotect(page, ctypes.c_size_t(2 * mmap.PAGESIZE), writable) == 0
version.value = 0x03630000
del sys.argv[0]
runpy.run_path(sys.argv[0], run_name="__main__")
