# SPDX-License-Identifier: Apache-2.0
"""What levels 2 and 3 recorded, read by the second decoder, which shares no code with the
recorder: which requests were measured, the stacks, and what a killed process left."""
import collections
import glob
import os
import sys

from traces import ROOT

sys.path.insert(0, os.path.join(ROOT, "lib/wire"))
import second_decoder  # noqa: E402


def traces_in(directory):
    for path in glob.glob(os.path.join(directory, "**/*.fmd"), recursive=True):
        yield second_decoder.Trace(path)


def levels(directory):
    """How many requests were recorded at each level (1 is told as 0), by endpoint."""
    found = collections.defaultdict(collections.Counter)
    for trace in traces_in(directory):
        for request, level in zip(trace.requests, trace.levels, strict=True):
            found[request.endpoint[0].decode()][level] += 1
    return found


class Left:
    """What a killed process left: stacks, as the names of their functions, outermost
    first, from its traces and its ring file; and how many requests were in flight."""

    def __init__(self, directory):
        (ring,) = filter(os.path.exists, glob.glob(os.path.join(directory, "*.ring")))
        self.ring = second_decoder.read_ring_file(ring)
        stream = self.ring["segment"][1]
        traces = [trace for trace in traces_in(directory) if trace.segment[1] == stream]
        entries = [entry for _, entry in self.ring["areas"]["journal"]]
        names = names_of(traces)
        for entry in entries:
            if entry[0] == "definition":
                names.update({code: what[0].decode() for _, code, _, what in entry[1:]})
        samples = [sample for trace in traces for sample in trace.samples]
        samples += [entry[1] for entry in entries if entry[0] == "sample"]
        self.stacks = [[names[code] for code, _ in sample.frames] for sample in samples]
        self.flights = len(self.ring["areas"]["flights"])


def names_of(traces):
    codes = [item for trace in traces for item in trace.codes.items()]
    return {code: what[0].decode() for code, what in codes if what}


def stacks(directory):
    """Of all traces, as above."""
    found = []
    for trace in traces_in(directory):
        names = names_of([trace])
        found += [[names[code] for code, _ in sample.frames] for sample in trace.samples]
    return found
