# SPDX-License-Identifier: Apache-2.0
"""Exceptions under real servers, in several processes: all are counted, and no frame is the
server's."""
import collections
import unittest

from caught import caught
from load import Load
from server_tests import Recorded
from servers import Gunicorn, Uwsgi

TARGETS = ("/unhandled", "/handled", "/text")
# As the traceback has them: where Flask catches and raises again counts twice.
FRAMES = ("Flask.full_dispatch_request",) * 2 + ("Flask.dispatch_request", "unhandled")


class Exceptions(Recorded):
    def run_load(self, server, keep=True):
        with server:
            result = Load(server.port, TARGETS, 4, 90, keep).start().join()
        self.assertEqual(result["answers"]["/unhandled"], {500: 30})
        found = caught(self.traces)
        counts = collections.Counter()
        for error in found:
            counts[error.endpoint, error.type, error.message] += error.count
        what = "GET /unhandled", "RuntimeError", "not handled, on purpose"
        self.assertEqual(counts, {what: 30})
        self.assertEqual({tuple(frame[1] for frame in error.frames) for error in found}, {FRAMES})

    def test_gunicorn(self):
        environment = self.environment(FMD_LEVEL="1")
        self.run_load(Gunicorn("answers:app", self.folder, "-w", "2", **environment))

    def test_gunicorn_threads(self):
        environment = self.environment(FMD_LEVEL="3")
        self.run_load(Gunicorn("answers:app", self.folder, "--threads", "3", **environment))

    def test_uwsgi(self):
        environment = self.environment(FMD_LEVEL="2")
        self.run_load(Uwsgi("answers:app", self.folder, "--processes", "2", **environment), keep=False)


if __name__ == "__main__":
    unittest.main()
