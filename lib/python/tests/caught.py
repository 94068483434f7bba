# SPDX-License-Identifier: Apache-2.0
"""Exceptions and stacks in traces, read by the second decoder, which shares no code with the
recorder; and what they should be, from Python's own traceback."""
import glob
import os
import sys
import traceback
from collections import namedtuple

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../wire"))

import second_decoder  # noqa: E402

# frames: (file, name, first line, line table, offset) each, outermost first
Caught = namedtuple("Caught", "type message endpoint handled count frames start")


def _caught(trace, entry):
    _, _, (start, endpoint), count, handled, kind, message, *frames = entry
    kind, message = kind.decode(), message.decode()
    name = trace.endpoints[endpoint]
    return Caught(kind, message, name and name[0].decode(), bool(handled), count,
                  tuple(_frame(trace, *frame) for frame in frames), start)  # fmt: skip


def _frame(trace, code, offset):
    if code == 0:
        return None
    name, file, line, _, table = trace.codes[code]
    return file.decode(), name.decode(), line, table, offset


def caught(folder):
    """All that a folder's traces hold, in order."""
    found = []
    for path in sorted(glob.glob(os.path.join(folder, "**/*.fmd"), recursive=True)):
        trace = second_decoder.Trace(path)
        found += [_caught(trace, entry) for entry in trace.entries if entry[0] == "exception"]
    return found


def starts(folder):
    """When the requests of a folder's traces began, as entries name them."""
    paths = glob.glob(os.path.join(folder, "**/*.fmd"), recursive=True)
    return {r.start for path in paths for r in second_decoder.Trace(path).requests}


def frames_of(error):
    """The same as Caught.frames, from the exception itself."""
    frames = []
    for frame, _ in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        frames.append([code.co_filename, code.co_qualname, code.co_firstlineno,
                       code.co_linetable])  # fmt: skip
    place = error.__traceback__
    for frame in frames:
        frame.append(place.tb_lasti)
        place = place.tb_next
    return tuple(tuple(frame) for frame in frames)


Sampled = namedtuple("Sampled", "endpoint label frames")


def samples(folder):
    """All stacks that a folder's traces hold."""
    found = []
    for path in sorted(glob.glob(os.path.join(folder, "**/*.fmd"), recursive=True)):
        trace = second_decoder.Trace(path)
        for sample in trace.samples:
            name = trace.endpoints[sample.endpoint]
            frames = tuple(_frame(trace, *frame) for frame in sample.frames)
            found.append(Sampled(name and name[0].decode(), sample.label, frames))
    return found
