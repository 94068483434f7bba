# SPDX-License-Identifier: Apache-2.0
"""An application whose requests are full of secrets; slow where the query says so."""
import time

import flask

import fmd_record

app = flask.Flask("secrets")
app.secret_key = "the application's own secret key"


def wait():
    time.sleep(int(flask.request.args.get("ms", "0")) / 1000)


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
