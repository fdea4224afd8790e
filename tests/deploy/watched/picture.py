#!/usr/bin/env python3
"""Draws the dashboard's panels: picture.py PROMETHEUS_URL DASHBOARD BEGIN END FILE.png

Small multiples of the same queries, titles, units, legends and thresholds, in the dashboard's order
and shape. It is not Grafana, but shows what Grafana would be given.
"""

import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from drawn import lines, panels  # noqa: E402
from matplotlib.ticker import EngFormatter, FuncFormatter  # noqa: E402

GRID_WIDTH = 24  # Of the dashboard.
MOST_LEGENDS = 12  # The largest; those of lines at zero are left out.
PER_SECOND = {"reqps", "cps", "ops"}


def in_seconds(value):
    for unit, seconds in (("d", 86400), ("h", 3600), ("min", 60)):
        if value >= 2 * seconds:
            return f"{value / seconds:.3g} {unit}"
    return f"{value:.3g} s" if value >= 1 or value == 0 else f"{value * 1000:.3g} ms"


def formatter(unit):
    if unit == "percentunit":
        return FuncFormatter(lambda value, _: f"{value * 100:.3g}%")
    if unit == "s":
        return FuncFormatter(lambda value, _: in_seconds(value))
    if unit in ("bytes", "Bps"):
        return EngFormatter(unit="B" if unit == "bytes" else "B/s")
    return FuncFormatter(lambda value, _: f"{value:.4g}{'/s' if unit in PER_SECOND else ''}")


def threshold(panel):
    return next((step["value"] for step in panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
                 if step["value"] is not None), None)


def draw_number(axes, panel, found):
    shown = formatter(panel["fieldConfig"]["defaults"]["unit"])
    text = "\n".join(f"{line.legend}: {shown(line.points[-1][1])}" for line in found)
    axes.text(0.5, 0.5, text, ha="center", va="center", fontsize=12)
    axes.set_axis_off()


def draw_graph(axes, panel, found, begin, end):
    for line in sorted(found, key=lambda line: -max(value for _, value in line.points)):
        shown = axes.get_legend_handles_labels()[1]
        is_told = len(shown) < MOST_LEGENDS and any(value for _, value in line.points)
        label = line.legend if is_told else None
        # A point where there was no value for a while would be joined to the last one.
        x, y = [], []
        for time, value in line.points:
            if x and time - begin - x[-1] > 2:
                x.append(time - begin)
                y.append(float("nan"))
            x.append(time - begin)
            y.append(value)
        axes.plot(x, y, linewidth=1, label=label)
    limit = threshold(panel)
    if limit is not None:
        axes.axhline(limit, color="red", linewidth=0.7, linestyle="--")
    axes.set_xlim(0, end - begin)
    highest = max((value for line in found for _, value in line.points), default=0)
    axes.set_ylim(0, highest * 1.15 or 1)
    axes.yaxis.set_major_formatter(formatter(panel["fieldConfig"]["defaults"]["unit"]))
    axes.tick_params(labelsize=6)
    axes.grid(alpha=0.3)
    if axes.get_legend_handles_labels()[1]:
        axes.legend(fontsize=6, loc="upper left", bbox_to_anchor=(1, 1.03), frameon=False)


def main(url, dashboard, begin, end, file):
    begin, end = float(begin), float(end)
    shown = panels(dashboard)
    tops = sorted({panel["gridPos"]["y"] for panel in shown})
    height = 1 / len(tops)
    figure = plt.figure(figsize=(18, 2.5 * len(tops)))
    for panel in shown:
        place = panel["gridPos"]
        left, width = place["x"] / GRID_WIDTH, place["w"] / GRID_WIDTH
        bottom = 1 - (tops.index(place["y"]) + 1) * height
        # Room for titles above, for the numbers of the axes, and for legends on the right.
        legends = 0 if panel["type"] == "stat" else 0.105
        axes = figure.add_axes(
            (left + 0.025, bottom + 0.12 * height, width - legends - 0.03, 0.73 * height))
        axes.set_title(panel["title"], fontsize=8)
        found = lines(url, panel, begin, end)
        if panel["type"] == "stat":
            draw_number(axes, panel, found)
        else:
            draw_graph(axes, panel, found, begin, end)
    figure.savefig(file, dpi=80)


if __name__ == "__main__":
    main(*sys.argv[1:])
