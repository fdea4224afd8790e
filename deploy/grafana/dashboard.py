#!/usr/bin/env python3
"""Prints Grafana's dashboard of what panels.py says; pcaps-gateway.json beside it is that."""

import json

from panels import ROWS, Panel

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
GRID_WIDTH = 24  # Grafana's columns.
HEIGHT, STAT_HEIGHT = 9, 4


def variable(name, label, all_value, source):
    """One that lists what is there; those before it narrow those behind it."""
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "query": f"label_values({source}, {name})",
        "definition": f"label_values({source}, {name})",
        "includeAll": True,
        "multi": True,
        "allValue": all_value,
        "refresh": 2,
        "sort": 1,
        "hide": 0,
        "current": {"selected": True, "text": "All", "value": "$__all"},
    }


def variables():
    return [
        {
            "name": "datasource",
            "label": "Data source",
            "type": "datasource",
            "query": "prometheus",
            "hide": 0,
            "refresh": 1,
            "current": {},
            "includeAll": False,
            "multi": False,
        },
        # Outside Kubernetes there is no namespace: nothing is all, too.
        variable("namespace", "Namespace", ".*", "pcaps_build_info"),
        variable("job", "Job", ".+", 'pcaps_build_info{namespace=~"$namespace"}'),
        variable(
            "instance", "Instance", ".+", 'pcaps_build_info{namespace=~"$namespace", job=~"$job"}'
        ),
        {
            "name": "runbook",
            "label": "Runbook at",
            "type": "textbox",
            "query": "README.md",
            "hide": 0,
            "current": {"selected": True, "text": "README.md", "value": "README.md"},
        },
    ]


def thresholds(panel: Panel):
    if panel.warn is None:
        return [{"color": "green", "value": None}]
    below, above = ("red", "green") if panel.low else ("green", "red")
    return [{"color": below, "value": None}, {"color": above, "value": panel.warn}]


def options(panel: Panel):
    if panel.stat:
        return {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": "value",
            "graphMode": "area",
            "justifyMode": "auto",
            "orientation": "auto",
            "textMode": "auto",
        }
    return {
        "legend": {
            "displayMode": "table",
            "placement": "bottom",
            "calcs": ["lastNotNull", "max"],
            "showLegend": True,
            "sortBy": "Last *",
            "sortDesc": True,
        },
        "tooltip": {"mode": "multi", "sort": "desc"},
    }


def drawn(panel: Panel):
    """How a graph is drawn; a line where it becomes red."""
    return {
        "drawStyle": "line",
        "lineWidth": 1,
        "fillOpacity": 10,
        "showPoints": "never",
        "spanNulls": False,
        "axisSoftMin": 0,
        "thresholdsStyle": {"mode": "off" if panel.warn is None else "line"},
    }


def panel_json(panel: Panel, number, place):
    defaults = {
        "unit": panel.unit,
        "min": 0,
        "thresholds": {"mode": "absolute", "steps": thresholds(panel)},
    }
    if not panel.stat:
        defaults["custom"] = drawn(panel)
    return {
        "id": number,
        "type": "stat" if panel.stat else "timeseries",
        "title": panel.title,
        "description": panel.description,
        "datasource": DATASOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": options(panel),
        "links": [
            {"title": f"Runbook: {name}", "url": f"${{runbook}}#{name.lower()}", "targetBlank": True}
            for name in panel.alerts
        ],
        "targets": [
            {"refId": chr(ord("A") + i), "datasource": DATASOURCE, "expr": expr, "legendFormat": legend}
            for i, (expr, legend) in enumerate(panel.targets)
        ],
    }


def panels():
    """Rows of two or three graphs, or of all numbers; from top to bottom."""
    made, y = [], 0
    for row, members in ROWS.items():
        made.append(
            {
                "id": len(made) + 1,
                "type": "row",
                "title": row,
                "collapsed": False,
                "panels": [],
                "gridPos": {"x": 0, "y": y, "w": GRID_WIDTH, "h": 1},
            }
        )
        y += 1
        height = STAT_HEIGHT if members[0].stat else HEIGHT
        abreast = len(members) if members[0].stat else 2 if len(members) in (2, 4) else 3
        for first in range(0, len(members), abreast):
            line = members[first : first + abreast]
            width = GRID_WIDTH // len(line)
            for i, panel in enumerate(line):
                place = {"x": i * width, "y": y, "w": width, "h": height}
                made.append(panel_json(panel, len(made) + 1, place))
            y += height
    return made


def dashboard():
    return {
        "uid": "pcaps-gateway",
        "title": "pcaps-gateway",
        "tags": ["pcaps-gateway"],
        "description": "Whether captures flow, and what spends the budget. By account: /statusz.",
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "timezone": "browser",
        "time": {"from": "now-3h", "to": "now"},
        "refresh": "30s",
        "annotations": {"list": []},
        "links": [
            {
                "title": "Runbook",
                "type": "link",
                "url": "${runbook}#runbook",
                "icon": "doc",
                "targetBlank": True,
                "asDropdown": False,
                "includeVars": False,
                "keepTime": False,
                "tags": [],
                "tooltip": "What to do",
            }
        ],
        "templating": {"list": variables()},
        "panels": panels(),
    }


if __name__ == "__main__":
    print(json.dumps(dashboard(), indent=1, ensure_ascii=False))
