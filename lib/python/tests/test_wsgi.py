# SPDX-License-Identifier: Apache-2.0
"""The WSGI entry alone: every shape of a WSGI application, driven as a server would."""
import contextlib
import contextvars
import fractions
import gc
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import threading
import unittest
import wsgiref.util
import wsgiref.validate

import flask

import fmd_record
from fmd_record import endpoints
from traces import ABORTED, EXCEPTION, STREAMED, Traces, counted, entries, report


def environ_of(path="/", **changes):
    environ = {"PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": ""}
    environ |= {"REMOTE_ADDR": "192.0.2.1", **changes}
    wsgiref.util.setup_testing_defaults(environ)
    return environ


class Answer:
    """What a server would have sent, of one call of application."""

    def __init__(self, application, environ=None, pieces=None, close=True):
        self.status, self.written = None, []
        self.error = self.body = None
        try:
            self.body = application(environ or environ_of(), self.start_response)
            for number, piece in enumerate(self.body):
                if number == pieces:
                    break
                self.written.append(piece)
        except BaseException as error:
            self.error = error
        finally:
            if close and hasattr(self.body, "close"):
                self.body.close()

    def start_response(self, status, headers, exc_info=None):
        if exc_info and self.written:
            raise exc_info[1]
        self.status, self.headers = status, headers
        return self.written.append


def say(status="200 OK", body=(b"hello",)):
    def application(environ, start_response):
        start_response(status, [("Content-Type", "text/plain")])
        return body() if callable(body) else body

    return application


class InProcess(unittest.TestCase):
    """The recorder in this process, one recording a test."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="fmd-wsgi-")
        self.addCleanup(folder.cleanup)
        self.addCleanup(fmd_record.stop)
        self.folder = folder.name

    def record(self, application, **options):
        options = {"directory": self.folder, "application": "test", "version": "1", **options}
        return fmd_record.wsgi(application, **options)

    def recorded(self):
        """All requests so far, in order."""
        self.assertTrue(fmd_record.stop())
        traces = Traces(self.folder)
        self.assertEqual(traces.issued, traces.recorded)
        return sorted(traces.requests, key=lambda request: request["utc_ns"])

    def one(self):
        (request,) = self.recorded()
        return request


class Shapes(InProcess):
    def test_status_is_the_one_given_last(self):
        def application(environ, start_response):
            start_response("200 OK", [])
            try:
                raise RuntimeError
            except RuntimeError:
                start_response("502 Bad Gateway", [], sys.exc_info())
            return [b"sorry"]

        self.assertEqual(Answer(self.record(application)).status, "502 Bad Gateway")
        self.assertEqual(self.one()["status"], 502)

    def test_a_status_that_the_server_refuses_is_not_it(self):
        def application(environ, start_response):
            start_response("200 OK", [])
            yield b"sent"
            start_response("500 Oh", [], (RuntimeError, RuntimeError(), None))

        answer = Answer(self.record(application))
        self.assertIsInstance(answer.error, RuntimeError)
        request = self.one()
        self.assertEqual((request["status"], request["flags"]), (200, EXCEPTION))

    def test_write_callable(self):
        def application(environ, start_response):
            write = start_response("200 OK", [])
            write(b"written ")
            return [b"and returned"]

        answer = Answer(self.record(application))
        self.assertEqual(answer.written, [b"written ", b"and returned"])
        request = self.one()
        self.assertEqual((request["status"], request["flags"]), (200, 0))
        self.assertIsNotNone(request["first_byte_ns"])

    def test_lists_keep_their_length_and_generators_have_none(self):
        listed = self.record(say(body=[b"a", b"b"]))
        made = self.record(say(body=lambda: (piece for piece in (b"a", b"b"))))
        self.assertEqual(len(listed(environ_of(), lambda *_: None)), 2)
        self.assertFalse(hasattr(made(environ_of(), lambda *_: None), "__len__"))

    def test_every_body_comes_out_as_it_went_in(self):
        for body in ([], [b""], [b"a", b"b"], (b"a",), iter([b"a", b"b"]), {b"a": 1}):
            expected = list(body) if not hasattr(body, "__next__") else [b"a", b"b"]
            self.assertEqual(Answer(self.record(say(body=body))).written, expected)
        self.assertEqual([r["flags"] for r in self.recorded()], [0, 0, 0, 0, STREAMED, 0])

    def test_exception_before_the_first_byte_is_a_500(self):
        def application(environ, start_response):
            start_response("200 OK", [])
            raise KeyError("on purpose")

        def generator(environ, start_response):
            start_response("200 OK", [])
            raise KeyError("on purpose")
            yield

        for broken in application, generator:
            self.assertIsInstance(Answer(self.record(broken)).error, KeyError)
        for request in self.recorded():
            self.assertEqual((request["status"], request["flags"]), (500, EXCEPTION))

    def test_an_end_of_the_worker_is_no_answer(self):
        def application(environ, start_response):
            sys.exit("on purpose")

        self.assertIsInstance(Answer(self.record(application)).error, SystemExit)
        self.assertEqual((self.one()["status"]), 0)

    def test_exception_in_close_goes_to_the_server(self):
        class Body(list):
            def close(self):
                raise OSError("on purpose")

        with self.assertRaises(OSError):
            Answer(self.record(say(body=Body([b"a"]))))
        self.assertEqual(self.one()["flags"], EXCEPTION)

    def test_a_body_not_read_to_its_end_is_aborted(self):
        pieces = lambda: iter([b"a", b"b", b"c"])
        Answer(self.record(say(body=pieces)), pieces=1)
        Answer(self.record(say(body=pieces)), pieces=2, close=False)
        gc.collect()
        Answer(self.record(say(body=pieces)), environ_of(REQUEST_METHOD="HEAD"), pieces=0)
        Answer(self.record(say("304 Not Modified", pieces)), pieces=0)
        flags = [request["flags"] & ABORTED for request in self.recorded()]
        self.assertEqual(flags, [ABORTED, ABORTED, 0, 0])

    def test_a_body_read_to_its_end_but_never_closed_is_whole(self):
        Answer(self.record(say()), close=False)
        gc.collect()
        self.assertEqual(self.one()["flags"], 0)

    def test_close_is_called_once_and_ends_the_request_once(self):
        closed = []

        class Body(list):
            def close(self):
                closed.append(1)

        answer = Answer(self.record(say(body=Body([b"a"]))))
        self.assertEqual(len(closed), 1)
        answer.body.close()
        self.assertEqual(len(closed), 2)  # as the server asked
        self.one()

    def test_the_server_and_the_application_keep_to_the_protocol(self):
        validator = wsgiref.validate.validator
        for body in ([b"a"], lambda: iter([b"a", b"b"]), lambda: (b"x" for _ in range(3))):
            # the validator wants a close of everything it hands on; say() has none
            answer = Answer(validator(self.record(validator(say(body=body)))))
            self.assertIsNone(answer.error)
        self.assertEqual(len(self.recorded()), 3)

    def test_files_go_to_the_server_as_they_are(self):
        class ServersFile(wsgiref.util.FileWrapper):
            pass

        def application(environ, start_response):
            start_response("200 OK", [])
            return environ["wsgi.file_wrapper"](io.BytesIO(b"file"))

        environ = environ_of(**{"wsgi.file_wrapper": ServersFile})
        body = self.record(application)(environ, lambda *_: None)
        self.assertIs(type(body), ServersFile)
        file = body.filelike
        self.assertEqual(fmd_record.stats()["issued"], 0)
        body.close()
        self.assertTrue(file.closed)
        self.assertEqual((self.one()["flags"]), 0)

    def test_a_file_whose_sending_fails_is_aborted(self):
        def application(environ, start_response):
            start_response("200 OK", [])
            return environ["wsgi.file_wrapper"](io.BytesIO(b"file"))

        environ = environ_of(**{"wsgi.file_wrapper": wsgiref.util.FileWrapper})
        body = self.record(application)(environ, lambda *_: None)
        with self.assertRaises(BrokenPipeError):
            try:
                raise BrokenPipeError
            finally:
                body.close()
        self.assertEqual(self.one()["flags"], ABORTED)

    def test_attributes_are_the_applications(self):
        class Application:
            def __call__(self, environ, start_response):
                return say()(environ, start_response)

            def add(self):
                return "added"

        application = Application()
        recorded = self.record(application)
        recorded.name = "x"
        self.assertEqual((recorded.add(), application.name), ("added", "x"))
        self.assertIsInstance(recorded, Application)

    def test_no_memory_is_kept(self):
        application = self.record(say(body=lambda: iter([b"a", b"b"])))
        boom = self.record(lambda environ, start_response: 1 / 0)
        for call in application, boom:
            for _ in range(50):
                Answer(call)
        gc.collect()
        objects, blocks = len(gc.get_objects()), sys.getallocatedblocks()
        for call in application, boom:
            for _ in range(2000):
                Answer(call)
        gc.collect()
        self.assertLess(len(gc.get_objects()) - objects, 100)
        self.assertLess(sys.getallocatedblocks() - blocks, 1000)


class Nested(InProcess):
    def test_the_same_request_handed_on_counts_once(self):
        inner = self.record(say("201 Made"), endpoint="inner")
        for hand_on in (
            lambda environ, start_response: inner(environ, start_response),
            lambda environ, start_response: inner(dict(environ), start_response),
        ):
            self.assertEqual(Answer(self.record(hand_on, endpoint="outer")).status, "201 Made")
        requests = self.recorded()
        self.assertEqual([(r["endpoint"], r["status"]) for r in requests], [("outer", 201)] * 2)

    def test_a_made_up_request_counts_for_nothing(self):
        app = flask.Flask("nested")
        fmd_record.bind(app, directory=self.folder)
        app.add_url_rule("/inner", "inner", lambda: ("inner", 418))
        app.add_url_rule("/outer", "outer", lambda: app.test_client().get("/inner").data)
        self.assertEqual(Answer(app, environ_of("/outer")).written, [b"inner"])
        request = self.one()
        self.assertEqual((request["endpoint"], request["status"]), ("GET /outer", 200))

    def test_a_context_copied_from_a_request_is_not_in_it_for_ever(self):
        kept = []

        def keep(environ, start_response):
            kept.append(contextvars.copy_context())
            return say()(environ, start_response)

        Answer(self.record(keep))
        kept[0].run(Answer, self.record(say("203 Later")))
        self.assertEqual([r["status"] for r in self.recorded()], [200, 203])

    def test_threads_find_their_own_request(self):
        app = flask.Flask("threads")
        fmd_record.bind(app, directory=self.folder)
        barrier = threading.Barrier(8)

        def meet(number):
            barrier.wait(30)
            return "met", 200 + number

        app.add_url_rule("/meet/<int:number>", view_func=meet)
        threads = [
            threading.Thread(target=Answer, args=(app, environ_of(f"/meet/{number}")))
            for number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual({r["status"] for r in self.recorded()}, set(range(200, 208)))


class Names(InProcess):
    def test_endpoint_of_a_plain_application(self):
        Answer(self.record(say()))
        Answer(self.record(say(), endpoint="GET /hook"))
        Answer(self.record(say(), endpoint=lambda environ: environ["PATH_INFO"]), environ_of("/p"))
        Answer(self.record(say(), endpoint=lambda environ: 1 / 0))
        names = [request["endpoint"] for request in self.recorded()]
        self.assertEqual(names, ["(wsgi)", "GET /hook", "/p", "(wsgi)"])

    def test_endpoints_are_bounded(self):
        app = self.record(say(), endpoint=lambda environ: environ["PATH_INFO"])
        for number in range(endpoints.NAMES_MAX + 200):
            Answer(app, environ_of(f"/{number}"))
        names = {request["endpoint"] for request in self.recorded()}
        self.assertLessEqual(len(names), endpoints.NAMES_MAX + 1)
        self.assertIn("(other)", names)

    def test_mounts_are_bounded(self):
        app = flask.Flask("mounts")
        fmd_record.bind(app, directory=self.folder)
        app.add_url_rule("/x", view_func=lambda: "x")
        for number in range(endpoints.MOUNTS_MAX + 40):
            Answer(app, environ_of("/x", SCRIPT_NAME=f"/client{number}"))
        names = {request["endpoint"] for request in self.recorded()}
        self.assertEqual(len(names), endpoints.MOUNTS_MAX + 1)
        self.assertIn("GET /(mount)/x", names)

    def test_hosts_and_subdomains_are_told_apart(self):
        app = flask.Flask("hosts", subdomain_matching=True)
        app.config["SERVER_NAME"] = "shop.example"
        fmd_record.bind(app, directory=self.folder)
        app.add_url_rule("/x", "one", lambda: "one")
        app.add_url_rule("/x", "two", lambda: "two", subdomain="api")
        for host in "shop.example", "api.shop.example":
            Answer(app, environ_of("/x", HTTP_HOST=host))
        names = [request["endpoint"] for request in self.recorded()]
        self.assertEqual(names, ["GET /x", "GET //api./x"])

    def test_a_name_may_be_in_any_script(self):
        app = flask.Flask("scripts")
        fmd_record.bind(app, directory=self.folder)
        app.add_url_rule("/商品/<int:number>", view_func=lambda number: "x")
        Answer(app, environ_of("/商品/1".encode().decode("latin-1")))
        self.assertEqual(self.one()["endpoint"], "GET /商品/<int:number>")


class Whose(InProcess):
    def test_groups_of_each_kind(self):
        for group in "ann", "Zoë", b"\xff\x00raw", 4711, None, "", "long" * 100:
            Answer(self.record(say(), group_by=lambda environ, group=group: group))
        groups = [request["group"].encode("utf-8", "surrogateescape") for request in self.recorded()]
        expected = [b"ann", "Zoë".encode(), b"\xff\x00raw", b"4711", b"", b"", b"long" * 63 + b"lon"]
        self.assertEqual(groups, expected)

    def test_a_failing_group_by_is_said_once_and_counted(self):
        program = (
            "import sys; sys.path.insert(0, sys.argv[1])\n"
            "import fmd_record, test_wsgi as t\n"
            "app = fmd_record.wsgi(t.say(), directory=sys.argv[2], group_by=lambda environ: 1 / 0)\n"
            "print([t.Answer(app).status for _ in range(3)], fmd_record.stats()['group_errors'])\n"
        )
        here = os.path.dirname(os.path.abspath(__file__))
        done = subprocess.run(
            [sys.executable, "-c", program, here, self.folder], capture_output=True, text=True
        )
        self.assertEqual(done.stdout, "['200 OK', '200 OK', '200 OK'] 3\n")
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertIn("group_by raised ZeroDivisionError", done.stderr)
        self.assertEqual([r["group"] for r in Traces(self.folder).requests], [""] * 3)

    def test_a_flask_exception_on_its_way_survives_group_by(self):
        app = flask.Flask("group")
        app.config["PROPAGATE_EXCEPTIONS"] = True
        fmd_record.bind(app, directory=self.folder, group_by=lambda: flask.request.path)
        app.add_url_rule("/x", view_func=lambda: [][1])
        self.assertIsInstance(Answer(app, environ_of("/x")).error, IndexError)
        request = self.one()
        self.assertEqual((request["group"], request["status"]), ("/x", 500))

    def test_pseudonyms_are_keyed_hashes(self):
        app = self.record(say(), group_by=lambda environ: "ann", hash_key="secret")
        Answer(app)

        def hashed(text, kind):
            return hashlib.blake2b(text, digest_size=8, key=b"secret", person=kind).hexdigest()

        request = self.one()
        self.assertEqual(request["group"], hashed(b"ann", b"group"))
        self.assertEqual(request["address"], hashed(b"192.0.2.1", b"address"))
        for name in Traces(self.folder).files:
            with open(name, "rb") as file:
                self.assertNotIn(b"192.0.2.1", file.read())

    def test_addresses(self):
        cases = [  # REMOTE_ADDR, X-Forwarded-For, trusted proxies, recorded
            ("192.0.2.1", None, 0, "192.0.2.1"),
            ("192.0.2.1", "198.51.100.7", 0, "192.0.2.1"),
            ("192.0.2.1", "198.51.100.7", 1, "198.51.100.7"),
            ("192.0.2.1", "1.1.1.1, 198.51.100.7", 1, "198.51.100.7"),
            ("192.0.2.1", "1.1.1.1,198.51.100.7 , 10.0.0.1", 2, "198.51.100.7"),
            ("192.0.2.1", "198.51.100.7", 2, "192.0.2.1"),
            ("192.0.2.1", "unknown", 1, "192.0.2.1"),
            ("192.0.2.1", "", 1, "192.0.2.1"),
            ("192.0.2.1", ",", 1, "192.0.2.1"),
            ("192.0.2.1", "<script>", 1, "192.0.2.1"),
            ("192.0.2.1", None, 1, "192.0.2.1"),
            ("192.0.2.1", "198.51.100.7:4711", 1, "198.51.100.7"),
            ("192.0.2.1", "[2001:db8::1]:4711", 1, "2001:db8::1"),
            ("192.0.2.1", '"[2001:DB8:0:0::1]"', 1, "2001:db8::1"),
            ("::ffff:192.0.2.1", None, 0, "192.0.2.1"),
            ("2001:0db8::0001", None, 0, "2001:db8::1"),
            ("", None, 0, ""),  # unix socket
            ("", "198.51.100.7", 1, "198.51.100.7"),
            ("unix:/run/x", None, 0, ""),
            ("1" * 500, "2" * 500, 1, ""),
        ]
        for remote, forwarded, proxies, _ in cases:
            changes = {"REMOTE_ADDR": remote}
            if forwarded is not None:
                changes["HTTP_X_FORWARDED_FOR"] = forwarded
            Answer(self.record(say(), trusted_proxies=proxies), environ_of(**changes))
        self.assertEqual([r["address"] for r in self.recorded()], [case[3] for case in cases])

    def test_addresses_can_be_left_out(self):
        Answer(self.record(say(), addresses=False))
        self.assertEqual(self.one()["address"], "")


class Running(InProcess):
    def test_snapshot_makes_requests_readable(self):
        Answer(self.record(say()))
        self.assertTrue(fmd_record.snapshot())
        self.assertEqual(len(Traces(self.folder).requests), 1)
        self.assertIn(fmd_record.trace_path(), Traces(self.folder).files)
        stats = fmd_record.stats()
        self.assertEqual((stats["issued"], stats["recorded"]), (1, 1))

    def test_after_stop_requests_pass_and_another_start_works(self):
        app = self.record(say())
        Answer(app)
        self.assertTrue(fmd_record.stop())
        self.assertEqual(Answer(app).written, [b"hello"])
        self.assertEqual(len(Traces(self.folder).requests), 1)
        Answer(self.record(say()))
        self.assertEqual(len(self.recorded()), 2)

    def test_two_applications_of_one_process_are_told_apart(self):
        apps = []
        for name, version in (("shop", "1.0"), ("api", "2.0")):
            app = flask.Flask(name)
            app.add_url_rule("/x", view_func=lambda: "x")
            apps.append(fmd_record.bind(app, directory=self.folder, version=version))
        for app in (*apps, apps[1]):
            self.assertEqual(Answer(app, environ_of("/x")).status, "200 OK")
        self.assertTrue(fmd_record.stop())
        told = report(self.folder)
        counts = {
            (
                endpoint["application"],
                told["versions"][version["version"]]["name"],
            ): version["requests"]
            for endpoint in told["endpoints"]
            for version in endpoint["versions"]
        }
        self.assertEqual(counts, {("shop", "1.0"): 1, ("api", "2.0"): 2})

    def test_gauges_are_recorded_and_never_raise(self):
        Answer(self.record(say()))
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            fmd_record.gauge("queue", 17)
            fmd_record.gauge("price", fractions.Fraction(1, 4))
            for name, value in ("queue", "full"), ("nan", float("nan")), (None, 1), ("q", 10**400):
                fmd_record.gauge(name, value)
        fmd_record.stop()
        found = [(name, value) for _, _, value, name in entries(self.folder, "gauge")]
        self.assertEqual(found, [(b"queue", 17), (b"price", 0.25)])
        self.assertEqual(said.getvalue().count("is not recorded"), 1)
        told = dict(entries(self.folder, "process")[-1][2:])
        self.assertEqual(told[15], 4)  # lost

    def test_a_child_records_for_itself(self):
        app = self.record(say())
        Answer(app)
        child = os.fork()
        if child == 0:
            Answer(app)
            fmd_record.stop()
            os._exit(0)
        os.waitpid(child, 0)
        Answer(app)
        self.assertEqual(len({request["pid"] for request in self.recorded()}), 2)
        self.assertEqual(len(Traces(self.folder).requests), 3)

    def test_a_second_directory_is_said_and_not_used(self):
        Answer(self.record(say()))
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            Answer(self.record(say(), directory=os.path.join(self.folder, "other")))
        self.assertIn(f"test is recorded into {self.folder}, as", said.getvalue())
        self.assertEqual(len(self.recorded()), 2)

    def test_level_0_records_no_request(self):
        Answer(self.record(say(), level=0))
        fmd_record.stop()
        self.assertEqual(Traces(self.folder).requests, [])

    def test_at_level_0_flask_is_counted_and_nobody_asked(self):
        app = flask.Flask("counted")
        app.add_url_rule("/x", view_func=lambda: iter(["x", "y"]))
        fmd_record.bind(app, directory=self.folder, level=0, group_by=lambda: self.fail("asked"))
        for _ in range(3):
            self.assertEqual(Answer(app, environ_of("/x")).written, [b"x", b"y"])
        self.assertTrue(fmd_record.stop())
        self.assertEqual(fmd_record.stats()["group_errors"], 0)
        self.assertEqual(Traces(self.folder).requests, [])
        self.assertEqual(counted(self.folder), [3])

    def test_routes_of_any_number_and_mounts_keep_their_names(self):
        app = flask.Flask("many")
        for number in range(600):  # more than are remembered by their rule
            app.add_url_rule(f"/r{number}", f"r{number}", view_func=lambda: "r")
        fmd_record.bind(app, directory=self.folder)
        asked = [("", f"/r{number}") for number in (*range(600), *range(600))]
        asked += [(mount, "/r7") for mount in ("/a", "/b", "/a", "")]
        for mount, path in asked:
            Answer(app, {**environ_of(path), "SCRIPT_NAME": mount})
        self.assertEqual([request["endpoint"] for request in self.recorded()],
                         [f"GET {mount}{path}" for mount, path in asked])  # fmt: skip

    def test_middleware_stays_reachable_through_the_application(self):
        class Middleware:
            def __init__(self, application):
                self.application = application

            def __call__(self, environ, start_response):
                return self.application(environ, start_response)

            def add_files(self):
                return "added"

        app = flask.Flask("middleware")
        fmd_record.bind(app, directory=self.folder)
        app.wsgi_app = Middleware(app.wsgi_app)
        app.wsgi_app = Middleware(app.wsgi_app)
        self.assertEqual(app.wsgi_app.add_files(), "added")
        self.assertIsInstance(app, flask.Flask)
        self.assertEqual(type(app).__name__, "Flask")
        app.add_url_rule("/x", view_func=lambda: "x")
        Answer(app, environ_of("/x"))
        self.assertEqual(self.one()["endpoint"], "GET /x")

    def test_a_subclass_with_an_entry_of_its_own(self):
        class Shop(flask.Flask):
            def wsgi_app(self, environ, start_response):
                environ["shop"] = "open"
                return super().wsgi_app(environ, start_response)

            def dispatch_request(self, *args):
                return super().dispatch_request(*args)

        app = Shop("shop")
        self.assertIs(fmd_record.init_app(app, directory=self.folder), app)
        app.add_url_rule("/x", view_func=lambda: flask.request.environ["shop"])
        self.assertEqual(Answer(app, environ_of("/x")).written, [b"open"])
        self.assertEqual(self.one()["endpoint"], "GET /x")


if __name__ == "__main__":
    unittest.main()
