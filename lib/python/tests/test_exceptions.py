# SPDX-License-Identifier: Apache-2.0
"""Exceptions: what leaves a Flask or WSGI application, and what it captures."""
import asyncio
import contextlib
import gc
import glob
import io
import logging
import os
import signal
import sys
import threading
import traceback
import unittest

import flask
import flask.views

import fmd_record
from caught import caught, frames_of, second_decoder, starts
from test_wsgi import Answer, InProcess, environ_of
from traces import EXCEPTION

HERE = os.path.abspath(__file__)


class Shopping(Exception):
    pass


def deep(levels):
    if levels:
        deep(levels - 1)
    raise Shopping("deep")


class Caught(InProcess):
    def flask_app(self, **options):
        app = flask.Flask("test")
        app.logger.disabled = True
        fmd_record.bind(app, directory=self.folder, **options)
        return app

    def caught(self):
        """All exceptions so far, in order."""
        self.assertTrue(fmd_record.stop())
        return caught(self.folder)

    def only(self):
        (error,) = self.caught()
        return error

    def names(self, error):
        """Of the frames in this file."""
        return [frame[1].rpartition(".")[2] for frame in error.frames if frame[0] == HERE]

    def assert_application_only(self, error):
        for file, *_ in error.frames:
            self.assertNotIn("/fmd_record/", file)
            self.assertNotIn("test_wsgi.py", file)  # stands for the server


class Unhandled(Caught):
    def test_what_flask_answers_500_has_type_message_frames_and_request(self):
        app = self.flask_app()

        @app.get("/item/<int:number>")
        def item(number):
            return {}[number]

        answer = app.test_client().get("/item/5", buffered=True)
        self.assertEqual(answer.status_code, 500)
        error = self.only()
        self.assertEqual((error.type, error.message), ("KeyError", "5"))
        self.assertEqual(error.endpoint, "GET /item/<int:number>")
        self.assertEqual((error.handled, error.count), (False, 1))
        self.assertEqual(self.names(error), ["item"])
        self.assertEqual(error.frames[0][1], "Flask.full_dispatch_request")
        self.assert_application_only(error)
        self.assertEqual({error.start}, starts(self.folder))

    def test_frames_are_those_of_the_traceback(self):
        seen = []

        def application(environ, start_response):
            def inside():
                deep(5)

            try:
                inside()
            except Shopping as error:
                seen.append(frames_of(error)[1:])
                raise

        self.assertIsInstance(Answer(self.record(application)).error, Shopping)
        error = self.only()
        self.assertEqual(error.frames[1:], seen[0])
        self.assertEqual(error.frames[0][1].rpartition(".")[2], "application")
        self.assertEqual(error.type, f"{__name__}.Shopping")

    def test_handled_by_flask_and_http_errors_are_none(self):
        app = self.flask_app()
        app.register_error_handler(Shopping, lambda error: ("sorry", 409))

        @app.get("/handled")
        def handled():
            raise Shopping

        @app.get("/abort")
        def abort():
            flask.abort(503)

        client = app.test_client()
        answers = [client.get(path).status_code for path in ("/handled", "/abort", "/none")]
        self.assertEqual(answers, [409, 503, 404])
        self.assertEqual(self.caught(), [])

    def test_hooks_blueprints_classes_and_async_views(self):
        app = self.flask_app()
        shop = flask.Blueprint("shop", __name__)

        class Page(flask.views.MethodView):
            def get(self):
                raise Shopping("class")

        @shop.get("/blueprint")
        def in_blueprint():
            raise Shopping("blueprint")

        @app.get("/async")
        async def in_async():
            await asyncio.sleep(0)
            raise Shopping("async")

        @app.get("/hooks")
        def in_hooks():
            return "never" if "before" in flask.request.args else "fine"

        @app.before_request
        def before():
            if "before" in flask.request.args:
                raise Shopping("before")

        @app.after_request
        def after(answer):
            if "after" in flask.request.args:
                raise Shopping("after")
            return answer

        app.register_blueprint(shop, url_prefix="/shop")
        app.add_url_rule("/class", view_func=Page.as_view("page"))
        client = app.test_client()
        for path in ("/class", "/shop/blueprint", "/async", "/hooks?before", "/hooks?after"):
            self.assertEqual(client.get(path).status_code, 500)
        found = {error.message: error for error in self.caught()}
        self.assertEqual(list(found), ["class", "blueprint", "async", "before", "after"])
        self.assertEqual(found["blueprint"].endpoint, "GET /shop/blueprint")
        innermost = [self.names(error)[-1] for error in found.values()]
        self.assertEqual(innermost, ["get", "in_blueprint", "in_async", "before", "after"])
        for error in found.values():
            self.assert_application_only(error)

    def test_what_a_streamed_body_raises(self):
        app = self.flask_app()

        @app.get("/stream")
        def stream():
            def pieces():
                yield b"first"
                raise Shopping("streaming")

            return flask.Response(pieces())

        self.assertIsInstance(Answer(app, environ_of("/stream")).error, Shopping)
        error = self.only()
        self.assertEqual((error.message, error.endpoint), ("streaming", "GET /stream"))
        self.assertEqual(self.names(error), ["pieces"])
        self.assert_application_only(error)
        self.assertEqual({error.start}, starts(self.folder))

    def test_what_the_body_of_a_500_raises_counts_too(self):
        """The second exception has the address that the first one had."""
        app = self.flask_app()
        reused = 0

        @app.get("/view")
        def view():
            raise Shopping("view")

        @app.errorhandler(500)
        def failed(error):
            address = id(error.original_exception)

            def pieces():
                nonlocal reused
                yield "sorry"
                made = [Shopping("body") for _ in range(1000)]
                again = [each for each in made if id(each) == address]
                reused += len(again)
                raise (again or made)[0]
            return flask.Response(pieces(), 500)

        for _ in range(20):
            self.assertIsInstance(Answer(app, environ_of("/view")).error, Shopping)
        self.assertGreater(reused, 0)
        self.assertEqual(sum(error.count for error in self.caught()), 40)

    def test_outside_of_dispatch(self):
        app = self.flask_app()

        class Sessions(flask.sessions.SessionInterface):
            def open_session(self, app, request):
                raise Shopping("session")

        app.session_interface = Sessions()
        app.add_url_rule("/", view_func=lambda: "never")
        self.assertEqual(app.test_client().get("/").status_code, 500)
        error = self.only()
        self.assertEqual((error.message, error.endpoint), ("session", "(unrouted)"))
        self.assertEqual(self.names(error), ["open_session"])

    def test_that_leaves_everything_counts_once(self):
        app = self.flask_app()
        app.testing = True

        @app.get("/")
        def view():
            raise Shopping("all the way")

        with self.assertRaises(Shopping):
            app.test_client().get("/")
        self.assertEqual(self.only().count, 1)

    def test_what_ends_the_worker_is_none(self):
        for kind in (SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError):

            def application(environ, start_response, kind=kind):
                raise kind

            self.assertIsInstance(Answer(self.record(application)).error, kind)
        self.assertEqual(self.caught(), [])

    def test_a_request_inside_a_request_is_the_applications_own_business(self):
        app = self.flask_app()

        @app.get("/inner")
        def inner():
            raise Shopping("inner")

        @app.get("/outer")
        def outer():
            return str(app.test_client().get("/inner").status_code)

        self.assertEqual(app.test_client().get("/outer").data, b"500")
        self.assertEqual(self.caught(), [])


class Messages(Caught):
    def recorded(self, error):
        def application(environ, start_response):
            raise error

        self.assertIs(Answer(self.record(application)).error, error)
        return self.only()

    def test_str_that_raises_leaves_none(self):
        class Mute(Exception):
            def __str__(self):
                raise ValueError("cannot say")

        found = self.recorded(Mute())
        self.assertTrue(found.type.endswith(".Mute"))
        self.assertEqual(found.message, "")

    def test_str_that_ends_the_worker_does(self):
        class Ending(Exception):
            def __str__(self):
                raise SystemExit(3)

        def application(environ, start_response):
            raise Ending

        self.assertIsInstance(Answer(self.record(application)).error, SystemExit)

    def test_huge_ones_are_cut_between_characters(self):
        found = self.recorded(ValueError("a" + "é" * 1_000_000))
        self.assertRegex(found.message, "^aé{200,}$")
        self.assertLessEqual(len(found.message.encode()), 512)

    def test_what_is_no_utf8_is_escaped(self):
        found = self.recorded(ValueError("\udcff and \ud800"))
        self.assertEqual(found.message, "\\udcff and \\ud800")

    def test_secrets_go(self):
        found = self.recorded(ValueError("login of ada@example.org: password=hunter2"))
        self.assertEqual(found.message, "login of ***: password=***")

    def test_syntax_errors(self):
        def application(environ, start_response):
            compile("a b c", "page.html", "exec")

        Answer(self.record(application))
        found = self.only()
        self.assertEqual(found.type, "SyntaxError")
        self.assertIn("page.html, line 1", found.message)

    def test_recursion_keeps_both_ends(self):
        def application(environ, start_response):
            def forever(number):
                return forever(number + 1)

            forever(0)

        self.assertIsInstance(Answer(self.record(application)).error, RecursionError)
        found = self.only()
        self.assertEqual(len(found.frames), 128)
        self.assertEqual([i for i, frame in enumerate(found.frames) if not frame], [64])
        self.assertEqual(found.frames[-1][1].rpartition(".")[2], "forever")

    def test_chained_ones_say_where_they_come_from(self):
        try:
            try:
                {}["id"]
            except KeyError as cause:
                raise Shopping("no such thing") from cause
        except Shopping as error:
            found = self.recorded(error)
        self.assertEqual(found.type, f"{__name__}.Shopping")
        self.assertEqual(found.message, "no such thing (from KeyError: 'id')")

    def test_what_is_handled_meanwhile_is_told_unless_suppressed(self):
        def application(environ, start_response):
            try:
                1 / 0
            except ZeroDivisionError:
                if environ["PATH_INFO"] == "/suppressed":
                    raise LookupError from None
                raise Shopping

        application = self.record(application)
        for path in ("/", "/suppressed"):
            Answer(application, environ_of(path))
        messages = [error.message for error in self.caught()]
        self.assertEqual(messages, ["(from ZeroDivisionError: division by zero)", ""])


class Captured(Caught):
    def test_in_a_request_and_outside(self):
        app = self.flask_app()

        @app.get("/")
        def view():
            try:
                deep(0)
            except Shopping as error:
                self.assertTrue(fmd_record.capture(error))
            try:
                1 / 0
            except ZeroDivisionError:
                self.assertTrue(fmd_record.capture())
            return "fine"

        self.assertEqual(app.test_client().get("/").data, b"fine")
        self.assertTrue(fmd_record.capture(ValueError("outside, never raised")))
        self.assertFalse(fmd_record.capture())
        self.assertFalse(fmd_record.capture("no exception"))
        first, second, third = self.caught()
        self.assertEqual([e.type for e in (second, third)], ["ZeroDivisionError", "ValueError"])
        self.assertEqual([e.endpoint for e in (first, second, third)], ["GET /", "GET /", None])
        self.assertTrue(all(error.handled for error in (first, second, third)))
        self.assertEqual(self.names(first), ["view", "deep"])
        self.assertEqual(third.frames, ())
        self.assertEqual((third.start, {first.start}), (0, starts(self.folder)))

    def test_before_the_start_and_after_the_stop_it_does_nothing(self):
        self.assertTrue(fmd_record.capture(ValueError()))
        self.record(lambda *_: [])
        self.assertEqual(self.caught(), [])
        self.assertTrue(fmd_record.capture(ValueError()))

    def test_in_a_forked_child_that_serves_no_request(self):
        self.record(lambda *_: [])
        child = os.fork()
        if child == 0:
            fmd_record.capture(ValueError("in the child"))
            fmd_record.stop()
            os._exit(0)
        os.waitpid(child, 0)
        self.assertEqual(self.only().message, "in the child")


class Killed(Caught):
    def test_the_first_of_a_kind_outlives_a_kill(self):
        child = os.fork()
        if child == 0:
            application = self.record(lambda *_: deep(2), block_ms=3600_000)
            for _ in range(5):
                Answer(application)
            fmd_record.capture(ValueError("the last"))
            os.kill(os.getpid(), signal.SIGKILL)
        os.waitpid(child, 0)
        (link,) = glob.glob(os.path.join(self.folder, "*.ring"))
        self.addCleanup(os.unlink, os.readlink(link))
        left = second_decoder.read_ring_file(link)["areas"]["journal"]
        codes = {entry[1][1]: entry[1][3][0] for _, entry in left if entry[0] == "definition"}
        errors = [entry for _, entry in left if entry[0] == "exception"]
        self.assertEqual([error[6] for error in errors], [b"deep", b"the last"])
        self.assertEqual([error[3] for error in errors], [1, 1])
        names = [codes[code].rpartition(b".")[2] for code, _ in errors[0][7:]]
        self.assertEqual(names, [b"<lambda>", b"deep", b"deep", b"deep"])


class Many(Caught):
    def test_a_storm_is_counted_whole_and_costs_little(self):
        issued = 30_000
        application = self.record(lambda *_: {}["missing"])
        environ = environ_of()
        for number in range(issued):
            with contextlib.suppress(KeyError):
                application(environ, None)
            if number % 10_000 == 0:
                self.assertTrue(fmd_record.snapshot())
        found = self.caught()
        self.assertEqual({error.type for error in found}, {"KeyError"})
        self.assertEqual(sum(error.count for error in found), issued)
        self.assertLess(len(found), 100)

    def test_more_kinds_than_there_is_room_for_are_counted_whole(self):
        kinds = [type(f"Kind{number}", (Exception,), {}) for number in range(2000)]

        def raises():
            for kind in kinds * 3:
                yield kind

        kind = raises()

        def application(environ, start_response):
            raise next(kind)

        application = self.record(application)
        environ = environ_of()
        for _ in range(3 * len(kinds)):
            with contextlib.suppress(Exception):
                application(environ, None)
        found = self.caught()
        self.assertEqual(sum(error.count for error in found), 3 * len(kinds))
        self.assertGreater(len({error.type for error in found}), 200)

    def test_threads(self):
        each = 3000
        application = self.record(lambda *_: {}["missing"])

        def run():
            for _ in range(each):
                with contextlib.suppress(KeyError):
                    application(environ_of(), None)

        threads = [threading.Thread(target=run) for _ in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        self.assertEqual(sum(error.count for error in self.caught()), 4 * each)

    def test_nothing_is_held(self):
        class Held:
            pass

        def application(environ, start_response):
            local = Held()  # noqa: F841, in the frame of the traceback
            raise Shopping(local)

        application = self.record(application)
        environ = environ_of()

        def some():
            for _ in range(300):
                with contextlib.suppress(Shopping):
                    application(environ, None)
                try:
                    application(environ, None)
                except Shopping as error:
                    fmd_record.capture(error)

        some()
        gc.collect()
        before = len(gc.get_objects()), sys.getrefcount(Shopping), sys.getrefcount(environ)
        blocks = sys.getallocatedblocks()
        some()
        gc.collect()
        after = len(gc.get_objects()), sys.getrefcount(Shopping), sys.getrefcount(environ)
        self.assertEqual(after, before)
        self.assertLess(sys.getallocatedblocks() - blocks, 50)
        self.assertFalse([thing for thing in gc.get_objects() if isinstance(thing, Held)])


class Unchanged(Caught):
    """The application's answers and its log are what they are without us."""

    def said(self, recorded):
        app = flask.Flask("test")
        log = io.StringIO()
        app.logger.disabled = False
        app.logger.handlers = [logging.StreamHandler(log)]
        if recorded:
            fmd_record.bind(app, directory=self.folder)

        @app.get("/view")
        def view():
            try:
                deep(3)
            except Shopping as error:
                raise RuntimeError("from it") from error

        @app.get("/stream")
        def stream():
            def pieces():
                yield b"first"
                raise Shopping("streaming")

            return flask.Response(pieces())

        client = app.test_client()
        answers = [(a.status, a.data, sorted(a.headers)) for a in (client.get("/view"),)]
        try:
            client.get("/stream").data
        except Shopping:
            answers.append(traceback.format_exc())
        return answers, log.getvalue()

    def test_with_and_without(self):
        without = self.said(False)
        self.assertIn("RuntimeError: from it", without[1])
        self.assertEqual(self.said(True), without)
        self.assertEqual(len(self.caught()), 2)


class Flags(Caught):
    def test_the_request_says_it_too(self):
        app = self.flask_app()
        app.add_url_rule("/", view_func=lambda: {}["x"])
        app.test_client().get("/", buffered=True)
        request = self.one()
        self.assertEqual((request["status"], request["flags"]), (500, EXCEPTION))

    def test_at_level_0_none_is_recorded(self):
        app = self.flask_app(level=0)
        app.add_url_rule("/", view_func=lambda: {}["x"])
        self.assertIn(b"Error", app.test_client().get("/").data)
        self.assertEqual(self.caught(), [])


if __name__ == "__main__":
    unittest.main()
