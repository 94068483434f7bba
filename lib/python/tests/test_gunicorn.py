# SPDX-License-Identifier: Apache-2.0
"""A real Flask application under real gunicorn: what the clients saw is what is recorded."""
import http.client
import os
import socket
import unittest

import answers
from load import Load
from server_tests import BIG_BYTES, Recorded
from servers import Gunicorn, listening_ports, reads
from traces import ABORTED, EXCEPTION, STREAMED, Traces

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
        traces = Traces(self.traces)
        self.assert_same(traces, result, answers.ENDPOINTS)
        self.assertEqual({r["version"] for r in traces.requests}, {"7.1"})
        applications = {r["application"] for r in traces.requests}
        self.assertEqual(applications, {"answers", "mounted"})

    def test_sync_workers(self):
        self.run_load()

    def test_sync_workers_preloaded(self):
        self.run_load("--preload")

    def test_threads(self):
        self.run_load("--threads", "4")

    def test_threads_preloaded(self):
        self.run_load("--threads", "4", "--preload")


class OneByOne(UnderGunicorn):
    """Single requests, looked at closely."""

    def one_by_one(self, *targets, **headers):
        """The requests in the order of targets."""
        with self.serve(*THREADS) as server:
            self.answers = [self.ask(server, target, headers) for target in targets]
        traces = Traces(self.traces)
        self.assert_whole(traces, len(targets))
        return sorted(traces.requests, key=lambda request: request["utc_ns"])

    def test_time_reaches_from_middleware_to_the_end_of_the_body(self):
        stream, middleware, hook, later = self.one_by_one(
            "/stream", "/text?slow-middleware", "/text?busy", "/async"
        )
        # 4 pieces, 20 ms before each; the view itself only makes the generator
        self.assertGreaterEqual(stream["duration_ns"], 80 * MS)
        self.assertGreaterEqual(stream["first_byte_ns"], 20 * MS)
        self.assertLess(stream["first_byte_ns"], stream["duration_ns"] - 60 * MS)
        self.assertLess(stream["view_ns"], stream["duration_ns"] - 80 * MS)
        self.assertEqual(stream["flags"], STREAMED)
        # before the view: in the request's time, not in the view's
        for request in middleware, hook:
            self.assertGreaterEqual(request["duration_ns"], 30 * MS)
            self.assertLess(request["view_ns"], request["duration_ns"] - 30 * MS)
            self.assertEqual(request["flags"], 0)
        self.assertGreaterEqual(later["view_ns"], 10 * MS)

    def test_exceptions_have_the_status_that_the_client_got(self):
        handled, unhandled = self.one_by_one("/handled", "/unhandled")
        self.assertEqual([status for status, _ in self.answers], [409, 500])
        self.assertEqual((handled["status"], handled["flags"]), (409, 0))
        self.assertEqual((unhandled["status"], unhandled["flags"]), (500, EXCEPTION))

    def test_a_body_that_breaks_off_keeps_its_status(self):
        with self.serve(*THREADS) as server:
            with self.assertRaises(http.client.IncompleteRead):
                self.ask(server, "/stream-breaks")
        (broken,) = Traces(self.traces).requests
        self.assertEqual((broken["status"], broken["flags"]), (200, EXCEPTION))

    def test_customers_and_addresses(self):
        (request,) = self.one_by_one(
            "/item/22?customer=ann", **{"X-Forwarded-For": "10.9.9.9, 2001:DB8::0:7"}
        )
        self.assertEqual(request["group"], "ann")
        self.assertEqual(request["address"], "2001:db8::7")

    def test_a_request_to_itself_is_no_request(self):
        (request,) = self.one_by_one("/asks-itself")
        self.assertEqual(request["endpoint"], "GET /asks-itself")
        self.assertEqual(self.answers, [(200, b'{"number":5}\n')])


class Ends(UnderGunicorn):
    """Ends other than the usual one, with workers that have threads and that have none."""

    def test_a_client_that_goes_away_is_an_aborted_request(self):
        for options in (), THREADS:
            with self.subTest(options), self.serve(*options) as server:
                self.leave_early(server, "/endless")
            *_, aborted = Traces(self.traces).of("GET /endless")
            self.assertEqual((aborted["status"], aborted["flags"] & ABORTED), (200, ABORTED))

    def test_files_are_still_sent_by_the_kernel(self):
        big_file = self.make_big_file()
        for options in (), THREADS:
            with self.subTest(options), self.serve(*options, BIG_FILE=big_file) as server:
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
            *_, file = Traces(self.traces).of("GET /big-file")
            self.assertEqual((file["status"], file["flags"]), (200, 0))
            self.assertLess(file["view_ns"], file["duration_ns"])

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
            return {target: self.raw(server.port, target) for target in answers.TARGETS}

    @staticmethod
    def raw(port, target):
        """The bytes of an answer, but for its time."""
        method, _, path = target.rpartition(":/")
        head = f"{method or 'GET'} /{path.lstrip('/')} HTTP/1.1\r\n"
        with socket.create_connection(("127.0.0.1", port), 30) as client:
            client.sendall(f"{head}Host: here\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        return [line for line in answer.split(b"\r\n") if not line.startswith(b"Date: ")]

    def test_answers_are_the_same_bytes(self):
        for options in (), THREADS:
            with self.subTest(options):
                recorded = self.answers_of(*options)
                plain = self.answers_of(*options, FMD_ENABLED="no")
                self.assertEqual(recorded, plain)
                self.assertEqual(plain["/text"][0], b"HTTP/1.1 200 OK")
        self.assert_whole(Traces(self.traces), 2 * len(answers.TARGETS))

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


if __name__ == "__main__":
    unittest.main()
