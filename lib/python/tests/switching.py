# SPDX-License-Identifier: Apache-2.0
"""An application whose requests take turns on one thread, recorded into $FMD_DIR: under
gevent as greenlets. Each view has functions of its own, so that a stack tells whose it
is."""
import time

import flask

import fmd_record

app = flask.Flask("switching")
fmd_record.bind(app)


def burn(ms):
    until = time.thread_time() + ms / 1000
    while time.thread_time() < until:
        sum(range(100))


def first_waits():
    time.sleep(0.02)


def first_burns():
    burn(5)


@app.get("/first")
def first():
    for _ in range(6):
        first_waits()
        first_burns()
    return "first"


def second_waits():
    time.sleep(0.02)


def second_burns():
    burn(5)


@app.get("/second")
def second():
    for _ in range(6):
        second_waits()
        second_burns()
    return "second"


@app.get("/async")
async def async_view():
    import asyncio

    await asyncio.sleep(0.03)
    return "later"


@app.get("/broken")
def broken():
    first_waits()
    raise LookupError("broken on purpose")

