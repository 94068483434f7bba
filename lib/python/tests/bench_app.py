# SPDX-License-Identifier: Apache-2.0
"""What scripts/bench-flask measures: the same views twice without a recorder (/plain, /again),
and recorded with a customer a request, as usual, in one process (/other). With BENCH_PEER_LEVEL
that one is monitored by Flask-MonitoringDashboard instead.

A view does BENCH_UNITS[kind] units of work for each millisecond asked for. Run as a program
with "units" it prints units that make it so on this machine, with "serve" it serves itself."""
import hashlib
import json
import os
import sqlite3
import sys
import tempfile
import time

import flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import run_simple

BLOCK = bytes(4096)
FOLDER = os.environ.get("BENCH_FOLDER", tempfile.gettempdir())


def cpu(units):
    for _ in range(units):
        hashlib.sha256(BLOCK).digest()


def disk(units):
    """Files written and read back, through the page cache."""
    for number in range(units):
        path = os.path.join(FOLDER, f"bench-{os.getpid()}-{number % 8}")
        with open(path, "wb") as file:
            file.write(BLOCK)
        with open(path, "rb") as file:
            file.read()


def sqlite(units):
    database = sqlite3.connect(os.path.join(FOLDER, "bench.sqlite"))
    for number in range(units):
        database.execute("select sum(price) from items where id % 50 = ?", (number % 50,)).fetchone()
    database.close()


WORK = {"cpu": cpu, "disk": disk, "sqlite": sqlite}
LENGTHS_MS = (0, 5, 200)


def make(name):
    """Each length has endpoints of its own: what is an outlier is told by endpoint."""
    app = flask.Flask(name)
    units = json.loads(os.environ.get("BENCH_UNITS", "{}"))

    def sleep(customer, ms):
        time.sleep(ms / 1000)
        return "ok"

    def work(customer, kind, ms):
        WORK[kind](round(units[kind] * ms))
        return "ok"

    for ms in LENGTHS_MS:
        app.add_url_rule(f"/sleep/{ms}/<int:customer>", f"sleep {ms}", sleep, defaults={"ms": ms})
        for kind in WORK:
            app.add_url_rule(f"/{kind}/{ms}/<int:customer>", f"{kind} {ms}", work,
                             defaults={"kind": kind, "ms": ms})  # fmt: skip
    return app


def recorded(name):
    import fmd_record

    return fmd_record.bind(make(name), group_by=lambda: flask.request.view_args["customer"])


def with_stats(app):
    import fmd_record

    @app.get("/stats")
    def stats():
        fmd_record.snapshot()
        return fmd_record.stats()

    return app


def monitored(level):
    import flask_monitoringdashboard as dashboard

    app = make("peer")
    dashboard.config.monitor_level = level
    dashboard.config.database_name = f"sqlite:///{FOLDER}/peer-{level}.sqlite"
    dashboard.config.group_by = lambda: flask.request.view_args["customer"]
    dashboard.bind(app)
    return app


def fill():
    """The table that the sqlite views read."""
    with sqlite3.connect(os.path.join(FOLDER, "bench.sqlite")) as database:
        database.execute("create table items (id integer primary key, price real)")
        database.executemany("insert into items values (?, ?)", ((i, i / 7) for i in range(1000)))


def units_a_millisecond():
    units = {}
    for kind, work in WORK.items():
        work(20)
        began = time.perf_counter()
        work(200)
        units[kind] = 200 / ((time.perf_counter() - began) * 1000)
    return units


def make_all():
    copies = {"/plain": make("plain"), "/again": make("again")}
    if "BENCH_PEER_LEVEL" in os.environ:
        copies["/other"] = monitored(int(os.environ["BENCH_PEER_LEVEL"]))
        return DispatcherMiddleware(make("none"), copies)
    copies["/other"] = recorded("other")
    return DispatcherMiddleware(with_stats(flask.Flask("none")), copies)


if sys.argv[1:] == ["units"]:
    fill()
    json.dump(units_a_millisecond(), sys.stdout)
else:
    app = make_all()

if sys.argv[1:] == ["serve"]:
    run_simple("127.0.0.1", int(os.environ["PORT"]), app, threaded=True)
