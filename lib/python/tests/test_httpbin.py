# SPDX-License-Identifier: Apache-2.0
"""httpbin under gunicorn: an application that was written without us in mind."""
import unittest

import recorded_httpbin
from load import Load
from server_tests import Recorded
from servers import Gunicorn


class Httpbin(Recorded):
    def test_every_answer_is_recorded(self):
        targets = list(recorded_httpbin.ENDPOINTS)
        options = ("--workers", "2", "--threads", "3")
        environment = self.environment()
        with Gunicorn("recorded_httpbin:app", self.folder, *options, **environment) as server:
            result = Load(server.port, targets, 6, 3 * len(targets)).start().join()
        self.assert_same(result, recorded_httpbin.ENDPOINTS)


if __name__ == "__main__":
    unittest.main()
