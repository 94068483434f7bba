# SPDX-License-Identifier: Apache-2.0
"""An application that is watched: serves quick requests, then a slow one, in this process.
Arguments: directory, what to do in the slow one: "end" or "kill"; or "crowd": there are
200 slow ones at the same time."""
import os
import signal
import sys
import threading
import time

from flask import Flask

import fmd_record

app = Flask("watched")


def hang(seconds):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.01)


@app.get("/hang/<int:ms>")
def sometimes_slow(ms):
    hang(ms / 1000)
    if ms > 100 and sys.argv[2] == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    return "served"


fmd_record.bind(app, directory=sys.argv[1])
client = app.test_client()
for _ in range(120):
    client.get("/hang/1")
fmd_record.snapshot()
if sys.argv[2] == "crowd":
    threads = [threading.Thread(target=app.test_client().get, args=["/hang/2000"])
               for _ in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
else:
    client.get("/hang/400")
fmd_record.stop()
