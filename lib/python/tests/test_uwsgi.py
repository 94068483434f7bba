# SPDX-License-Identifier: Apache-2.0
"""The same application under real uWSGI, which forks in C."""
import unittest

import answers
from load import Load
from servers import Uwsgi, reads
from server_tests import BIG_BYTES, Recorded
from traces import ABORTED, Traces


class UnderUwsgi(Recorded):
    def serve(self, *options, **environment):
        return Uwsgi("answers:app", self.folder, *options, **self.environment(**environment))

    def run_load(self, *options):
        with self.serve(*options) as server:
            requests = 3 * len(answers.TARGETS)
            load = Load(server.port, answers.TARGETS, 6, requests, keep=False)
            result = load.start().join()
        self.assert_same(Traces(self.traces), result, answers.ENDPOINTS)

    def test_processes(self):
        self.run_load("--processes", "3")

    def test_processes_and_threads(self):
        self.run_load("--processes", "2", "--threads", "4")

    def test_files_are_still_sent_by_the_kernel(self):
        big_file = self.make_big_file()
        with self.serve(BIG_FILE=big_file) as server:
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
        (file,) = Traces(self.traces).of("GET /big-file")
        self.assertEqual((file["status"], file["flags"]), (200, 0))

    def test_a_client_that_goes_away_is_an_aborted_request(self):
        with self.serve() as server:
            self.leave_early(server, "/endless")
            self.ask(server, "/text")  # one after the other: then it has ended
        (aborted,) = Traces(self.traces).of("GET /endless")
        self.assertEqual((aborted["status"], aborted["flags"] & ABORTED), (200, ABORTED))


if __name__ == "__main__":
    unittest.main()
