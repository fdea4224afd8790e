#!/usr/bin/env python3
"""Whether alerts, their tests, runbook and dashboard fit each other.

Each check is a function that yields what is wrong. Those that begin with `lint` ask what Grafana's
dashboard-linter asks; where that program is in PATH it is asked itself, too.
"""

import inspect
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]
TEST_FILES = sorted((REPO / "deploy/prometheus/tests").glob("*.yaml"))
ALERTS = (REPO / "deploy/prometheus/alerts.yaml").read_text()
TESTS = "".join(path.read_text() for path in TEST_FILES)
README = (REPO / "README.md").read_text()
DASHBOARD_FILE = REPO / "deploy/grafana/pcaps-gateway.json"
DASHBOARD = json.loads(DASHBOARD_FILE.read_text())

ALERT_NAMES = set(re.findall(r"- alert: (\w+)", ALERTS))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
TARGETS = [(panel["title"], target) for panel in PANELS for target in panel["targets"]]
VARIABLES = {each["name"]: each for each in DASHBOARD["templating"]["list"]}
# Of Grafana's units, those that we have a use for.
UNITS = {"short", "reqps", "cps", "ops", "percentunit", "s", "bytes", "Bps"}
SELECTOR = re.compile(r"([a-z_]+)\{([^}]*)\}(\[[^\]]*\])?")


def failure_of(*command):
    """What it printed, if it failed."""
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        yield result.stdout + result.stderr


def promtool_accepts_the_rules():
    yield from failure_of("promtool", "check", "rules", REPO / "deploy/prometheus/rules.yaml",
                          REPO / "deploy/prometheus/alerts.yaml")


def promtool_tests_of_the_rules_pass():
    for file in TEST_FILES:
        yield from failure_of("promtool", "test", "rules", file)


def each_alert_has_its_part_of_the_runbook():
    runbook = README.partition("\n## Runbook\n")[2].partition("\n## ")[0]
    parts = dict(re.findall(r"^### (\w+)\n(.*?)(?=^### |\Z)", runbook, re.M | re.S))
    for name in sorted(ALERT_NAMES ^ parts.keys()):
        yield f"{name} is only in {'the alerts' if name in ALERT_NAMES else 'the runbook'}"
    for name, text in parts.items():
        if len(text.split()) < 30:
            yield f"{name}: that helps nobody"


def each_alert_says_all_that_it_should():
    for text in ALERTS.split("- alert: ")[1:]:
        name = text.split("\n", 1)[0]
        for wanted in ("expr:", "severity: ", "annotations:"):
            if wanted not in text:
                yield f"{name} has no {wanted}"
    anchors = set(re.findall(r'runbook: "README\.md#(\w+)"', ALERTS))
    for name in sorted({name.lower() for name in ALERT_NAMES} ^ anchors):
        yield f"runbook of {name}: no link, or no alert"


def each_alert_is_tested_to_fire_and_not_to():
    for name in sorted(ALERT_NAMES):
        fires = rf"alertname: {name}\n +eval_time: \w+\n +exp_alerts:\n +- exp_labels"
        if not re.search(fires, TESTS):
            yield f"{name} never fires"
        if not re.search(rf"alertname: {name}, eval_time: \w+, exp_alerts: \[\]", TESTS):
            yield f"{name} is never silent"


def the_dashboard_is_what_its_program_prints():
    program = [sys.executable, "-B", REPO / "deploy/grafana/dashboard.py"]
    printed = subprocess.run(program, check=True, capture_output=True, text=True).stdout
    if printed != DASHBOARD_FILE.read_text():
        yield "run deploy/grafana/dashboard.py > deploy/grafana/pcaps-gateway.json"


def panels_link_to_the_runbook_of_each_alert():
    linked = {link["url"] for panel in PANELS for link in panel["links"]}
    for url in sorted(linked ^ {f"${{runbook}}#{name.lower()}" for name in ALERT_NAMES}):
        yield f"{url}: no such alert, or no panel shows it"


def panels_have_names_of_their_own_and_do_not_overlap():
    titles = [panel["title"] for panel in DASHBOARD["panels"]]
    yield from (f"twice: {title}" for title in set(titles) if titles.count(title) > 1)
    taken = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        for cell in ((x, y) for x in range(place["x"], place["x"] + place["w"])
                     for y in range(place["y"], place["y"] + place["h"])):
            if taken.setdefault(cell, panel["title"]) != panel["title"] or cell[0] >= 24:
                yield f"{panel['title']} covers {taken[cell]}, or the edge"
                break


def lint_each_query_is_promql():
    """promtool reads them as recording rules, with the variables' values in place."""
    rules = []
    for number, (title, target) in enumerate(TARGETS):
        expr = target["expr"].replace("$__rate_interval", "5m")
        rules.append({"record": f"panel:{number}", "expr": expr, "labels": {"panel": title}})
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:  # JSON is YAML.
        json.dump({"groups": [{"name": "panels", "rules": rules}]}, file)
        file.flush()
        yield from failure_of("promtool", "check", "rules", file.name)


def lint_each_query_chooses_job_and_instance():
    for title, target in TARGETS:
        selectors = SELECTOR.findall(target["expr"])
        if not selectors:
            yield f"{title}: {target['expr']} chooses nothing"
        for metric, matchers, _ in selectors:
            for name in ("namespace", "job", "instance"):
                if f'{name}=~"${name}"' not in matchers:
                    yield f"{title}: {metric} does not choose by {name}"


def lint_counters_are_rates_over_rate_interval():
    for title, target in TARGETS:
        for metric, _, window in SELECTOR.findall(target["expr"]):
            counts = re.search(r"_(total|bucket|count|sum)$", metric)
            if bool(counts) != bool(window):
                yield f"{title}: {metric} is {'a counter' if counts else 'none'}"
        for function, window in re.findall(r"(\w+)\([a-z_]+\{[^}]*\}\[([^\]]*)\]", target["expr"]):
            if (function, window) != ("rate", "$__rate_interval") and function != "increase":
                yield f"{title}: {function} over {window}"


def lint_panels_say_what_they_are():
    for panel in PANELS:
        if not panel["title"] or not panel["description"] or not panel["targets"]:
            yield f"{panel['title'] or panel['id']}: no title, description or query"
        if panel["datasource"]["uid"] != "${datasource}":
            yield f"{panel['title']}: not the chosen data source"
        if panel["fieldConfig"]["defaults"]["unit"] not in UNITS:
            yield f"{panel['title']}: unit {panel['fieldConfig']['defaults']['unit']}"
    yield from (f"{title}: no legend" for title, target in TARGETS if not target["legendFormat"])


def lint_variables_are_as_one_expects():
    source = VARIABLES["datasource"]
    if (source["query"], source["label"]) != ("prometheus", "Data source"):
        yield "datasource: not Prometheus, or another label"
    for name, all_value in (("namespace", ".*"), ("job", ".+"), ("instance", ".+")):
        each = VARIABLES[name]
        as_expected = {"type": "query", "label": name.title(), "multi": True, "allValue": all_value,
                       "includeAll": True, "refresh": 2, "datasource": PANELS[0]["datasource"]}
        for key in (key for key, value in as_expected.items() if each[key] != value):
            yield f"{name}: {key} is {each[key]}"
        if not re.fullmatch(rf"label_values\([a-z_]+(\{{[^}}]+\}})?, {name}\)", each["query"]):
            yield f"{name}: {each['query']}"
    if DASHBOARD["editable"]:
        yield "it can be edited where it is shown, and would be lost"


def lint_by_dashboard_linter():
    yield from failure_of("dashboard-linter", "lint", "--strict", DASHBOARD_FILE)


def main():
    checks = [each for each in globals().values() if inspect.isgeneratorfunction(each)]
    checks.remove(failure_of)
    if shutil.which("dashboard-linter") is None:
        checks.remove(lint_by_dashboard_linter)
        print("--   dashboard-linter is not in PATH: the checks below stand in for it")
    failed = 0
    for check in checks:
        problems = list(check())
        failed += bool(problems)
        print("FAIL" if problems else "ok  ", check.__name__.replace("_", " "))
        for problem in problems:
            print("    ", problem)
    print(f"{len(checks) - failed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
