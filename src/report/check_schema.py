#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds reports against report.schema.json: check_schema.py REPORT.json...

Strict about NaN and Infinity, which are no JSON but which Python would read.
"""
import json
import pathlib
import sys

import jsonschema


def refuse(constant):
    raise ValueError(constant + " is no JSON")


schema = json.loads(pathlib.Path(__file__).with_name("report.schema.json").read_text())
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
wrong = 0
for name in sys.argv[1:]:
    report = json.loads(pathlib.Path(name).read_text(encoding="utf-8"), parse_constant=refuse)
    for error in validator.iter_errors(report):
        print(f"{name}: {error.json_path}: {error.message}", file=sys.stderr)
        wrong += 1
sys.exit(wrong > 0)
