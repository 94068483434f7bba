# SPDX-License-Identifier: GPL-3.0-or-later
"""Compares what the visitors counted with what a report counts.

    python3 compare.py told SENT.json               one line about one recording
    python3 compare.py counts REPORT.json SENT.json...    the same requests in both?
    python3 compare.py changes REPORT.json          did 1.1 do what README.md says?
    python3 compare.py verdicts REPORT.json         ... and do the verdicts say so?

Exits 1 with a line for each difference.
"""
import collections
import json
import sys


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def told(path):
    sent = load(path)
    statuses = collections.Counter()
    for counts in sent["endpoints"].values():
        statuses.update(counts)
    classes = ", ".join(f"{count} x {status}" for status, count in sorted(statuses.items()))
    print(f"{sent['requests']:,} requests in {sent['seconds']:.1f} s ({classes})")


def _sent_by_endpoint(paths):
    """endpoint -> [requests, 4xx, 5xx]"""
    totals = collections.defaultdict(lambda: [0, 0, 0])
    for path in paths:
        for endpoint, statuses in load(path)["endpoints"].items():
            for status, count in statuses.items():
                totals[endpoint][0] += count
                totals[endpoint][1] += count if status.startswith("4") else 0
                totals[endpoint][2] += count if status.startswith("5") else 0
    return dict(totals)


def _reported_by_endpoint(report):
    return {
        row["name"]: [row["requests"], row["errors"]["client_4xx"], row["errors"]["server_5xx"]]
        for row in report["endpoints"]
    }


def counts(report_path, *sent_paths):
    report, sent = load(report_path), _sent_by_endpoint(sent_paths)
    reported, recorder = _reported_by_endpoint(report), report["input"]["recorder"]
    wrong = [
        f"{name}: sent {sent.get(name)}, reported {reported.get(name)} (requests, 4xx, 5xx)"
        for name in sorted(sent.keys() | reported.keys())
        if sent.get(name) != reported.get(name)
    ]
    dropped = sum(recorder["dropped"].values())
    if dropped or recorder["issued"] != recorder["recorded"]:
        wrong.append(
            f"the recorder counts {recorder['issued']} issued, {recorder['recorded']} recorded,"
            f" {dropped} dropped"
        )
    total = sum(numbers[0] for numbers in sent.values())
    if not wrong:
        print(
            f"   {total:,} requests sent = {total:,} reported,"
            f" the same for each of {len(sent)} endpoints and class of status; 0 dropped"
        )
    return wrong


def _p50_ms(report, endpoint):
    """By version's name."""
    rows = next(row for row in report["endpoints"] if row["name"] == endpoint)["versions"]
    names = [version["name"] for version in report["versions"]]
    return {names[row["version"]]: row["quantiles"]["p50"]["value_ns"] / 1e6 for row in rows}


def changes(report_path):
    report, wrong = load(report_path), []
    for endpoint, word, least, most in (
        ("GET /catalogue/<category>", "slower", 1.2, 1000),
        ("GET /search", "faster", 0, 0.6),
        ("GET /product/<int:number>", "much the same at its median", 0.4, 2.5),
    ):
        p50 = _p50_ms(report, endpoint)
        ratio = p50["1.1"] / p50["1.0"]
        line = f"{endpoint}: p50 {p50['1.0']:.2f} ms in 1.0, {p50['1.1']:.2f} ms in 1.1"
        if least <= ratio <= most:
            print(f"   {line}: {word}")
        else:
            wrong.append(f"{line}: not {word}")
    return wrong


CATALOGUE, SEARCH = "GET /catalogue/<category>", "GET /search"
PRODUCT, STOCK = "GET /product/<int:number>", "GET /api/stock/<int:number>"


def verdicts(report_path):
    """Changed endpoints are told, in the right direction; a machine that is very busy may
    leave one of the three inconclusive, but never the other way. Of those that stayed the
    same one may be flagged by chance, which happens in one report of twenty."""
    (comparison,) = load(report_path)["regression"]["comparisons"]
    found = {row["name"]: row["metrics"] for row in comparison["endpoints"]}
    wrong, seen, flagged = [], 0, []
    for endpoint, metrics, word in (
        (CATALOGUE, ("p50", "p90"), "regressed"),
        (SEARCH, ("p50", "p90"), "improved"),
        (STOCK, ("5xx",), "regressed"),
    ):
        said = {found[endpoint][metric]["verdict"] for metric in metrics}
        seen += word in said
        print(f"   {endpoint}: {', '.join(sorted(said))} in {' and '.join(metrics)}")
        if said & ({"ok", "regressed", "improved"} - {word}):
            wrong.append(f"{endpoint}: {said}, not {word}")
    for endpoint in found.keys() - {CATALOGUE, SEARCH, PRODUCT, STOCK}:
        said = {finding["verdict"] for finding in found[endpoint].values()}
        flagged += [endpoint] * bool(said & {"regressed", "improved"})
    if seen < 2:
        wrong.append(f"only {seen} of 3 changes were seen")
    if len(flagged) > 1:
        wrong.append(f"unchanged, and flagged: {', '.join(flagged)}")
    return wrong


if __name__ == "__main__":
    commands = {"told": told, "counts": counts, "changes": changes, "verdicts": verdicts}
    differences = commands[sys.argv[1]](*sys.argv[2:]) or []
    for line in differences:
        print("compare: " + line, file=sys.stderr)
    sys.exit(1 if differences else 0)
