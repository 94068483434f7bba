# SPDX-License-Identifier: GPL-3.0-or-later
"""The four places of the shop that release 1.1 changes, as they are in 1.0."""


class Release:
    version = "1.0"

    def __init__(self, database):
        self.database = database

    def catalogue(self, category):
        """The best sellers of a category with their stars: one query."""
        return self.database.rows(
            "SELECT p.id, p.name, p.price_cents, p.stock,"
            " count(r.stars) AS reviews, avg(r.stars) AS stars"
            " FROM product p LEFT JOIN review r ON r.product = p.id"
            " WHERE p.id IN (SELECT id FROM product WHERE category = ?"
            "                ORDER BY sold DESC LIMIT 24)"
            " GROUP BY p.id ORDER BY p.sold DESC",
            category,
        )

    def search(self, words):
        """Reads every product's text."""
        like = f"%{words}%"
        found = self.database.row(
            "SELECT count(*) FROM product WHERE name LIKE ? OR description LIKE ?",
            like,
            like,
        )[0]
        first = self.database.rows(
            "SELECT id, name, price_cents FROM product"
            " WHERE name LIKE ? OR description LIKE ? ORDER BY sold DESC LIMIT 20",
            like,
            like,
        )
        return found, first

    def also_bought(self, product):
        """From a table that a nightly job fills."""
        return self.database.rows(
            "SELECT id, name FROM also_bought JOIN product ON id = other"
            " WHERE product = ? ORDER BY times DESC, id LIMIT 6",
            product,
        )

    def arrival(self, days):
        """When new stock comes."""
        return {"days": days}
