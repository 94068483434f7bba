# SPDX-License-Identifier: Apache-2.0
"""What scripts/bench-flask measures: a cheap view and one that waits 5 ms. Recorded when
FMD_ENABLED says so, with a customer a request as usual."""
import time

import flask

import fmd_record

app = flask.Flask("bench")
fmd_record.bind(app, group_by=lambda: flask.request.view_args["customer"])


@app.get("/cheap/<int:customer>")
def cheap(customer):
    return "ok"


@app.get("/waits/<int:customer>")
def waits(customer):
    time.sleep(0.005)
    return "ok"
