# SPDX-License-Identifier: Apache-2.0
"""What takes something away from a process, called in it before its program starts."""
import ctypes
import os
import platform
import resource
import struct

NOBODY = 61234  # no user of this machine, so that its processes are only ours


def file_size(limit):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def descriptors(limit):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))


def no_threads(processes):
    """As another user, that may have so many processes and therefore no threads."""

    def limit():
        resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)

    return limit


READ_OTHERS_MEMORY = {"x86_64": 310, "aarch64": 270}.get(platform.machine())


def cannot_read_memory():
    """process_vm_readv answers EPERM, as under container runtimes with a strict filter."""
    libc = ctypes.CDLL(None, use_errno=True)
    code = (
        (0x20, 0, 0, 0),  # the number of the system call
        (0x15, 0, 1, READ_OTHERS_MEMORY),
        (0x06, 0, 0, 0x00050001),  # fails with EPERM
        (0x06, 0, 0, 0x7FFF0000),  # is allowed
    )
    filters = b"".join(struct.pack("HBBI", *step) for step in code)
    filters = ctypes.create_string_buffer(filters)
    program = struct.pack("HxxxxxxP", len(code), ctypes.addressof(filters))
    no_new_privileges, set_seccomp, filter_mode = 38, 22, 2
    if libc.prctl(no_new_privileges, 1, 0, 0, 0) or libc.prctl(set_seccomp, filter_mode, program):
        raise OSError(ctypes.get_errno(), "seccomp")
