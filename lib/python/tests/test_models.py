# SPDX-License-Identifier: Apache-2.0
"""Process models, each with its real server, and endpoints of levels 1, 2 and 3 in each:
every answer is recorded once, and it is the same as without the recorder."""
import collections
import http.client
import json
import os
import secrets
import signal
import time
import unittest

import deep
from load import Load
from server_tests import Recorded, raw
from servers import HERE, Gunicorn, Program, Uwsgi, children
from traces import Traces, report

QUICK = {f"/quick/{number}": "GET /quick/<int:number>" for number in range(5)}
QUICK["/quicker"] = "GET /quicker"
LEVELS = {"GET /quick/<int:number>": 2, "GET /quicker": 1, "GET /counts": "off"}


class Models(Recorded):
    LEVELS = LEVELS

    def gunicorn(self, *options, **environment):
        environment = self.environment(**environment)
        return Gunicorn("models_app:app", self.folder, *options, **environment)

    def load(self, server, requests=60, clients=4):
        return Load(server.port, list(QUICK), clients, requests, keep=False).start().join()

    def wait_for_issued(self, server, requests):
        """The last answer is there some moments before its request has ended."""
        limit = time.monotonic() + 30
        while self.counts(server)["issued"] < requests and time.monotonic() < limit:
            time.sleep(0.01)
        self.assertEqual(self.counts(server)["issued"], requests)

    def counts(self, server):
        return json.loads(self.ask(server, "/counts")[1])

    def found(self):
        """Requests that fmd-analyze finds, in traces and in rings left behind."""
        return report(self.traces)["total"]["requests"]


class Recycling(Models):
    """gunicorn replaces its workers after 15 requests."""

    OPTIONS = ("--workers", "2", "--max-requests", "15")

    def test_every_answer_is_recorded(self):
        with self.gunicorn(*self.OPTIONS) as server:
            result = self.load(server, 150)
        # A worker that is told to end while it ends leaves its last block in its ring.
        self.assert_reported(self.expected(result, QUICK))
        self.assertGreaterEqual(len(Traces(self.traces).files), 8)

    def test_the_directory_stays_within_its_limit(self):
        limit = 65536
        environment = {"FMD_TOTAL_BYTES": str(limit), "FMD_SEGMENT_BYTES": str(limit)}
        names = [secrets.token_urlsafe(180) for _ in range(600)]
        targets = [f"/quicker?who={name}" for name in names]  # that take some room
        with self.gunicorn(*self.OPTIONS, "--preload", **environment) as server:
            load = Load(server.port, targets, 4, len(targets), keep=False)
            result = load.start().join()
        sizes = [os.path.getsize(file) for file in Traces(self.traces).files]
        self.assertLessEqual(sum(sizes), limit)
        said = report(self.traces)
        deleted = said["input"]["recorder"]["requests_deleted"]
        self.assertEqual(result["failed"], 0)
        self.assertGreater(deleted, 0)
        self.assertEqual(said["total"]["requests"] + deleted, result["sent"])


class TimedOut(Models):
    """A worker hangs in a request until its server kills it."""

    def hang(self, server, target):
        for _ in range(110):  # so many, once written, make a threshold
            self.assertEqual(self.ask(server, "/hangs?ms=15"), (200, b"hung"))
        self.assertEqual(self.ask(server, "/snapshot"), (200, b"True"))
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.ask(server, target)
        self.assertEqual(self.ask(server, "/quicker"), (200, b"quicker"))

    def assert_left(self):
        """The killed worker's ring has the request and where it hung."""
        left = deep.Left(self.traces)
        self.assertEqual(left.flights, 1)
        hung = [stack for stack in left.stacks if stack[-1:] == ["deaf_to_signals"]]
        self.assertGreaterEqual(len(hung), 5)
        self.assertIn("hangs", hung[0])
        said = report(self.traces)
        self.assertEqual(said["total"]["requests"], 112)  # that ended, of both workers
        (request,) = said["profile"]["unfinished"]
        self.assertEqual(request["endpoint"], "GET /hangs")
        self.assertGreaterEqual(request["elapsed_ns"], 1_000_000_000)
        self.assertEqual(request["stack"][-1]["function"], "deaf_to_signals")

    def test_gunicorn_kills_at_level_2(self):
        levels = {"FMD_LEVEL": "2"}
        with self.gunicorn("--timeout", "2", **levels) as server:
            self.hang(server, "/hangs?deaf")
        self.assert_left()

    def test_gunicorn_aborts_and_the_worker_still_writes(self):
        with self.gunicorn("--timeout", "2") as server:
            self.hang(server, "/hangs?ms=20000")
        hung = [stack for stack in deep.stacks(self.traces) if stack[-1:] == ["hangs"]]
        self.assertGreaterEqual(len(hung), 5)
        self.assert_whole(Traces(self.traces), 113)

    def test_uwsgi_kills_at_level_3(self):
        environment = self.environment()
        options = ("--harakiri", "2")
        with Uwsgi("models_app:app", self.folder, *options, **environment) as server:
            self.hang(server, "/hangs?deaf")
        self.assert_left()


class Forking(Models):
    """Views that fork and start programs, in workers of all kinds."""

    FORKS = {
        "/forks": (b"7", "GET /forks"),
        "/forks-and-ends": (b"8", "GET /forks-and-ends"),
        "/forks-and-serves": (b"9", "GET /forks-and-serves"),
        "/runs": (b"2\n", "GET /runs"),
    }

    def fork_all(self, server):
        for _ in range(3):
            for target, (body, _) in self.FORKS.items():
                self.assertEqual((target, *self.ask(server, target)), (target, 200, body))

    def assert_counted(self):
        """Each once, with the three requests that each serving child had. The request that
        a child was forked in is its parent's."""
        counts = Traces(self.traces).counts()
        expected = {(endpoint, 200): 3 for _, endpoint in self.FORKS.values()}
        expected["GET /quick/<int:number>", 200] = 9
        self.assertEqual(counts, collections.Counter(expected))
        recorder = report(self.traces)["input"]["recorder"]
        lost = sum(recorder["dropped"].values())
        self.assertEqual(recorder["issued"], recorder["recorded"] + lost)
        self.assertEqual(lost, recorder["dropped"]["forked"])

    def test_in_a_sync_worker(self):
        with self.gunicorn() as server:
            self.fork_all(server)
        self.assert_counted()

    def test_in_uwsgi_with_threads(self):
        environment = self.environment()
        options = ("--threads", "2")
        with Uwsgi("models_app:app", self.folder, *options, **environment) as server:
            self.fork_all(server)
        self.assert_counted()


class Reloaded(Models):
    def test_werkzeug_with_a_thread_a_request_and_its_reloader(self):
        program = os.path.join(self.folder, "models_app.py")
        with open(os.path.join(HERE, "models_app.py")) as source, open(program, "w") as copy:
            copy.write(source.read())
        environment = self.environment(PYTHONDONTWRITEBYTECODE="1")
        with Program(program, self.folder, **environment) as server:
            (first,) = server.workers()
            result = self.load(server, 1000, clients=8)  # and as many threads
            self.wait_for_issued(server, 1000)
            os.utime(program)
            limit = time.monotonic() + 30
            while server.workers() == [first] and time.monotonic() < limit:
                time.sleep(0.05)
            server.wait_until_it_listens()
            again = self.load(server, 60)
            self.wait_for_issued(server, 60)
        for target, statuses in again["answers"].items():
            result["answers"][target][200] += statuses[200]
        result["failed"] += again["failed"]
        result["sent"] += again["sent"]
        self.assert_same(result, QUICK)
        self.assertEqual(Traces(self.traces).processes, 2)  # not the one that watches


class Executing(Models):
    def test_a_server_that_executes_itself(self):
        program = os.path.join(HERE, "models_app.py")
        with Program(program, self.folder, "exec", **self.environment()) as server:
            for number in range(3):
                result = self.load(server, 30)
                self.assertEqual((result["failed"], result["answered"]), (0, 30))
                self.assertEqual(self.ask(server, "/again")[1], b"again")
            self.assertEqual(self.ask(server, "/quicker")[1], b"quicker")
        # execv runs no handler: what was not written is in the rings, taken in later
        self.assertEqual(self.found(), 3 * 31 + 1)


class Together(Models):
    """Two applications in each worker."""

    ENDPOINTS = {"/cart/7": "GET /cart/<int:number>", "/office/orders": "GET /office/orders"}

    def test_two_applications_of_one_process_are_told_apart(self):
        options = ("--workers", "2", "--threads", "2")
        environment = self.environment(APP_VERSION="")
        with Gunicorn("two_apps:app", self.folder, *options, **environment) as server:
            load = Load(server.port, list(self.ENDPOINTS), 4, 80, keep=False)
            result = load.start().join()
        self.assert_same(result, self.ENDPOINTS)
        told = report(self.traces)
        versions = [(each["application"], each["name"]) for each in told["versions"]]
        self.assertEqual(sorted(versions), [("back office", "2.0"), ("shop", "1.0")])
        counts = {each["application"]: each["requests"] for each in told["endpoints"]}
        self.assertEqual(counts, {"back office": 40, "shop": 40})


class Daemon(Gunicorn):
    """Ends by the number in its file, being nobody's child."""

    def __init__(self, module, folder, **environment):
        self.pid_file = os.path.join(folder, "gunicorn.pid")
        options = ("--daemon", "--workers", "2", "--pid", self.pid_file)
        super().__init__(module, folder, *options, **environment)

    def __enter__(self):
        self.process.wait(30)
        self.wait_until_it_listens(lives=False)
        return self

    def __exit__(self, *_):
        with open(self.pid_file) as file:
            pid = int(file.read())
        os.kill(pid, signal.SIGTERM)
        limit = time.monotonic() + 30
        while os.path.exists(f"/proc/{pid}") and time.monotonic() < limit:
            time.sleep(0.02)


class Daemonised(Models):
    def test_every_answer_is_recorded(self):
        with Daemon("models_app:app", self.folder, **self.environment()) as server:
            result = self.load(server)
        self.assert_same(result, QUICK)


class Untouched(Models):
    """The same bytes with the recorder as without it, whatever the process does, and an
    endpoint of each level among them."""

    TARGETS = [*QUICK, *Forking.FORKS, "/hangs?ms=20", "/nowhere"]

    def compare(self, serve):
        recorded, plain = ([], self.environment()), ([], self.environment(FMD_ENABLED="no"))
        for answers, environment in recorded, plain:
            with serve(environment) as server:
                answers += [raw(server.port, target) for target in self.TARGETS]
        self.assertIn(b"200 OK", plain[0][0][0])
        self.assertEqual(recorded[0], plain[0])
        self.assertGreaterEqual(self.found(), len(self.TARGETS))

    def test_gunicorn(self):
        self.compare(lambda environment: self.gunicorn(**environment))

    def test_uwsgi(self):
        self.compare(lambda environment: Uwsgi("models_app:app", self.folder, **environment))

    def test_werkzeug(self):
        program = os.path.join(HERE, "models_app.py")
        self.compare(lambda environment: Program(program, self.folder, **environment))


if __name__ == "__main__":
    unittest.main()
