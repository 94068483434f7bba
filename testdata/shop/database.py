# SPDX-License-Identifier: GPL-3.0-or-later
"""The shop's data: a SQLite file, the same for the same seed.

    python3 database.py shop.db [SEED]

3,000 products in 24 categories, their reviews, 60,000 past orders, and carts that wait.
Customer 4711 is a school whose standing order has 2,000 lines.
"""
import collections
import random
import sqlite3
import sys
import threading

PRODUCTS = 3000
ORDERS = 60000
REVIEWS = 30000
CUSTOMERS = 2000
SCHOOL = 4711
SCHOOL_LINES = 2000

ROOMS = "kitchen bath garden office attic workshop".split()
KINDS = "tools light storage textile".split()
CATEGORIES = [f"{room}-{kind}" for room in ROOMS for kind in KINDS]
MATERIALS = "oak steel linen glass cork wool brass bamboo clay copper slate felt".split()
THINGS = "lamp bowl shelf basket hook brush tray stool rug kettle clock vase board box rack".split()
WORDS = (
    "sturdy folding round light dark washable handmade stackable compact tall soft warm "
    "simple quiet polished woven hanging portable classic modern everyday guest winter "
    "summer small large deep narrow repairable recycled waterproof magnetic adjustable "
    "wall floor table corner door window bench"
).split()

SCHEMA = """
CREATE TABLE product (id INTEGER PRIMARY KEY, category TEXT, name TEXT,
                      description TEXT, price_cents INTEGER, stock INTEGER,
                      sold INTEGER, supplier_line TEXT);
CREATE TABLE review (product INTEGER, stars INTEGER, words TEXT);
CREATE TABLE order_line (order_id INTEGER, product INTEGER);
CREATE TABLE also_bought (product INTEGER, other INTEGER, times INTEGER);
CREATE TABLE cart_line (customer INTEGER, product INTEGER, quantity INTEGER, standing INTEGER);
CREATE TABLE purchase (id INTEGER PRIMARY KEY, customer INTEGER, lines INTEGER,
                       total_cents INTEGER);
CREATE VIRTUAL TABLE product_words
    USING fts5(name, description, content=product, content_rowid=id);
"""
INDEXES = """
CREATE INDEX product_of_category ON product (category, sold);
CREATE INDEX review_of_product ON review (product);
CREATE INDEX line_of_order ON order_line (order_id);
CREATE INDEX also_bought_of ON also_bought (product, times);
CREATE INDEX cart_of_customer ON cart_line (customer);
CREATE INDEX product_sold ON product (sold);
INSERT INTO product_words (product_words) VALUES ('rebuild');
"""


def popular(chance, count):
    """A number from 1 to count: nearly always one of the first 100."""
    if chance.random() < 0.08:
        return chance.randrange(1, count + 1)
    return 1 + int(100 * chance.random() ** 2)


def _products(chance, sold):
    for number in range(1, PRODUCTS + 1):
        name = f"{chance.choice(WORDS)} {chance.choice(MATERIALS)} {chance.choice(THINGS)}"
        description = " ".join(chance.choices(WORDS, k=100))
        stock = chance.randrange(0, 200)
        # One in forty lines of the suppliers' feed is cut short.
        feed = f"{number};{stock};{chance.randrange(2, 20)}" if number % 40 else f"{number};"
        price = chance.randrange(300, 30000)
        category = chance.choice(CATEGORIES)
        yield number, category, name, description, price, stock, sold[number], feed


def _reviews(chance):
    for _ in range(REVIEWS):
        yield popular(chance, PRODUCTS), chance.randrange(1, 6), chance.choice(WORDS)


def _order_lines(chance):
    for order in range(1, ORDERS + 1):
        for _ in range(chance.randrange(1, 6)):
            yield order, popular(chance, PRODUCTS)


def _carts(chance):
    for customer in range(1, CUSTOMERS + 1):
        for _ in range(chance.randrange(0, 9)):
            yield customer, popular(chance, PRODUCTS), chance.randrange(1, 4), 0
    for line in range(SCHOOL_LINES):
        yield SCHOOL, 1 + line % PRODUCTS, 1 + line % 30, 1


def build(path, seed=2026):
    chance = random.Random(seed)
    base = sqlite3.connect(path)
    base.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;" + SCHEMA)
    lines = list(_order_lines(chance))
    sold = collections.Counter(product for _, product in lines)
    products = _products(chance, sold)
    base.executemany("INSERT INTO product VALUES (?,?,?,?,?,?,?,?)", products)
    base.executemany("INSERT INTO order_line VALUES (?,?)", lines)
    base.executemany("INSERT INTO review VALUES (?,?,?)", _reviews(chance))
    base.executemany("INSERT INTO cart_line VALUES (?,?,?,?)", _carts(chance))
    base.executescript(INDEXES)
    base.execute(
        "INSERT INTO also_bought SELECT a.product, b.product, count(*)"
        " FROM order_line a JOIN order_line b"
        " ON b.order_id = a.order_id AND b.product <> a.product"
        " GROUP BY 1, 2 HAVING count(*) > 1"
    )
    base.commit()
    base.execute("ANALYZE")
    base.close()


class Database:
    """One connection a thread, as sqlite3 wants it."""

    def __init__(self, path):
        self.path = path
        self.of_thread = threading.local()

    def connection(self):
        base = getattr(self.of_thread, "base", None)
        if base is None:
            base = sqlite3.connect(self.path, timeout=10, isolation_level=None)
            base.row_factory = sqlite3.Row
            base.execute("PRAGMA synchronous=OFF")
            self.of_thread.base = base
        return base

    def rows(self, query, *values):
        return self.connection().execute(query, values).fetchall()

    def row(self, query, *values):
        return self.connection().execute(query, values).fetchone()


if __name__ == "__main__":
    build(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 2026)
