# SPDX-License-Identifier: GPL-3.0-or-later
"""Visitors of the shop: sends a fixed list of requests at a fixed pace and counts the answers.

    python3 visitors.py --port 8000 --requests 1500 --per-second 200 --seed 1

The list follows from the seed alone. Prints one JSON object: how many requests were
answered, by endpoint and status, and how late the latest was sent. Exits 1 when a request
got no answer.
"""
import argparse
import collections
import http.client
import itertools
import json
import random
import signal
import sys
import threading
import time

from database import CATEGORIES, CUSTOMERS, PRODUCTS, SCHOOL, THINGS, MATERIALS, popular

Visit = collections.namedtuple("Visit", "endpoint method path customer form")


def _get(endpoint, path, customer=None):
    return Visit("GET " + endpoint, "GET", path, customer, None)


def _post(path, customer, form):
    return Visit("POST " + path, "POST", path, customer, form)


def visits(chance):
    """Requests without end; the school comes now and then."""
    kinds = {
        "home": 12, "catalogue": 22, "product": 26, "search": 12, "cart": 8, "add": 5,
        "buy": 2, "login": 3, "json": 6, "stock": 10, "delivery": 4, "export": 2, "css": 5,
        "gone": 1, "probe": 1,
    }  # fmt: skip
    while True:
        (kind,) = chance.choices(list(kinds), list(kinds.values()))
        who = SCHOOL if chance.random() < 0.03 else popular(chance, CUSTOMERS)
        what = popular(chance, PRODUCTS)
        category = chance.choice(CATEGORIES)
        yield _visit(kind, chance, who, what, category)


def _visit(kind, chance, who, what, category):
    words = f"{chance.choice(MATERIALS)}+{chance.choice(THINGS)}"
    quantity = chance.randrange(1, 4)
    if kind == "probe":
        path = chance.choice(["/wp-login.php", "/.env", "/phpmyadmin/"])
        return Visit("(unmatched)", "GET", path, None, None)
    return {
        "home": _get("/", "/"),
        "catalogue": _get("/catalogue/<category>", f"/catalogue/{category}", who),
        "product": _get("/product/<int:number>", f"/product/{what}", who),
        "search": _get("/search", f"/search?q={words}", who),
        "cart": _get("/cart", "/cart", who),
        "add": _post("/cart", who, f"product={what}&quantity={quantity}"),
        "buy": _post("/checkout", who, ""),
        "login": _post("/login", None, f"customer={who}"),
        "json": _get("/api/products/<int:number>", f"/api/products/{what}"),
        "stock": _get("/api/stock/<int:number>", f"/api/stock/{what}"),
        "delivery": _get("/api/delivery/<int:number>", f"/api/delivery/{what}"),
        "export": _get("/export/<category>.csv", f"/export/{category}.csv"),
        "css": _get("/static/<path:filename>", "/static/shop.css"),
        "gone": _get("/product/<int:number>", f"/product/{PRODUCTS + what}", who),
    }[kind]


def send(connection, visit):
    headers = {}
    if visit.form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    if visit.customer:
        headers["Cookie"] = f"customer={visit.customer}"
    connection.request(visit.method, visit.path, body=visit.form, headers=headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


class Crowd:
    """Threads that take the next visit of one list when its time has come."""

    def __init__(self, port, per_second, wanted):
        self.port = port
        self.per_second = per_second
        self.numbered = enumerate(wanted)
        self.lock = threading.Lock()
        self.counts = collections.defaultdict(collections.Counter)
        self.late_s = 0.0
        self.unanswered = []

    def take(self):
        with self.lock:
            return next(self.numbered, (None, None))

    def walk(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        for number, visit in iter(self.take, (None, None)):
            turn = self.begin + number / self.per_second
            time.sleep(max(0, turn - time.monotonic()))
            late = time.monotonic() - turn
            try:
                status = send(connection, visit)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                status = "none"
                self.unanswered.append(f"{visit.method} {visit.path}: {error!r}")
            with self.lock:
                self.counts[visit.endpoint][str(status)] += 1
                self.late_s = max(self.late_s, late)

    def run(self, threads):
        self.begin = time.monotonic()
        walkers = [threading.Thread(target=self.walk) for _ in range(threads)]
        for walker in walkers:
            walker.start()
        for walker in walkers:
            walker.join()
        self.seconds = time.monotonic() - self.begin


def main():
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--port", type=int, required=True)
    options.add_argument("--requests", type=int, default=1500)
    options.add_argument("--per-second", type=float, default=200)
    options.add_argument("--threads", type=int, default=6)
    options.add_argument("--seed", type=int, default=1)
    options = options.parse_args()
    wanted = itertools.islice(visits(random.Random(options.seed)), options.requests)
    crowd = Crowd(options.port, options.per_second, wanted)
    crowd.run(options.threads)
    print(
        json.dumps(
            {
                "requests": sum(sum(statuses.values()) for statuses in crowd.counts.values()),
                "unanswered": len(crowd.unanswered),
                "seconds": round(crowd.seconds, 3),
                "latest_s": round(crowd.late_s, 3),
                "endpoints": {name: dict(crowd.counts[name]) for name in sorted(crowd.counts)},
            }
        )
    )
    for line in crowd.unanswered[:5]:
        print("visitors: no answer to " + line, file=sys.stderr)
    sys.exit(1 if crowd.unanswered else 0)


if __name__ == "__main__":
    main()
