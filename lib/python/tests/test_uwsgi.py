# SPDX-License-Identifier: Apache-2.0
"""The same application under real uWSGI, which forks in C."""
import unittest

import answers
from load import Load
from servers import Uwsgi
from server_tests import Recorded
from traces import ABORTED, Traces


class UnderUwsgi(Recorded):
    def serve(self, *options, **environment):
        return Uwsgi("answers:app", self.folder, *options, **self.environment(**environment))

    def run_load(self, *options):
        with self.serve(*options) as server:
            requests = 3 * len(answers.TARGETS)
            load = Load(server.port, answers.TARGETS, 6, requests, keep=False)
            result = load.start().join()
        self.assert_same(result, answers.ENDPOINTS)

    def test_processes(self):
        self.run_load("--processes", "3")

    def test_processes_and_threads(self):
        self.run_load("--processes", "2", "--threads", "4")

    def test_mounts_in_interpreters_of_their_own(self):
        mounts = ("--mount", "/a=bench_app:app", "--mount", "/b=recorded_httpbin:app")
        options = ("--manage-script-name", "--processes", "2")
        endpoints = {
            "/text": "GET /text",
            "/a/other/sleep/0/1": "GET /a/other/sleep/0/<int:customer>",
            "/b/get": "GET /b/get",
        }
        with self.serve(*mounts, *options, FMD_RING_DIR=self.folder) as server:
            result = Load(server.port, list(endpoints), 4, 60, keep=False).start().join()
        # uWSGI aborts at its end when it has several interpreters, also without us; what
        # was not written then is read from the rings that it leaves.
        self.assert_reported(self.expected(result, endpoints))
        self.assertNotIn("fmd_record", server.said())

    def test_ends_other_than_the_usual_one(self):
        with self.serve(BIG_FILE=self.make_big_file()) as server:
            self.leave_early(server, "/endless")
            self.files_are_sent_by_the_kernel(server)
        for endpoint, flags in ("GET /endless", ABORTED), ("GET /big-file", 0):
            (request,) = Traces(self.traces).of(endpoint)
            seen = request["status"], request["flags"] & ABORTED
            self.assertEqual((endpoint, *seen), (endpoint, 200, flags))


if __name__ == "__main__":
    unittest.main()
