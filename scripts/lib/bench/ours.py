"""Our own replay as benchmarks of verdicts need it: which scenario would ban whom."""

import collections
import ipaddress
import json
import os
import pathlib
import subprocess
import tempfile

from common import BIN, REPO

Alert = collections.namedtuple("Alert", "scenario address events bans ambiguous line")


def replay(log, kind, now, content=REPO / "config/content", items=(), hub=None, testudo=None):
    """All alerts of one log. `bans`: the scenario asks for a remedy and the alert rests on lines that are witnesses."""
    with tempfile.TemporaryDirectory() as folder:
        config = pathlib.Path(folder, "testudo.yaml")
        config.write_text(f"paths: {{state: {folder}, run: {folder}, data: {folder}, content: [{content}]}}\n")
        command = [testudo or os.environ.get("TESTUDO") or BIN / "testudo", "--config", config, "replay", "--type", kind, "--now", now, "-o", "json"]
        if hub:
            command += ["--hub", hub / "hub", "--data", hub / "data"]
        for item in items:
            command += ["--item", item]
        done = subprocess.run([str(c) for c in (*command, log)], capture_output=True, text=True, errors="replace")
    if done.returncode != 0:
        raise RuntimeError(f"testudo replay {log} ended with {done.returncode}: {done.stderr[-400:]}")
    summary = json.loads(next(line for line in reversed(done.stderr.splitlines()) if line.startswith("{")))
    if summary["parsed"] == 0:
        raise RuntimeError(f"testudo understood no line of {log}: {done.stderr[-400:]}")
    alerts = []
    for line in done.stdout.splitlines():
        row = json.loads(line)
        ambiguous = row.get("ambiguous", False)
        alerts.append(Alert(row["scenario"], row["value"], row["events_count"],
                            row.get("remediation", True) and not ambiguous and row["scope"] in ("Ip", "Range"), ambiguous, row.get("line", 0)))
    return alerts, summary


def members(value, known):
    """Those of the `known` addresses that a ban of `value` hits: itself, or all in its network (an IPv6 /64)."""
    if "/" not in value:
        return {value} & known
    network = ipaddress.ip_network(value, strict=False)
    return {a for a in known if ipaddress.ip_address(a).version == network.version and ipaddress.ip_address(a) in network}


def hub_items(collections_wanted):
    return [f"collections:crowdsecurity/{name}" for name in collections_wanted] + [
        "parsers:crowdsecurity/syslog-logs", "parsers:crowdsecurity/dateparse-enrich"]
