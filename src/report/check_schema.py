#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds reports against report.schema.json: check_schema.py REPORT.json...

Strict about NaN and Infinity, which are no JSON but which Python would read.
"""
import json
import pathlib
import sys

import jsonschema

SCHEMA = json.loads(pathlib.Path(__file__).with_name("report.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def refuse(constant):
    raise ValueError(constant + " is no JSON")


def read(text):
    """A report; ValueError where it is no JSON or does not hold."""
    report = json.loads(text, parse_constant=refuse)
    found = jsonschema.exceptions.best_match(VALIDATOR.iter_errors(report))
    if found:
        raise ValueError(f"{found.json_path}: {found.message[-300:]}")
    return report


def main(names):
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    wrong = 0
    for name in names:
        try:
            read(pathlib.Path(name).read_text(encoding="utf-8"))
        except ValueError as error:
            print(f"{name}: {error}", file=sys.stderr)
            wrong += 1
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
