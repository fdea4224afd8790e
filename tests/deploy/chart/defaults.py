"""Whether a chart's `config` has the gateway's defaults, as an example in its README has them:
defaults.py README VALUES

But for what the chart sets, and for auth.mode, which has no default there.
"""

import pathlib
import re
import sys

import yaml

FIRST_LINE = "listen: 127.0.0.1:50051"
OTHER = ("listen", "admin_listen", "auth.mode", "state.max_replicas")


def flat(section, path=()):
    for key, value in section.items():
        if isinstance(value, dict) and value:
            yield from flat(value, (*path, key))
        else:
            yield ".".join((*path, key)), value


def main():
    readme, values = map(pathlib.Path, sys.argv[1:])
    examples = re.findall(r"```yaml\n(.*?)```", readme.read_text(), re.S)
    example = next(each for each in examples if each.startswith(FIRST_LINE))
    gateway = dict(flat(yaml.safe_load(example)))
    chart = dict(flat(yaml.safe_load(values.read_text())["config"]))
    wrong = [
        f"{key}: values.yaml: {chart.get(key, 'missing')!r}, README: {gateway.get(key, 'missing')!r}"
        for key in sorted(gateway.keys() | chart.keys())
        if key not in OTHER and gateway.get(key, "missing") != chart.get(key, "missing")
    ]
    sys.exit("\n".join(wrong) or 0)


main()
