#!/usr/bin/env python3
"""Copies rule files into a directory, with less patience: shorten.py DIRECTORY FILE...

Windows ([5m]) become 30 times shorter and what an alert waits (`for`) 180 times, so that minutes
show what takes days. Nothing else changes: expressions, thresholds and labels are the real ones.
The names of recorded series keep saying rate5m.
"""

import re
import sys
from pathlib import Path

WINDOW, WAIT = 30, 180
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def shorter(number, unit, divisor):
    """In milliseconds, since a minute's 180th part is not a whole second."""
    return f"{int(number) * SECONDS[unit] * 1000 // divisor}ms"


def shorten(text):
    text = re.sub(r"\[(\d+)([smhd])\]", lambda m: f"[{shorter(m[1], m[2], WINDOW)}]", text)
    return re.sub(r"\bfor: (\d+)([smhd])\b", lambda m: f"for: {shorter(m[1], m[2], WAIT)}", text)


for name in sys.argv[2:]:
    (Path(sys.argv[1]) / Path(name).name).write_text(shorten(Path(name).read_text()))
