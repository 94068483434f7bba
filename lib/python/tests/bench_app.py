# SPDX-License-Identifier: Apache-2.0
"""What scripts/bench-flask measures: the same application twice in one process, /plain and
/recorded (with a customer a request, as usual). One view is cheap, one waits 5 ms."""
import time

import flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

import fmd_record


def make():
    app = flask.Flask("bench")

    @app.get("/cheap/<int:customer>")
    def cheap(customer):
        return "ok"

    @app.get("/waits/<int:customer>")
    def waits(customer):
        time.sleep(0.005)
        return "ok"

    @app.get("/stats")
    def stats():
        fmd_record.snapshot()
        return fmd_record.stats()

    return app


plain = make()
recorded = fmd_record.bind(make(), group_by=lambda: flask.request.view_args["customer"])
app = DispatcherMiddleware(recorded, {"/plain": plain, "/recorded": recorded})
