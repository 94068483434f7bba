# SPDX-License-Identifier: Apache-2.0
"""Secrets are planted wherever a request can carry them, in slow and in broken requests;
then they are searched for in what the recorder wrote. That the search can find is proved
with what is no secret."""
import base64
import glob
import os
import threading
import time

from server_tests import Recorded
from servers import Gunicorn
from traces import entries, second_decoder

TOKEN = "tQ7vLx2RkP9mZc4WyB8nHs6D"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJlLW9mLWl0"
BASIC = base64.b64encode(b"ada:basic-hunter2").decode()

PATH = f"/orders/where-it-is/ada@path.example/{TOKEN}/{JWT}/4111111111111111/token/pathsecret"
QUERY = "coupon=QuerySpring&password=query-hunter2&mail=ada%40query.example&card=SessionCard99"
HEADERS = {
    "User-Agent": "planted-agent/1.0 (+ada@agent.example)",
    "Referer": "https://u:refpass@shop.example/came-from-here?ref=RefererQuery77",
    "X-Note": f"note-is-kept password=note-hunter2 Bearer {TOKEN[::-1]}",
    "X-Request-ID": "3f2504e0-4f89-11d3-9a0c-0305e82c3301",
    "Authorization": f"Basic {BASIC}",
    "Proxy-Authorization": "Bearer proxyBearer4711",
    "Cookie": "session=CookieSession123; other=CookieOther456",
    "X-Api-Key": "HeaderApiKey789",
    "X-Not-Allowed": "HeaderNotAllowed",
    "X-Exception": "exception-text-is-kept for ada@exception.example with password='exc-hunter2'",
}
SECRETS = [
    "ada@", "%40query", "path.example", TOKEN, "eyJ", "4111111111111111", "pathsecret",
    "QuerySpring", "query-hunter2", "SessionCard99", "agent.example", "refpass",
    "RefererQuery77", "note-hunter2", TOKEN[::-1], BASIC, BASIC[:12], "basic-hunter2",
    "proxyBearer4711", "CookieSession123", "CookieOther456", "HeaderApiKey789",
    "HeaderNotAllowed", "exception.example", "exc-hunter2", "own secret key",
]  # fmt: skip
# in the ring while the request hangs, and in the trace afterwards
KNOWN = ["where-it-is", "planted-agent/1.0", "came-from-here", "note-is-kept", "3f2504e0-4f89"]
KNOWN_LATER = ["exception-text-is-kept", "customer-ada", "GET /orders/<path:rest>"]
ENOUGH = 25


def unpacked(path):
    """The bytes of a trace, and those of its blocks as they were before compression."""
    with open(path, "rb") as file:
        data = file.read()
    blocks = second_decoder.read_blocks(data, {"damaged": 0, "torn": 0})
    return data + b"".join(payload for _, payload in blocks)


class Planted(Recorded):
    def found_in(self, data, words):
        return [word for word in words if word.encode() in data]

    def serve(self, headers):
        self.released = os.path.join(self.folder, "released")
        environment = {"FMD_LEVEL": "2", "FMD_OUTLIER_REQUESTS": str(ENOUGH)}
        environment |= {"FMD_HEADERS": headers, "RELEASED": self.released}
        options = "--threads", "2", "--access-logfile", "/dev/null"
        return Gunicorn("secrets_app:app", self.folder, *options, **self.environment(**environment))

    def ring_while(self, ask, mark):
        """The ring file's bytes, copied while a request hangs and is known as an outlier."""
        asking, limit, data = threading.Thread(target=ask), time.monotonic() + 15, b""
        asking.start()
        while mark not in data and time.monotonic() < limit:
            time.sleep(0.1)
            with open(glob.glob(os.path.join(self.traces, "*.ring"))[0], "rb") as file:
                data = file.read()
        self.assertTrue(asking.is_alive())
        with open(self.released, "w"):
            asking.join()
        return data

    def test_no_secret_is_in_traces_or_rings(self):
        with self.serve("User-Agent, Referer, X-Note, X-Request-ID") as server:
            for kind in "orders", "broken":
                for _ in range(ENOUGH + 5):
                    self.ask(server, f"/{kind}/quick", HEADERS)
            time.sleep(1.5)  # block_ms: then there are thresholds
            rings = []
            for kind in "orders", "broken":
                target = f"{PATH.replace('orders', kind)}?{QUERY}&hang"
                headers = {**HEADERS, "X-Note": f"{kind}-hangs {HEADERS['X-Note']}"}
                rings.append(
                    self.ring_while(
                        lambda: self.ask(server, target, headers), f"{kind}-hangs".encode()
                    )
                )
                os.remove(self.released)
        trace = b"".join(unpacked(path) for path in glob.glob(self.traces + "/*.fmd"))
        for ring in rings:
            self.assertEqual(self.found_in(ring, KNOWN), KNOWN)
            self.assertEqual(self.found_in(ring, SECRETS), [])
        self.assertEqual(self.found_in(trace, KNOWN + KNOWN_LATER), KNOWN + KNOWN_LATER)
        self.assertEqual(self.found_in(trace, SECRETS), [])
        self.assertGreaterEqual(len(entries(self.traces, "context")), 2)

    def test_a_list_with_a_secret_header_is_refused_in_one_line(self):
        with self.serve("User-Agent, Cookie") as server:
            self.assertEqual(self.ask(server, "/orders/1", HEADERS)[0], 200)
        self.assertIn("FMD_HEADERS: 'Cookie' holds secrets and is never recorded", server.said())
        self.assertEqual(glob.glob(self.traces + "/*.fmd"), [])
