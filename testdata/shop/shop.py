# SPDX-License-Identifier: GPL-3.0-or-later
"""A small shop in Flask: catalogue, search, cart, checkout, a JSON API, an export and an
async view.

create_app("1.0", ...) and create_app("1.1", ...) are two releases of it. It knows nothing
of the recorder; wsgi.py binds that.
"""
import asyncio
import csv
import decimal
import importlib
import io

from flask import Blueprint, Flask, Response, abort, jsonify, redirect, render_template, request

from database import CATEGORIES, Database

RELEASES = {"1.0": "release_1_0", "1.1": "release_1_1"}
LOYALTY = decimal.Decimal("0.97")

pages = Blueprint("pages", __name__)
api = Blueprint("api", __name__, url_prefix="/api")


def customer():
    """Who is logged in, or 0."""
    return request.cookies.get("customer", default=0, type=int)


def create_app(version, database_path):
    shop = Flask(__name__)
    shop.database = Database(database_path)
    shop.release = importlib.import_module(RELEASES[version]).Release(shop.database)
    for blueprint in (pages, api):
        # View functions find the shop through the blueprint: one app a process.
        blueprint.shop = shop
        shop.register_blueprint(blueprint)
    return shop


def product_or_404(number):
    query = "SELECT * FROM product WHERE id = ?"
    return pages.shop.database.row(query, number) or abort(404)


# --- pages ----------------------------------------------------------------------------


@pages.get("/")
def home():
    query = "SELECT id, name, price_cents FROM product ORDER BY sold DESC LIMIT 12"
    best = pages.shop.database.rows(query)
    return render_template("home.html", products=best, categories=CATEGORIES)


@pages.get("/catalogue/<category>")
def catalogue(category):
    if category not in CATEGORIES:
        abort(404)
    products = pages.shop.release.catalogue(category)
    return render_template("catalogue.html", category=category, products=products)


@pages.get("/product/<int:number>")
def product(number):
    found = product_or_404(number)
    also_bought = pages.shop.release.also_bought(number)
    return render_template("product.html", product=found, also_bought=also_bought)


@pages.get("/search")
def search():
    words = request.args.get("q", "").strip()
    if not words:
        abort(400)
    found, first = pages.shop.release.search(words)
    return render_template("search.html", words=words, found=found, products=first)


@pages.post("/login")
def login():
    answer = redirect("/")
    number = request.form.get("customer", type=int) or abort(400)
    answer.set_cookie("customer", str(number))
    return answer


# --- cart and checkout ------------------------------------------------------------------


def cart_lines(of):
    return pages.shop.database.rows(
        "SELECT p.id, p.name, p.price_cents, p.stock, c.quantity"
        " FROM cart_line c JOIN product p ON p.id = c.product"
        " WHERE c.customer = ? ORDER BY p.name",
        of,
    )


def cost(lines):
    """What each line costs after the customer's discount, and their sum."""
    costs = []
    for line in lines:
        price = decimal.Decimal(line["price_cents"]) / 100
        discount = LOYALTY if line["quantity"] < 10 else LOYALTY * LOYALTY
        cents = decimal.Decimal("0.01")
        costs.append((price * line["quantity"] * discount).quantize(cents))
    return costs, sum(costs, decimal.Decimal(0))


@pages.get("/cart")
def cart():
    if not customer():
        return redirect("/login")
    lines = cart_lines(customer())
    costs, total = cost(lines)
    return render_template("cart.html", lines=list(zip(lines, costs)), total=total)


@pages.post("/cart")
def add_to_cart():
    if not customer():
        abort(401)
    wanted = product_or_404(request.form.get("product", type=int))
    quantity = request.form.get("quantity", 1, type=int)
    pages.shop.database.connection().execute(
        "INSERT INTO cart_line VALUES (?,?,?,0)", (customer(), wanted["id"], quantity)
    )
    return redirect("/cart")


@pages.post("/checkout")
def checkout():
    if not customer():
        abort(401)
    lines = cart_lines(customer())
    if not lines:
        return "The cart is empty.", 409
    total = cost(lines)[1]
    base = pages.shop.database.connection()
    base.execute("BEGIN IMMEDIATE")
    base.execute(
        "INSERT INTO purchase (customer, lines, total_cents) VALUES (?,?,?)",
        (customer(), len(lines), int(total * 100)),
    )
    # A standing order stays in the cart for the next time.
    base.execute(
        "DELETE FROM cart_line WHERE customer = ? AND NOT standing", (customer(),)
    )
    base.execute("COMMIT")
    return render_template("bought.html", lines=lines, total=total), 201


@pages.get("/export/<category>.csv")
def export(category):
    """A category as CSV, sent while it is read."""

    def lines():
        text = io.StringIO()
        writer = csv.writer(text)
        rows = pages.shop.database.connection().execute(
            "SELECT * FROM product WHERE category = ?", (category,)
        )
        while some := rows.fetchmany(20):
            writer.writerows(tuple(row) for row in some)
            yield text.getvalue()
            text.seek(0)
            text.truncate()

    if category not in CATEGORIES:
        abort(404)
    return Response(lines(), mimetype="text/csv")


# --- for programs -----------------------------------------------------------------------


@api.get("/products/<int:number>")
def product_as_json(number):
    row = product_or_404(number)
    query = "SELECT stars, words FROM review WHERE product = ? LIMIT 50"
    reviews = [dict(review) for review in api.shop.database.rows(query, number)]
    return jsonify({**dict(row), "reviews": reviews})


@api.get("/stock/<int:number>")
def stock(number):
    """From the supplier's feed, of which some lines are cut short; nobody thought of
    that."""
    _, pieces, days = product_or_404(number)["supplier_line"].split(";")
    return {"stock": int(pieces), **api.shop.release.arrival(int(days))}


@api.get("/delivery/<int:number>")
async def delivery(number):
    """Asks three carriers at once. There is no network here: each answers after its own
    milliseconds."""

    async def ask(carrier, cents, after_ms):
        await asyncio.sleep(after_ms / 1000)
        return {"carrier": carrier, "cents": cents + number % 7 * 50}

    asked = ask("bike", 390, 2), ask("van", 590, 4), ask("post", 490, 3)
    offers = await asyncio.gather(*asked)
    return {"product": number, "offers": offers}
