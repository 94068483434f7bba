# SPDX-License-Identifier: Apache-2.0
"""A Flask application that answers in every way a Flask application can, recorded into
$FMD_DIR. TARGETS are requests to it; ENDPOINTS what a report must call them."""
import os
import time
from http import HTTPStatus

import flask
from flask.views import MethodView, View
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

import fmd_record

app = flask.Flask("answers", static_folder=os.path.dirname(__file__), static_url_path="/files")
app.secret_key = "for the tests"
fmd_record.bind(
    app,
    group_by=lambda: flask.request.args.get("customer"),
    trusted_proxies=1,
)

# Everything below comes after bind().


@app.get("/text")
def text():
    return "text"


@app.get("/item/<int:number>")
def item(number):
    return {"number": number}


@app.get("/list")
def list_():
    return [1, 2, 3]


@app.get("/bytes")
def bytes_():
    return b"bytes"


@app.get("/body-headers")
def body_headers():
    return "made", {"X-Made": "yes"}


@app.get("/body-headers-list")
def body_headers_list():
    return "made", [("X-Made", "yes")]


@app.get("/body-status")
def body_status():
    return "made", 202


@app.get("/body-enum")
def body_enum():
    return "made", HTTPStatus.CREATED


@app.get("/body-text-status")
def body_text_status():
    return "made", "201 CREATED"


@app.get("/body-status-headers")
def body_status_headers():
    return "made", 203, {"X-Made": "yes"}


@app.get("/response")
def response():
    return flask.Response("made", 207)


@app.get("/wsgi-callable")
def wsgi_callable():
    def answer(environ, start_response):
        start_response("226 IM Used", [("Content-Length", "2")])
        return [b"ok"]

    return answer


@app.get("/empty")
def empty():
    return "", 204


@app.get("/not-modified")
def not_modified():
    return "", 304


@app.get("/redirect")
def redirect():
    return flask.redirect("/text")


@app.get("/slash/")
def slash():
    return "with a slash"


@app.get("/abort")
def abort():
    flask.abort(418)


class Teapot(Exception):
    pass


@app.errorhandler(Teapot)
def handle_teapot(error):
    return "handled", 409


@app.get("/handled")
def handled():
    raise Teapot


@app.get("/unhandled")
def unhandled():
    raise RuntimeError("not handled, on purpose")


@app.get("/after-request")
def after_request_changes():
    return "changed later"


@app.after_request
def change(answer):
    if flask.request.path == "/after-request":
        answer.status_code = 299
    return answer


@app.before_request
def before():
    if flask.request.path == "/text" and "busy" in flask.request.args:
        time.sleep(0.03)
    time.sleep(flask.request.args.get("sleep", 0, float))
    if flask.request.path == "/login-first":
        return "log in first", 401


@app.get("/login-first")
def login_first():
    return "never reached"


@app.get("/stream")
def stream():
    def pieces():
        for _ in range(4):
            time.sleep(0.02)
            yield b"a piece of it\n"

    return flask.Response(pieces(), mimetype="text/plain")


@app.get("/endless")
def endless():
    def pieces():
        for _ in range(1_000_000):
            yield b"x" * 65536

    return flask.Response(pieces(), mimetype="application/octet-stream")


@app.get("/stream-breaks")
def stream_breaks():
    def pieces():
        yield b"the beginning"
        raise RuntimeError("breaks while it is sent, on purpose")

    return flask.Response(pieces(), mimetype="text/plain")


@app.get("/async")
async def async_view():
    import asyncio

    await asyncio.sleep(0.01)
    return "later", 202


class AsyncMethods(MethodView):
    async def get(self):
        return "later too"


class Methods(MethodView):
    def get(self, name):
        return name

    def put(self, name):
        return name, 201

    def delete(self, name):
        return "", 204


class Page(View):
    methods = ["GET", "POST"]

    def dispatch_request(self):
        return flask.request.method


app.add_url_rule("/class/async", view_func=AsyncMethods.as_view("async_methods"))
app.add_url_rule("/class/<name>", view_func=Methods.as_view("methods"))
app.add_url_rule("/class", view_func=Page.as_view("page"))

inner = flask.Blueprint("inner", __name__)
outer = flask.Blueprint("outer", __name__)


@inner.get("/deep/<path:rest>")
def deep(rest):
    return rest


@outer.get("/")
def outer_home():
    return "outer"


outer.register_blueprint(inner, url_prefix="/inner")
app.register_blueprint(outer, url_prefix="/outer")


@app.get("/asks-itself")
def asks_itself():
    with app.test_client() as client:
        return client.get("/item/5").data


@app.get("/big-file")
def big_file():
    return flask.send_file(os.environ["BIG_FILE"], mimetype="application/octet-stream")


@app.get("/big-copy")
def big_copy():
    def pieces():
        with open(os.environ["BIG_FILE"], "rb", buffering=0) as file:
            yield from iter(lambda: file.read(8192), b"")

    return flask.Response(pieces(), mimetype="application/octet-stream")


class Late:
    """Middleware, added after bind(): slow for one path, and it answers one itself."""

    def __init__(self, application):
        self.application = application

    def __call__(self, environ, start_response):
        if environ["PATH_INFO"] == "/from-middleware":
            start_response("503 Service Unavailable", [("Content-Length", "5")])
            return [b"later"]
        if environ.get("QUERY_STRING") == "slow-middleware":
            time.sleep(0.03)
        return self.application(environ, start_response)


mounted = flask.Flask("mounted")
fmd_record.bind(mounted)


@mounted.get("/here/<int:number>")
def here(number):
    return "mounted"


def plain(environ, start_response):
    """Mounted, and no Flask."""
    start_response("200 OK", [("Content-Length", "5")])
    return [b"plain"]


app.wsgi_app = DispatcherMiddleware(app.wsgi_app, {"/mount": mounted, "/plain": plain})
app.wsgi_app = Late(ProxyFix(app.wsgi_app))

ENDPOINTS = {
    "/text": "GET /text",
    "/item/1": "GET /item/<int:number>",
    "/item/22?customer=ann": "GET /item/<int:number>",
    "/list": "GET /list",
    "/bytes": "GET /bytes",
    "/body-headers": "GET /body-headers",
    "/body-headers-list": "GET /body-headers-list",
    "/body-status": "GET /body-status",
    "/body-enum": "GET /body-enum",
    "/body-text-status": "GET /body-text-status",
    "/body-status-headers": "GET /body-status-headers",
    "/response": "GET /response",
    "/wsgi-callable": "GET /wsgi-callable",
    "/empty": "GET /empty",
    "/not-modified": "GET /not-modified",
    "/redirect": "GET /redirect",
    "/slash": "(unmatched)",
    "/slash/": "GET /slash/",
    "/abort": "GET /abort",
    "/handled": "GET /handled",
    "/unhandled": "GET /unhandled",
    "/after-request": "GET /after-request",
    "/login-first": "GET /login-first",
    "/stream": "GET /stream",
    "/async": "GET /async",
    "/class/async": "GET /class/async",
    "/class/a": "GET /class/<name>",
    "PUT:/class/a": "PUT /class/<name>",
    "DELETE:/class/b": "DELETE /class/<name>",
    "/class": "GET /class",
    "POST:/class": "POST /class",
    "/outer/": "GET /outer/",
    "/outer/inner/deep/x/y": "GET /outer/inner/deep/<path:rest>",
    "/asks-itself": "GET /asks-itself",
    "/files/answers.py": "GET /files/<path:filename>",
    "/files/missing": "GET /files/<path:filename>",
    "/mount/here/3": "GET /mount/here/<int:number>",
    "/mount/nowhere": "(unmatched)",
    "/plain": "(unrouted)",
    "/from-middleware": "(unrouted)",
    "/nowhere": "(unmatched)",
    "/no/where/else": "(unmatched)",
    "POST:/item/1": "(unmatched)",
    "BREW:/item/1": "(unmatched)",
    "HEAD:/item/1": "HEAD /item/<int:number>",
    "OPTIONS:/item/1": "OPTIONS /item/<int:number>",
    "HEAD:/stream": "HEAD /stream",
}
TARGETS = list(ENDPOINTS)
