# SPDX-License-Identifier: Apache-2.0
"""An application whose requests are full of secrets; hangs where the query says so."""
import os
import time

import flask

import fmd_record

app = flask.Flask("secrets")
app.secret_key = "the application's own secret key"


def wait():
    """Until the test lets it go."""
    until = time.monotonic() + 20
    while "hang" in flask.request.args and time.monotonic() < until:
        if os.path.exists(os.environ["RELEASED"]):
            break
        time.sleep(0.02)


@app.get("/orders/<path:rest>")
def orders(rest):
    flask.session["card"] = flask.request.args.get("card")
    wait()
    return "served"


@app.get("/broken/<path:rest>")
def broken(rest):
    wait()
    raise RuntimeError(flask.request.headers["X-Exception"])


fmd_record.bind(app, group_by=lambda: "customer-ada")
