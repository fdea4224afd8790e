#!/usr/bin/env python3
"""What failed in ctest's reports (JUnit), and the end of what it printed: failed_tests.py FILE..."""

import sys
from xml.etree import ElementTree

LINES = 40

for report in sys.argv[1:]:
    for case in ElementTree.parse(report).iter("testcase"):
        if case.get("status") == "fail":
            output = (case.findtext("system-out") or "").splitlines()
            print(f"\nfailed: {case.get('name')} ({report})", *output[-LINES:], sep="\n  ")
