# SPDX-License-Identifier: Apache-2.0
"""A real Flask application under real gunicorn: what the clients saw is what is recorded."""
import http.client
import os
import random
import signal
import tempfile
import unittest

import answers
from load import Load
from server_tests import Recorded, raw
from servers import Gunicorn, listening_ports
from traces import ABORTED, EXCEPTION, STREAMED, Traces, report

MS = 1_000_000
THREADS = ("--threads", "2")


class UnderGunicorn(Recorded):
    def serve(self, *options, **environment):
        return Gunicorn("answers:app", self.folder, *options, **self.environment(**environment))


class EveryAnswer(UnderGunicorn):
    """Three workers, started afresh, each way that gunicorn forks and threads."""

    def run_load(self, *options):
        with self.serve("--workers", "3", *options) as server:
            requests = 3 * len(answers.TARGETS)
            result = Load(server.port, answers.TARGETS, 6, requests).start().join()
        self.assert_same(result, answers.ENDPOINTS)
        versions = report(self.traces)["versions"]
        self.assertEqual(
            {(version["application"], version["name"]) for version in versions},
            {("answers", "7.1"), ("mounted", "7.1")},
        )

    def test_sync_workers(self):
        self.run_load()

    def test_sync_workers_preloaded(self):
        self.run_load("--preload")

    def test_threads(self):
        self.run_load("--threads", "4")

    def test_threads_preloaded(self):
        self.run_load("--threads", "4", "--preload")


class OneByOne(UnderGunicorn):
    """Single requests to one worker, in turn, looked at closely."""

    CASES = {
        "stream": "/stream",
        "middleware": "/text?slow-middleware",
        "hook": "/text?busy",
        "async": "/async",
        "handled": "/handled",
        "unhandled": "/unhandled",
        "customer": "/item/22?customer=ann",
        "itself": "/asks-itself",
    }

    @classmethod
    def setUpClass(cls):
        headers = {"X-Forwarded-For": "10.9.9.9, 2001:DB8::0:7"}
        with tempfile.TemporaryDirectory(prefix="fmd-server-") as folder:
            environment = {"FMD_DIR": folder}
            with Gunicorn("answers:app", folder, *THREADS, **environment) as server:
                answered = [cls.ask(server, path, headers) for path in cls.CASES.values()]
            in_order = sorted(Traces(folder).requests, key=lambda request: request["utc_ns"])
        cls.answers = dict(zip(cls.CASES, answered))
        cls.requests = dict(zip(cls.CASES, in_order, strict=True))

    def test_time_reaches_to_the_end_of_the_body(self):
        # 4 pieces, 20 ms before each; the view itself only makes the generator
        stream = self.requests["stream"]
        self.assertGreaterEqual(stream["duration_ns"], 80 * MS)
        self.assertGreaterEqual(stream["first_byte_ns"], 20 * MS)
        self.assertLess(stream["first_byte_ns"], stream["duration_ns"] - 60 * MS)
        self.assertLess(stream["view_ns"], stream["duration_ns"] - 80 * MS)
        self.assertEqual(stream["flags"], STREAMED)

    def test_time_begins_before_middleware_and_hooks_the_views_after(self):
        for name in "middleware", "hook":
            request = self.requests[name]
            self.assertGreaterEqual(request["duration_ns"], 30 * MS)
            self.assertLess(request["view_ns"], request["duration_ns"] - 30 * MS)
            self.assertEqual(request["flags"], 0)

    def test_time_of_an_async_view(self):
        self.assertGreaterEqual(self.requests["async"]["view_ns"], 10 * MS)
        self.assertEqual(self.answers["async"], (202, b"later"))

    def test_exceptions_have_the_status_that_the_client_got(self):
        for name, expected in ("handled", (409, 0)), ("unhandled", (500, EXCEPTION)):
            request = self.requests[name]
            self.assertEqual(self.answers[name][0], expected[0])
            self.assertEqual((request["status"], request["flags"]), expected)

    def test_customer_and_address(self):
        self.assertEqual(self.requests["customer"]["group"], "ann")
        for request in self.requests.values():
            self.assertEqual(request["address"], "2001:db8::7")

    def test_a_request_to_itself_is_no_request(self):
        self.assertEqual(self.requests["itself"]["endpoint"], "GET /asks-itself")
        self.assertEqual(self.answers["itself"], (200, b'{"number":5}\n'))


class Ends(UnderGunicorn):
    """Ends other than the usual one."""

    def test_sync_worker(self):
        self.run_ends()

    def test_threads(self):
        self.run_ends(*THREADS)

    def run_ends(self, *options):
        with self.serve(*options, BIG_FILE=self.make_big_file()) as server:
            self.leave_early(server, "/endless")
            with self.assertRaises(http.client.IncompleteRead):
                self.ask(server, "/stream-breaks")
            self.files_are_sent_by_the_kernel(server)
        for endpoint, status, flags in (
            ("GET /endless", 200, ABORTED),
            ("GET /stream-breaks", 200, EXCEPTION),
            ("GET /big-file", 200, 0),
            ("GET /big-copy", 200, 0),
        ):
            (request,) = Traces(self.traces).of(endpoint)
            seen = request["status"], request["flags"] & ~STREAMED
            self.assertEqual((endpoint, *seen), (endpoint, status, flags))

    def test_a_worker_that_runs_into_its_timeout_gave_no_answer(self):
        with self.serve("--timeout", "1") as server:
            with self.assertRaises((OSError, http.client.HTTPException)):
                self.ask(server, "/text?sleep=20")
            self.assertEqual(self.ask(server, "/text")[0], 200)
        statuses = {r["flags"]: r["status"] for r in Traces(self.traces).requests}
        self.assertEqual(statuses, {EXCEPTION: 0, 0: 200})


class Untouched(UnderGunicorn):
    """With the recorder or without, the application does the same."""

    def answers_of(self, *options, **environment):
        with self.serve(*options, **environment) as server:
            return {target: raw(server.port, target) for target in answers.TARGETS}

    def test_answers_are_the_same_bytes(self):
        recorded = self.answers_of(*THREADS)
        plain = self.answers_of(*THREADS, FMD_ENABLED="no")
        self.assertEqual(recorded, plain)
        self.assertEqual(plain["/text"][0], b"HTTP/1.1 200 OK")
        self.assert_whole(Traces(self.traces), len(answers.TARGETS))

    def test_no_port_is_opened(self):
        with self.serve("--workers", "2") as server:
            self.ask(server, "/text")
            pids = [server.process.pid, *server.workers()]
            self.assertEqual(listening_ports(pids), {server.port})

    def test_a_directory_that_cannot_be_written_costs_one_line(self):
        blocked = os.path.join(self.folder, "blocked")
        open(blocked, "w").close()
        with self.serve("--preload", "--workers", "2", FMD_DIR=blocked) as server:
            result = Load(server.port, ["/text", "/async"], 2, 20).start().join()
        self.assertEqual(result["answers"], {"/text": {200: 10}, "/async": {202: 10}})
        lines = [line for line in server.said().splitlines() if "fmd_record" in line]
        self.assertEqual(len(lines), 2, lines)  # one for each bound application
        self.assertIn("goes on unrecorded", lines[0])


class Killed(UnderGunicorn):
    SIGNALS = signal.SIGKILL, signal.SIGTERM, signal.SIGKILL, signal.SIGINT, signal.SIGKILL

    def test_what_killed_workers_had_answered_is_recorded_once(self):
        rings = os.path.join(self.folder, "rings")
        os.mkdir(rings)
        with self.serve("--workers", "3", "--preload", FMD_RING_DIR=rings) as server:
            load = Load(server.port, ["/item/1", "/text"], 4, 20000).start()
            for number, how in enumerate(self.SIGNALS, 1):
                load.wait_for(number * 100 + random.randrange(50))
                os.kill(server.workers()[0], how)
            load.wait_for(600)
            result = load.stop().join()
        requests = report(self.traces)["total"]["requests"]
        # A worker that is killed between the last byte of an answer and the close of its
        # body has not recorded it; and what it was killed in was not answered.
        self.assertGreaterEqual(requests, result["answered"] - len(self.SIGNALS))
        self.assertLessEqual(requests, result["sent"])
        self.assertLessEqual(result["failed"], len(self.SIGNALS))


if __name__ == "__main__":
    unittest.main()
