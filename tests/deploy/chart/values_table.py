"""The table of a chart's values, made from values.yaml and its comments:
values_table.py VALUES README [--update]

Without --update it says whether README has that table between its two markers; the exit code is 1
where it has not.
"""

import argparse
import pathlib
import re
import sys

BEGIN, END = "<!-- values.yaml, by values_table.py: begin -->", "<!-- end -->"
KEY = re.compile(r"^(?P<indent> *)(?P<key>[A-Za-z_]+):(?P<rest>.*)$")


def split_comment(text):
    """The value and the comment behind it; a # within quotes begins none."""
    quoted = False
    for i, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif character == "#" and not quoted and text[i - 1] == " ":
            return text[:i].strip(), text[i + 1 :].strip()
    return text.strip(), ""


def rows(text):
    """(path, value, comment) of each key; a section has no value."""
    path, above = [], []
    for line in text.splitlines():
        found = KEY.match(line)
        if line.strip().startswith("#"):
            above.append(line.strip().lstrip("# "))
            continue
        if found:
            depth = len(found["indent"]) // 2
            path[depth:] = [found["key"]]
            value, comment = split_comment(found["rest"])
            yield ".".join(path), value, " ".join([*above, comment]).strip()
        elif line.strip():
            sys.exit(f"values.yaml: give this value in one line: {line}")
        above = []


def table(text):
    lines = ["| key | default | |", "|---|---|---|"]
    explained = set()  # Keys that have a comment, or are in a section that has one.
    for path, value, comment in rows(text):
        if not value and not comment:
            continue
        if comment or path.rpartition(".")[0] in explained:
            explained.add(path)
        elif value:
            sys.exit(f"values.yaml: {path} has no comment")
        cells = [f"`{path}`", f"`{value}`" if value else "", comment]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("values", type=pathlib.Path)
    parser.add_argument("readme", type=pathlib.Path)
    parser.add_argument("--update", action="store_true")
    options = parser.parse_args()

    old = options.readme.read_text()
    before, _, rest = old.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        sys.exit(f"{options.readme} lacks the markers {BEGIN} and {END}")
    new = f"{before}{BEGIN}\n\n{table(options.values.read_text())}\n\n{END}{after}"
    if options.update:
        options.readme.write_text(new)
    elif new != old:
        sys.exit(f"{options.readme} has another table than {options.values} makes")


main()
