# SPDX-License-Identifier: Apache-2.0
"""At level 3 the stack of every shape of a Flask view is whole: from the first frame of the
thread to the innermost, and none of ours in between."""
import asyncio
import functools
import sys
import time
import unittest

import flask
import flask.views

import fmd_record
from caught import samples
from test_wsgi import InProcess

ROUNDS = 8  # a busy machine may leave a short request without a sample
stacks = {}  # by endpoint: the stack that spin() was called in


def spin():
    """Burns 60 ms without calling anything that has a frame."""
    frame, stack = sys._getframe(), []
    while frame:
        if "/fmd_record/" not in frame.f_code.co_filename:
            stack.append((frame.f_code.co_filename, frame.f_code.co_qualname))
        frame = frame.f_back
    stacks[f"GET {flask.request.path}"] = tuple(reversed(stack))
    now, until = time.thread_time, time.thread_time() + 0.06
    while now() < until:
        pass
    return "spun"


def make_app():
    app = flask.Flask("shapes")
    shop = flask.Blueprint("shop", __name__)

    class Page(flask.views.MethodView):
        def get(self):
            return spin()

    def decorator(function):
        @functools.wraps(function)
        def wrapper(*arguments, **keywords):
            return function(*arguments, **keywords)

        return wrapper

    def recursion(levels):
        return recursion(levels - 1) if levels else spin()

    @app.get("/plain")
    def plain():
        return spin()

    @shop.get("/blueprint")
    def in_blueprint():
        return spin()

    @app.get("/decorated")
    @decorator
    @decorator
    def decorated():
        return spin()

    @app.get("/async")
    async def in_async():
        await asyncio.sleep(0)
        return spin()

    @app.get("/recursive")
    def recursive():
        return recursion(100)

    @app.get("/streamed")
    def streamed():
        def pieces():
            yield "first"
            yield from (spin() for _ in range(1))

        return flask.Response(flask.stream_with_context(pieces()))

    @app.before_request
    def before():
        if flask.request.path == "/hook":
            return spin()

    app.add_url_rule("/hook", view_func=plain)
    app.add_url_rule("/class", view_func=Page.as_view("page"))
    app.register_blueprint(shop)
    return app


SHAPES = "/plain /async /blueprint /class /decorated /recursive /streamed /hook".split()


class Shapes(InProcess):
    def test_stacks_are_whole(self):
        app = make_app()
        fmd_record.bind(app, directory=self.folder, level=3)
        client = app.test_client()
        for _ in range(ROUNDS):
            for path in SHAPES:
                self.assertEqual(client.get(path, buffered=True).status_code, 200)
        self.assertTrue(fmd_record.stop())
        innermost = {}
        for sample in samples(self.folder):
            self.assertIsNotNone(sample.endpoint)  # none is taken before the route is known
            names = tuple(frame[:2] for frame in sample.frames)
            if names and names[-1][1] == "spin":
                innermost.setdefault(sample.endpoint, set()).add(names)
        self.assertEqual(innermost, {f"GET {path}": {stacks[f"GET {path}"]} for path in SHAPES})


if __name__ == "__main__":
    unittest.main()
