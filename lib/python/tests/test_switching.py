# SPDX-License-Identifier: Apache-2.0
"""Servers that switch between requests on one thread: every request is recorded as it was,
and a stack is a request's own or says that it cannot be told."""
import os
import unittest

from caught import caught, samples
from load import Load
from server_tests import Recorded
from servers import Gunicorn, Uvicorn

NEVER_FAIL = {"/first", "/second", "/async"}
APPLICATION = os.path.join(os.path.dirname(os.path.abspath(__file__)), "switching.py")
UNSUPPORTED = 2


class Switching(Recorded):
    def run_load(self, server, *targets, clients=6, requests=24):
        with server:
            result = Load(server.port, targets, clients, requests).start().join()
        self.assert_same(result, {target: f"GET {target}" for target in targets})
        self.assertFalse(NEVER_FAIL & {t for t, s in result["answers"].items() if 500 in s})

    def assert_exceptions(self, count):
        found = caught(self.traces)
        self.assertEqual(sum(error.count for error in found), count)
        self.assertEqual({error.endpoint for error in found}, {"GET /broken"})
        self.assertEqual({error.frames[-1][1] for error in found}, {"broken"})

    def stacks(self):
        """Names of this application's functions in each sample, by endpoint; how many
        samples were labelled, and how many not."""
        found, labelled, all_samples = {}, 0, samples(self.traces)
        for sample in all_samples:
            if sample.label == UNSUPPORTED:
                labelled += 1
                self.assertEqual(sample.frames, ())
            names = {frame[1] for frame in sample.frames if frame[0] == APPLICATION}
            found.setdefault(sample.endpoint, set()).update(names)
        return found, labelled, len(all_samples) - labelled

    def assert_own(self, found):
        """No function of another's view in any stack."""
        self.assertLessEqual(found["GET /first"], {"first", "first_waits", "first_burns", "burn"})
        self.assertLessEqual(
            found["GET /second"], {"second", "second_waits", "second_burns", "burn"}
        )


class Greenlets(Switching):
    def serve(self, level):
        self.LEVELS = {f"GET {path}": level for path in ("/first", "/second", "/broken")}
        return Gunicorn("switching:app", self.folder, "-k", "gevent", **self.environment())

    def test_at_level_1_every_request_is_recorded(self):
        self.run_load(self.serve(1), "/first", "/second", "/broken")
        self.assert_exceptions(8)
        self.assertEqual(samples(self.traces), [])

    def test_at_level_3_a_stack_is_a_requests_own_or_is_labelled(self):
        self.run_load(self.serve(3), "/first", "/second")
        found, labelled, told = self.stacks()
        self.assert_own(found)
        # Of the greenlets that wait none can be told; that which burns can.
        self.assertGreater(labelled, 5)
        self.assertGreater(told, 5)
        self.assertIn("first_burns", found["GET /first"])


class EventLoop(Switching):
    """The loop has one thread; a WSGI application runs on others, a coroutine of it too."""

    def test_at_level_3_a_stack_is_a_requests_own(self):
        server = Uvicorn(self.folder, "--interface", "wsgi", "switching:app",
                         **self.environment())  # fmt: skip
        self.run_load(server, "/first", "/second", "/async", "/broken")
        self.assert_exceptions(6)
        found, _, told = self.stacks()
        self.assert_own(found)
        self.assertGreater(told, 20)
        self.assertLessEqual(found["GET /async"], {"async_view"})
