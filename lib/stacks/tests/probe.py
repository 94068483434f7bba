# SPDX-License-Identifier: Apache-2.0
"""The stack reader (python_probe.so) seen from Python, and what Python itself says of the
same stack. FMD_BUILD names the build folder."""
import ctypes
import os
import sys

DEPTH = 96
TRUNCATED, ELSEWHERE, UNKNOWN_CODE = 1, 2, 4


class Thread(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in ("state", "chunk", "frame", "code")]


class Frame(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint32), ("offset", ctypes.c_int32)]


class Code(ctypes.Structure):
    _fields_ = [
        ("filename", ctypes.c_void_p),
        ("qualname", ctypes.c_void_p),
        ("linetable", ctypes.c_void_p),
        ("filename_length", ctypes.c_uint32),
        ("qualname_length", ctypes.c_uint32),
        ("linetable_size", ctypes.c_uint32),
        ("first_line", ctypes.c_uint32),
        ("own", ctypes.c_bool),
    ]


class Sample(ctypes.Structure):
    _fields_ = [
        ("tag", ctypes.c_uint64),
        ("depth", ctypes.c_int32),
        ("flags", ctypes.c_uint32),
        ("frames", Frame * DEPTH),
    ]


class Counts(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_uint64)
        for name in (
            "samples", "torn", "truncated", "elsewhere", "unreadable", "again", "codes",
            "codes_full",
        )
    ]


PATH = os.path.join(
    os.environ.get("FMD_BUILD", os.path.abspath("build/release")), "lib/stacks/python_probe.so"
)
without_gil = ctypes.CDLL(PATH)  # these calls let other threads run
with_gil = ctypes.PyDLL(PATH)
with_gil.probe_code.restype = ctypes.POINTER(Code)
with_gil.probe_counts.restype = ctypes.POINTER(Counts)
with_gil.probe_overrun.restype = ctypes.c_uint64


def attach():
    """0 or a negative errno, and why."""
    why = ctypes.c_char_p()
    answer = with_gil.probe_attach(ctypes.byref(why))
    return answer, why.value.decode() if why.value else None


def here():
    thread = Thread()
    with_gil.probe_here(ctypes.byref(thread))
    return thread


class Lines:
    """Lines of a code object that we know only by its line table."""

    template = compile("", "", "exec")

    def __init__(self, code):
        table = ctypes.string_at(code.linetable, code.linetable_size)
        parsed = self.template.replace(co_linetable=table, co_firstlineno=code.first_line)
        self.ranges = list(parsed.co_lines())

    def at(self, offset):
        return next((line for start, end, line in self.ranges if start <= offset < end), None)


class Known:
    """A registered code object."""

    def __init__(self, number):
        code = with_gil.probe_code(number).contents
        self.filename = ctypes.string_at(code.filename, code.filename_length).decode()
        self.qualname = ctypes.string_at(code.qualname, code.qualname_length).decode()
        self.first_line = code.first_line
        self.lines = Lines(code)


known = {}


def resolve(frames):
    """[(file, qualified name, line)], the outermost first."""
    stack = []
    for frame in frames:
        if frame.code == 0:
            stack.append((None, None, None))
            continue
        if frame.code not in known:
            known[frame.code] = Known(frame.code)
        code = known[frame.code]
        stack.append((code.filename, code.qualname, code.lines.at(max(frame.offset, 0))))
    return stack


def sample(thread, room=DEPTH):
    """Depth or negative errno, flags, resolved stack."""
    frames = (Frame * 512)()
    flags = ctypes.c_uint()
    depth = without_gil.probe_sample(
        ctypes.byref(thread), frames, ctypes.c_int(room), ctypes.byref(flags)
    )
    return depth, flags.value, resolve(frames[: max(depth, 0)])


def truth(thread_id):
    """What the interpreter says of a thread that stands still."""
    frame = sys._current_frames()[thread_id]
    stack = []
    while frame:
        stack.append((frame.f_code.co_filename, frame.f_code.co_qualname, frame.f_lineno))
        frame = frame.f_back
    return stack[::-1]


def take(room=4096):
    buffer = (Sample * room)()
    count = with_gil.probe_take(buffer, room)
    return buffer[:count]


def counts():
    return with_gil.probe_counts().contents
