"""Counts what scripts/test ran, names what failed or was skipped, and ends with `N passed, N failed`.

Argument: a folder with ctest.xml (ctest --output-junit), gtest/*.json (one report for each test program) and
extra (lines `pass NAME` or `fail NAME`). Exit status 1 when anything failed.
"""

import json
import pathlib
import sys
import xml.etree.ElementTree as ET

folder = pathlib.Path(sys.argv[1])
passed, failed, skipped = 0, [], []

for case in ET.parse(folder / "ctest.xml").getroot().iter("testcase"):
    name, status = case.get("name"), case.get("status")
    broken = status == "fail"
    if status in ("notrun", "disabled"):
        skip = case.find("skipped")
        failed.append(f"{name}: did not run ({skip.get('message') if skip is not None else status})")
        continue
    report = folder / "gtest" / f"test_{name}.json"
    before = len(failed)
    if report.exists():
        try:
            suites = json.loads(report.read_text())["testsuites"]
        except ValueError:
            suites, broken = [], True
        for suite in suites:
            for test in suite["testsuite"]:
                title = f"{name}: {suite['name']}.{test['name']}"
                if test.get("failures"):
                    failed.append(title)
                elif test.get("result") == "SKIPPED":
                    reason = " ".join(s.get("message", "").split("\n", 1)[-1].strip() for s in test.get("skipped", []))
                    skipped.append(f"{title} ({reason})" if reason else title)
                elif test.get("status") == "RUN":
                    passed += 1
    elif not broken:
        passed += 1
    # A crash, a time-out or a report that was never written: the program itself is what failed.
    if broken and len(failed) == before:
        failed.append(f"{name}: crashed, timed out or failed outside a test")

extra = folder / "extra"
for line in extra.read_text().splitlines() if extra.exists() else []:
    verdict, name = line.split(" ", 1)
    if verdict == "pass":
        passed += 1
    else:
        failed.append(name)

for title in skipped:
    print("skipped:", title)
for title in failed:
    print("FAILED:", title)
if skipped:
    print(f"{len(skipped)} skipped")
print(f"{passed} passed, {len(failed)} failed")
sys.exit(1 if failed or passed == 0 else 0)
