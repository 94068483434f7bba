# SPDX-License-Identifier: Apache-2.0
"""A Flask application that does to its process what applications do: forks, executes
itself, hangs, hoards descriptors. Recorded into $FMD_DIR.

As a program: serves on the port $PORT with werkzeug's server, one thread a request, with
its reloader; or, with the argument "exec", with a server that executes itself anew.
"""
import hashlib
import os
import signal
import socketserver
import subprocess
import sys
import time
import wsgiref.simple_server

import flask

import fmd_record

app = flask.Flask("models")
fmd_record.bind(app, group_by=lambda: flask.request.args.get("who"))
hoard = []


@app.get("/quick/<int:number>")
def quick(number):
    return {"number": number}


@app.get("/quicker")
def quicker():
    return "quicker"


@app.get("/forks")
def forks():
    child = os.fork()
    if child == 0:
        os._exit(7)
    return str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


@app.get("/forks-and-ends")
def forks_and_ends():
    """The child leaves in order, by every handler at exit."""
    child = os.fork()
    if child == 0:
        sys.exit(8)
    return str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


@app.get("/forks-and-serves")
def forks_and_serves():
    """The child has requests of its own."""
    child = os.fork()
    if child == 0:
        for number in range(3):
            call_plainly(f"/quick/{number}")
        fmd_record.stop()
        os._exit(9)
    return str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def call_plainly(path):
    """As a server would, in a context of its own."""
    import contextvars
    import wsgiref.util

    environ = {"PATH_INFO": path}
    wsgiref.util.setup_testing_defaults(environ)
    answer = contextvars.Context().run(app, environ, lambda *_: None)
    b"".join(answer)
    answer.close()


@app.get("/runs")
def runs():
    return subprocess.run(["/bin/sh", "-c", "echo 2"], stdout=subprocess.PIPE).stdout


@app.get("/hangs")
def hangs():
    """For ms in Python; or, with deaf, some 30 s in C, where no signal is looked at."""
    if "deaf" in flask.request.args:
        return deaf_to_signals()
    until = time.monotonic() + flask.request.args.get("ms", 0, int) / 1000
    while time.monotonic() < until:
        time.sleep(0.005)
    return "hung"


def deaf_to_signals():
    return hashlib.pbkdf2_hmac("sha512", b"x", b"y", 30_000_000).hex()


@app.get("/hoard")
def take_descriptors():
    """All that there are but so many."""
    try:
        while True:
            hoard.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        for _ in range(flask.request.args.get("but", 0, int)):
            os.close(hoard.pop())
    return "hoarded"


@app.get("/release")
def give_descriptors_back():
    while hoard:
        os.close(hoard.pop())
    return "released"


@app.get("/counts")
def counts():
    """What the recorder of this process counts, after a write; itself is not in it."""
    fmd_record.snapshot()
    return fmd_record.stats()


@app.get("/snapshot")
def snapshot():
    return str(fmd_record.snapshot())


class SelfExecuting(wsgiref.simple_server.WSGIServer):
    """After /again it executes itself, on the same listening socket."""

    def server_bind(self):
        kept = os.environ.get("LISTENING")
        if kept:
            self.socket.close()
            self.socket = type(self.socket)(fileno=int(kept))
        else:
            socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address = ("127.0.0.1", 0)
        self.setup_environ()

    def service_actions(self):
        if asked_to_end:
            sys.exit(0)
        if executes_again:
            os.set_inheritable(self.fileno(), True)
            os.environ["LISTENING"] = str(self.fileno())
            os.execv(sys.executable, [sys.executable, "-B", *sys.argv])


executes_again, asked_to_end = [], []


@app.get("/again")
def again():
    executes_again.append(True)
    return "again"


if __name__ == "__main__":
    port = int(os.environ["PORT"])
    if sys.argv[1:] == ["exec"]:
        signal.signal(signal.SIGTERM, lambda *_: asked_to_end.append(True))
        handler = wsgiref.simple_server.WSGIRequestHandler
        server = SelfExecuting(("127.0.0.1", port), handler)
        server.set_app(app)
        server.serve_forever(poll_interval=0.05)
    else:
        app.run("127.0.0.1", port, use_reloader=True, reloader_type="stat", threaded=True)
