# SPDX-License-Identifier: Apache-2.0
"""Reads traces back: single requests with trace-requests, the tests' C program, and all of
them with fmd-analyze."""
import collections
import glob
import json
import os
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../.."))
sys.path.append(os.path.join(ROOT, "lib/wire"))
sys.path.append(os.path.join(ROOT, "src/report"))
import check_schema  # noqa: E402
import second_decoder  # noqa: E402
BUILD = os.environ.get("FMD_BUILD", os.path.join(ROOT, "build/release"))

ABORTED, EXCEPTION, STREAMED = 1, 2, 4


class Traces:
    """requests: dictionaries as trace-requests prints them; issued, recorded and dropped
    are the sums of the last counts of every process."""

    def __init__(self, directory):
        files = sorted(glob.glob(os.path.join(directory, "**/*.fmd"), recursive=True))
        self.files = files
        command = [os.path.join(BUILD, "trace-requests"), *files]
        output = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
        text = output.decode("utf-8", "surrogateescape")  # names may be any bytes
        lines = [json.loads(line) for line in text.splitlines()]
        self.requests = [line for line in lines if "endpoint" in line]
        last = {line["pid"]: line for line in lines if "issued" in line}
        self.processes = len(last)
        self.issued = sum(line["issued"] for line in last.values())
        self.recorded = sum(line["recorded"] for line in last.values())
        self.dropped = sum(sum(line["dropped"]) for line in last.values())

    def of(self, endpoint):
        return [request for request in self.requests if request["endpoint"] == endpoint]

    def counts(self):
        """How many, by (endpoint, status)."""
        return collections.Counter(
            (request["endpoint"], request["status"]) for request in self.requests
        )


def decoded(directory):
    """Traces as the second decoder has them."""
    files = sorted(glob.glob(os.path.join(directory, "**/*.fmd"), recursive=True))
    return [second_decoder.Trace(file) for file in files]


def entries(directory, kind):
    """Entries of one kind in the traces' journals."""
    every = [entry for trace in decoded(directory) for entry in trace.entries]
    return [entry for entry in every if entry[0] == kind]


def counted(directory):
    """Requests at level 0 of each endpoint that had some."""
    return [count for trace in decoded(directory) for count, _ in trace.counts.values()]


def report(directory):
    """What fmd-analyze says of it, as its schema has it."""
    command = [os.path.join(BUILD, "fmd-analyze"), "--format", "json", directory]
    return check_schema.read(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
