#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Walks report.schema.json: numbers carry their unit in their name, nothing is left open, and
what the schema names, SCHEMA.md tells."""
import pathlib
import re
import sys

import check_schema

# What a number is whose name ends so; low and high ends of an interval are as the value.
UNITS = re.compile(r"_(ns|s|per_s|bytes|share|ratio)(_low|_high)?$")
# Numbers without a unit: counts of what they are named after ...
COUNTS = """
    requests requests_bad requests_beyond requests_deleted requests_left_out requests_measured
    requests_more_at_most requests_of requests_recovered requests_skipped requests_without_flight
    value_requests budget_requests beyond beyond_limits beyond_samples clamped_to_a_day undefined_endpoint errors
    client_4xx server_5xx aborted exceptions outliers outliers_of expected_outliers events_left_out
    samples samples_effective samples_rejected samples_truncated samples_unsupported unfinished_more
    blocks blocks_skipped bytes files traces processes runs clean_ends bad segments_deleted strings_lost
    issued recorded forked ring_full no_ring write_failed entries_dropped ticks ticks_late threads_max
    minor_faults major_faults block_reads block_writes voluntary_switches involuntary_switches
    units older_units newer_units older_runs newer_runs questions count
    damage torn left_ring duplicate clock other improved inconclusive insufficient ok regressed
    """.split()
# ... seconds, and indices into other arrays of the report, or what an operating system calls a thing ...
NAMED = "seconds version older newer last_version node parent line status process_id thread_id low high".split()
# ... and ratios, chances and the like, and gauges in whatever unit the application has.
PURE = """
    value alpha min_effect least_effect lift relative times_fence apdex explained_by_groups explained_by_groups_error
    standard_error degrees_of_freedom p p_better p_worse q q_better q_worse p50 p90 p95 p99 p99.9
    min max mean last
    """.split()


def resolved(node):
    while "$ref" in node:
        name = node["$ref"].removeprefix("#/$defs/")
        node = check_schema.SCHEMA["$defs"][name]
    return node


def is_number(node):
    """Or an array of numbers, or one of several of which one is a number."""
    node = resolved(node)
    kinds = node.get("type", [])
    if {"number", "integer"} & {kinds, *kinds} if isinstance(kinds, str) else {"number", "integer"} & set(kinds):
        return True
    inner = [*node.get("anyOf", []), *node.get("oneOf", [])]
    if isinstance(node.get("items"), dict):
        inner.append(node["items"])
    return any(is_number(each) for each in inner)


def objects(node):
    """All that has properties, wherever it stands."""
    if isinstance(node, dict):
        if "properties" in node:
            yield node
        for each in node.values():
            yield from objects(each)
    elif isinstance(node, list):
        for each in node:
            yield from objects(each)


def numbers():
    return {
        name
        for node in objects(check_schema.SCHEMA)
        for name, of in node["properties"].items()
        if is_number(of)
    }


def every_number_has_a_unit_in_its_name_or_needs_none():
    plain = {name for name in numbers() if not UNITS.search(name)}
    return plain - {*COUNTS, *NAMED, *PURE}


def no_name_without_a_unit_is_kept_that_the_schema_has_not():
    return {*COUNTS, *NAMED, *PURE} - numbers()


def objects_have_the_fields_that_they_name_and_no_others():
    return [
        sorted(node["properties"])
        for node in objects(check_schema.SCHEMA)
        if node.get("additionalProperties") is not False or set(node["required"]) != set(node["properties"])
    ]


def every_field_at_the_top_is_told():
    told = pathlib.Path(check_schema.__file__).with_name("SCHEMA.md").read_text()
    return [name for name in check_schema.SCHEMA["properties"] if f"`{name}" not in told and f"## {name.capitalize()}\n" not in told]


TESTS = (
    every_number_has_a_unit_in_its_name_or_needs_none,
    no_name_without_a_unit_is_kept_that_the_schema_has_not,
    objects_have_the_fields_that_they_name_and_no_others,
    every_field_at_the_top_is_told,
)


def main():
    print(f"1..{len(TESTS)}")
    failed = 0
    for number, test in enumerate(TESTS, 1):
        wrong = test()
        failed += bool(wrong)
        print(f"{'not ' if wrong else ''}ok {number} - {test.__name__.replace('_', ' ')}")
        for each in wrong:
            print(f"# {each}")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
