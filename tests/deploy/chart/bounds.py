"""Holds the chart's bounds against the gateway's: bounds.py CHART GATEWAY CONFIG RENDER... <VALUES

CONFIG is a configuration that the gateway takes, made from VALUES; RENDER is the command that
renders the chart. Of each key of `config` with bounds (in values.schema.json or files/bounds.yaml)
four values are tried: the least, the greatest, and what is just beyond. Chart and gateway must
judge alike: both take the first two, both refuse the others, and the chart names the key.
"""

import copy
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import yaml

# What bounds other keys makes way for them.
ROOM = {"drain": {"timeout": "10m"}, "watch": {"min_poll_interval": "10ms", "max_poll_interval": "5m"}}
NEVER_TAKEN = {("drain.timeout", "1ms")}  # No request_timeout is shorter.

TIMES = {"ms": 1, "s": 1000, "m": 60000, "h": 3600000}
SIZES = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def beyond(amount, step):
    """The duration or size a millisecond or byte further on; None below zero."""
    number, unit = re.fullmatch(r"(\d+)([A-Za-z]*)", str(amount)).groups()
    moved = int(number) * (TIMES | SIZES)[unit] + step
    if moved < 0:
        return None
    return f"{moved}ms" if unit in TIMES else str(moved)


def numeric_bounds(schema, definitions, path=()):
    schema = definitions.get(schema.get("$ref", "").rpartition("/")[2], schema)
    for key, each in schema.get("properties", {}).items():
        yield from numeric_bounds(each, definitions, (*path, key))
    if schema.get("type") in ("integer", "number"):
        yield ".".join(path), schema["minimum"], schema["maximum"]


def cases(chart):
    """(key, value, whether it is within bounds)"""
    schema = json.loads((chart / "values.schema.json").read_text())
    for key, low, high in numeric_bounds(schema["properties"]["config"], schema["definitions"]):
        yield from ((key, low, True), (key, high, True), (key, low - 1, False), (key, high + 1, False))
    for key, (low, high) in yaml.safe_load((chart / "files/bounds.yaml").read_text()).items():
        yield from ((key, str(low), True), (key, str(high), True), (key, beyond(high, 1), False))
        if beyond(low, -1):
            yield key, beyond(low, -1), False


def changed(config, key, value):
    """A copy with room, and the key's new value."""
    config = copy.deepcopy(config)
    for section, values in ROOM.items():
        config.setdefault(section, {}).update(values)
    *path, last = key.split(".")
    section = config
    for name in path:
        section = section.setdefault(name, {})
    section[last] = value
    return config


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode == 0, done.stdout + done.stderr


def judge(render, gateway, config, values, directory):
    values_file, config_file = directory / "values.yaml", directory / "gateway.yaml"
    values_file.write_text(yaml.safe_dump(values))
    config_file.write_text(yaml.safe_dump(config))
    chart_takes, message = run(*render, "--values", str(values_file))
    gateway_takes, words = run(gateway, "--check-config", "--config", str(config_file))
    return chart_takes, gateway_takes, message, words


def main():
    chart, gateway, config_file, *render = sys.argv[1:]
    config = yaml.safe_load(pathlib.Path(config_file).read_text())
    values = yaml.safe_load(sys.stdin)
    wrong, tried = [], 0
    with tempfile.TemporaryDirectory() as directory:
        for key, value, within in cases(pathlib.Path(chart)):
            tried += 1
            within = within and (key, value) not in NEVER_TAKEN
            chart_takes, gateway_takes, message, words = judge(
                render,
                gateway,
                changed(config, key, value),
                {**values, "config": changed(values["config"], key, value)},
                pathlib.Path(directory),
            )
            named = key in message or "/config/" + key.replace(".", "/") in message
            if (chart_takes, gateway_takes) != (within, within) or not (within or named):
                verdict = "" if chart_takes else message[-300:]
                wrong.append(f"{key}: {value}\n  chart: {chart_takes} {verdict}\n  gateway: {words}")
    print("\n".join(wrong), f"{tried} values tried, {len(wrong)} judged wrong", sep="\n")
    sys.exit(bool(wrong) or tried < 150)  # Some 40 keys: fewer cases would mean that none were found.


main()
