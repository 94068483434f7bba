# SPDX-License-Identifier: Apache-2.0
"""What the tests under gunicorn and uWSGI share: a folder for the traces, single requests,
and the comparison of what clients saw with what was recorded."""
import collections
import glob
import http.client
import os
import socket
import struct
import tempfile
import unittest

import deep
from servers import reads
from traces import Traces, report

BIG_BYTES = 32 << 20
# Every run has endpoints of all levels: these and, without a name here, 3.
LEVELS = {"GET /bytes": 1, "GET /list": 1, "GET /item/<int:number>": 2, "GET /stream": 2}


def raw(port, target):
    """The bytes of an answer, but for its time."""
    method, _, path = target.rpartition(":/")
    head = f"{method or 'GET'} /{path.lstrip('/')} HTTP/1.1\r\n"
    with socket.create_connection(("127.0.0.1", port), 30) as client:
        client.sendall(f"{head}Host: here\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    return [line for line in answer.split(b"\r\n") if not line.startswith(b"Date: ")]


class Recorded(unittest.TestCase):
    LEVELS = LEVELS

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="fmd-server-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.traces = os.path.join(self.folder, "made/by/the/first/worker")
        self.addCleanup(self.remove_rings)

    def remove_rings(self):
        """Of killed workers, that nobody took in from shared memory."""
        for link in glob.glob(os.path.join(self.traces, "*.ring")):
            if os.path.islink(link) and os.path.exists(link):
                os.unlink(os.readlink(link))

    def environment(self, **changes):
        """Of the server."""
        constant = {"APP_VERSION": "7.1", "PYTHONHASHSEED": "0"}  # sets in one order
        patterns = ", ".join(f"{name}={level}" for name, level in self.LEVELS.items())
        constant |= {"FMD_LEVEL": "3", "FMD_LEVELS": patterns}
        return {"FMD_DIR": self.traces, **constant, **changes}

    def make_big_file(self):
        path = os.path.join(self.folder, "big")
        with open(path, "wb") as file:
            file.truncate(BIG_BYTES)
        return path

    @staticmethod
    def ask(server, target, headers=None):
        """One request; status and body."""
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        method, _, path = target.rpartition(":/")
        try:
            connection.request(method or "GET", "/" + path.lstrip("/"), headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def leave_early(self, server, target):
        """Reads the beginning of an answer and resets the connection."""
        with socket.create_connection(("127.0.0.1", server.port), 30) as client:
            client.sendall(f"GET {target} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
            self.assertIn(b" 200 OK", client.recv(1 << 16))
            reset_at_close = struct.pack("ii", 1, 0)
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset_at_close)

    def files_are_sent_by_the_kernel(self, server):
        """A file and a copy of it by read and write: counts what the worker reads."""
        self.ask(server, "/text")
        (worker,) = server.workers()
        before = reads(worker)
        status, body = self.ask(server, "/big-file")
        between = reads(worker)
        self.ask(server, "/big-copy")
        after = reads(worker)
        self.assertEqual((status, len(body)), (200, BIG_BYTES))
        self.assertGreaterEqual(after - between, BIG_BYTES // 8192)
        self.assertLess(between - before, BIG_BYTES // 8192 // 2)

    def assert_whole(self, traces, sent):
        """recorded + dropped = issued = sent, and nothing was dropped."""
        self.assertEqual((traces.issued, traces.dropped), (sent, 0))
        self.assertEqual((traces.recorded, len(traces.requests)), (sent, sent))

    def expected(self, result, endpoints):
        """How many answers the clients got, by endpoint and status."""
        self.assertEqual(result["failed"], 0)
        counts = collections.Counter()
        for target, statuses in result["answers"].items():
            for status, count in statuses.items():
                counts[endpoints[target], status] += count
        return counts

    def assert_same(self, result, endpoints):
        """Every answer is in the traces and in the report."""
        expected = self.expected(result, endpoints)
        traces = Traces(self.traces)
        self.assertEqual(traces.counts(), expected)
        self.assert_whole(traces, result["sent"])
        self.assert_levels()
        self.assert_reported(expected)

    def assert_levels(self):
        """Each endpoint was recorded at its level."""
        for endpoint, found in deep.levels(self.traces).items():
            level = self.LEVELS.get(endpoint, 3)
            self.assertEqual((endpoint, set(found)), (endpoint, {level if level > 1 else 0}))

    def assert_reported(self, expected):
        """As counts by endpoint and class of errors."""
        requests, errors = collections.Counter(), collections.Counter()
        for (endpoint, status), count in expected.items():
            requests[endpoint] += count
            errors[endpoint, status // 100] += count if status >= 400 else 0
        said, said_errors = collections.Counter(), collections.Counter()
        reported = report(self.traces)
        for endpoint in reported["endpoints"]:
            said[endpoint["name"]] += endpoint["requests"]
            said_errors[endpoint["name"], 4] += endpoint["errors"]["client_4xx"]
            said_errors[endpoint["name"], 5] += endpoint["errors"]["server_5xx"]
        self.assertEqual((said, +said_errors), (requests, +errors))
        recorder, sent = reported["input"]["recorder"], requests.total()
        self.assertEqual((recorder["issued"], recorder["recorded"]), (sent, sent))
        self.assertEqual(sum(recorder["dropped"].values()), 0)
