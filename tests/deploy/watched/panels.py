#!/usr/bin/env python3
"""Prints what each panel of the dashboard showed: panels.py PROMETHEUS_URL DASHBOARD BEGIN END

A line `panel|series|min|max` for each series; exits 1 where a query brought nothing, or nothing but
zeros though its cause was provoked.
"""

import sys

from drawn import lines, panels

# What this run does not provoke: it would take a reader of standard error that has stopped for
# minutes; tests/unit/service/telemetry does it.
MAY_BE_ZERO = {"Log lines lost"}


def problems_of(panel, found):
    for number, target in enumerate(panel["targets"]):
        values = [value for line in found if line.target == number for _, value in line.points]
        if not values:
            yield f"{panel['title']}: empty: {target['expr']}"
        elif not any(values) and panel["title"] not in MAY_BE_ZERO:
            yield f"{panel['title']}: flat at zero: {target['expr']}"


def main(url, dashboard, begin, end):
    problems = []
    print("panel|series|min|max")
    for panel in panels(dashboard):
        found = lines(url, panel, begin, end)
        for line in found:
            values = [value for _, value in line.points]
            print(f"{panel['title']}|{line.legend}|{min(values):.6g}|{max(values):.6g}")
        problems += problems_of(panel, found)
    for problem in problems:
        print(f"FAIL {problem}")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
