"""What the dashboard's panels would draw, asked of a Prometheus over HTTP."""

import json
import math
import re
import urllib.parse
import urllib.request
from dataclasses import dataclass

RATE_INTERVAL = "10s"  # Grafana's $__rate_interval: some scrapes of one second each.


@dataclass
class Line:
    target: int  # Which query of the panel.
    legend: str
    points: list[tuple[float, float]]  # Unix time and value, where there is one.


def ask(url, path, **parameters):
    # No proxy: it is on this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{url}/api/v1/{path}?{urllib.parse.urlencode(parameters)}") as answer:
        return json.load(answer)["data"]["result"]


def legend(template, labels):
    return re.sub(r"\{\{(\w+)\}\}", lambda m: labels.get(m[1], ""), template)


def lines(url, panel, begin, end):
    """All lines of a panel from begin to end, a point each second."""
    found = []
    for number, target in enumerate(panel["targets"]):
        expr = target["expr"].replace("$__rate_interval", RATE_INTERVAL)
        expr = re.sub(r"\$(namespace|job|instance)\b", ".*", expr)
        for series in ask(url, "query_range", query=expr, start=begin, end=end, step=1):
            points = [(float(time), float(value)) for time, value in series["values"]]
            points = [point for point in points if math.isfinite(point[1])]
            if points:
                name = legend(target["legendFormat"], series["metric"])
                found.append(Line(number, name, points))
    return found


def panels(dashboard):
    with open(dashboard) as file:
        return [each for each in json.load(file)["panels"] if each["type"] != "row"]
