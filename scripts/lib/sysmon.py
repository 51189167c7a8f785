#!/usr/bin/env python3
"""Writes Sysmon events as XML, one a line, for benchmarks: real events of an .evtx file, repeated and varied.

    sysmon.py EVTX [--events N] [--seed N] > FILE

Process numbers, GUIDs, times, computers and the arguments of command lines change from event to event, so that no cache of
whole texts helps; one event in twenty runs a command that administrators and intruders share. Needs evtxexport
(libevtx-utils).
"""

import argparse
import random
import re
import subprocess
import sys

COMMANDS = [
    r"C:\Windows\System32\svchost.exe -k netsvcs -p -s Schedule",
    r"powershell.exe -NoProfile -ExecutionPolicy Bypass -File C:\ops\inventory.ps1",
    r"cmd.exe /c net user deploy /domain",
    r"C:\Windows\System32\certutil.exe -hashfile C:\tmp\setup.msi SHA256",
    r"reg.exe query HKLM\Software\Microsoft\Windows\CurrentVersion\Run",
    r"rundll32.exe shell32.dll,Control_RunDLL desk.cpl",
    r"whoami /all",
    r"schtasks.exe /query /fo LIST",
    r"C:\Program Files\Git\bin\git.exe fetch --prune origin",
    r'"C:\Program Files\Mozilla Firefox\firefox.exe" -contentproc --channel=4',
]


def events_of(path):
    """Each event of the file on one line."""
    text = subprocess.run(["evtxexport", "-f", "xml", path], capture_output=True, text=True, errors="replace").stdout
    found = re.findall(r"<Event .*?</Event>", text, re.S)
    if not found:
        sys.exit(f"no events in {path}; is evtxexport (libevtx-utils) installed?")
    return [re.sub(r">\s+<", "><", one.replace("\n", " ")) for one in found]


def vary(event, rng, number):
    event = re.sub(r"(<EventRecordID>)\d+", rf"\g<1>{number}", event)
    event = re.sub(r'(Name="(?:Parent)?ProcessId">)\d+', lambda m: m[1] + str(rng.randrange(4, 60000)), event)
    event = re.sub(r"-0000-0010[0-9A-F]{8}", lambda m: f"-0000-0010{rng.getrandbits(32):08X}", event)
    event = re.sub(r"<Computer>[^<]*", f"<Computer>WS-{rng.randrange(500):03d}", event)
    event = re.sub(r"T(\d\d):(\d\d):(\d\d)\.",
                   lambda m: f"T{m[1]}:{rng.randrange(60):02d}:{rng.randrange(60):02d}.", event, count=1)
    extra = f" --run {rng.getrandbits(40):x}"
    if rng.random() < 0.05:
        command = rng.choice(COMMANDS).replace("&", "&amp;").replace('"', "&quot;")
        return re.sub(r'(Name="CommandLine">)[^<]*', lambda m: m[1] + command + extra, event)
    return re.sub(r'(Name="CommandLine">[^<]*)', lambda m: m[1] + extra, event)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("evtx")
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    # Process creations only: they are what the 522 scenarios ask for.
    events = [e for e in events_of(options.evtx) if "<EventID>1</EventID>" in e]
    for number in range(options.events):
        sys.stdout.write(vary(events[number % len(events)], rng, number) + "\n")


if __name__ == "__main__":
    main()
