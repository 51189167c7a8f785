"""The engine: lines a second with the hub's content, what the whole hub adds, threads, memory, hostile lines; with peers.

Times are user time of the whole process (loading included, told apart for short inputs), memory is its peak. Every case
runs `testudo replay` on one core unless it says otherwise. Hub content comes from TESTUDO_HUB.
"""

import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

import common
import crowdsec
from common import BIN, REPO, Rows, run

sys.path.insert(0, str(REPO / "scripts/lib"))
import hostile  # noqa: E402  (families of expensive lines)

CORE = "0"
HUB = pathlib.Path(os.environ.get("TESTUDO_HUB", REPO.parent / "shared/crowdsec-hub"))
EVTX = HUB.parent / "evtx/sysmon.evtx"
SSH_HTTP = ["crowdsecurity/linux", "crowdsecurity/sshd", "crowdsecurity/nginx", "crowdsecurity/base-http-scenarios"]
HTTP = ["crowdsecurity/linux", "crowdsecurity/nginx", "crowdsecurity/base-http-scenarios"]


class Run:
    """One replay: user seconds, peak memory, summary, alerts as text."""

    def __init__(self, log, log_type, items=(), threads=1, extra=(), cores=CORE):
        command = ["taskset", "-c", cores, str(BIN / "testudo"), "replay", "--type", log_type, "--hub", str(HUB / "hub"),
                   "--data", str(HUB / "data"), "--now", "2026-06-01", "-o", "json"]
        for item in items:
            command += ["--item", item]
        if threads != 1:
            command += ["--threads", str(threads)]
        command += [*extra, str(log)]
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            child = subprocess.Popen(command, stdout=out, stderr=err)
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0), err.seek(0)
            self.alerts, errors = out.read(), err.read()
        if child.returncode != 0:
            raise RuntimeError("replay failed: " + errors[-400:])
        self.user = usage.ru_utime
        self.summary = json.loads([line for line in errors.splitlines() if line.startswith("{")][-1])
        # Not ru_maxrss: behind fork and exec that begins with what this bench holds itself.
        self.peak_mb = self.summary["peak_rss_bytes"] / (1 << 20)
        self.seconds = self.summary["seconds"]
        self.lines = self.summary["lines"]


def best(rounds, *args, **kwargs):
    """The round with the median user time."""
    runs = sorted((Run(*args, **kwargs) for _ in range(rounds)), key=lambda r: r.user)
    return runs[len(runs) // 2]


def generate(folder, name, script, *args):
    path = pathlib.Path(folder, name)
    with open(path, "w") as out:
        subprocess.run([sys.executable, REPO / "scripts/lib" / script, *map(str, args)], stdout=out, check=True)
    return path


def head(log, count):
    out = log.with_suffix(f".{count}")
    with open(log, errors="surrogateescape") as source, open(out, "w", errors="surrogateescape") as sink:
        for number, line in enumerate(source):
            if number == count:
                break
            sink.write(line)
    return out


def fail2ban_rate(log):
    done = subprocess.run(["taskset", "-c", CORE, "fail2ban-regex", log, "sshd"], capture_output=True, text=True)
    found = re.search(r"Lines: (\d+) lines, \d+ ignored, (\d+) matched.*?\[processed in ([\d.]+) sec\]", done.stdout, re.S)
    if not found or int(found[2]) == 0:
        raise RuntimeError("fail2ban-regex said nothing that is understood: " + (done.stderr or done.stdout)[-300:])
    return int(found[1]) / float(found[3])


def beside_crowdsec(rows, log, log_type, rate, goal, least):
    """Speed against CrowdSec on its first 8,000 lines, and whether both see the same attackers with the same items."""
    with crowdsec.Sandbox(crowdsec.items_of(crowdsec.SSH_HTTP, HUB), HUB) as sandbox:
        theirs = sandbox.replay(log, log_type, lines=8000)
        loaded = [item for item in sandbox.items if str(item) not in sandbox.left_out]
    names = [f"{item.parts[0]}:{item.parts[-2]}/{item.stem}" for item in loaded]
    ours = Run(head(log, 8000), log_type, names)
    mine = {(a["scenario"], a["value"]) for a in map(json.loads, ours.alerts.splitlines())}
    pairs = {(scenario, address) for scenario, address, _ in theirs.alerts}
    if not pairs:
        raise RuntimeError("CrowdSec raised no alert on the first 8,000 lines")
    for item, reason in theirs.left_out.items():
        print(f"   CrowdSec 1.4.6 does not load {item}: {reason}", file=sys.stderr)
    peer = theirs.lines / theirs.user_seconds
    rows.add(f"{log_type} beside CrowdSec 1.4.6 (its first 8,000 lines)", f"{rate:,.0f} lines/s", goal,
             rate / peer >= least, f"{peer:,.0f} lines/s", f"{rate / peer:,.0f}")
    rows.add("(scenario, address) on these 8,000 lines, same items", f"{len(mine)} pairs", "equal sets", mine == pairs,
             f"{len(pairs)} pairs", "equal" if mine == pairs else f"+{len(mine - pairs)} −{len(pairs - mine)}")


def sshd(rows, folder, options):
    with rows.case("sshd log"):
        log = generate(folder, "sshd.log", "loggen.py", "--lines", options.lines, "--attackers", 20000)
        mixed = best(options.rounds, log, "syslog", SSH_HTTP)
        rate = mixed.lines / mixed.user
        goal = "≥ 1,000,000 lines/s"
        rows.add(f"sshd-mix, {mixed.lines:,} lines, ssh + http content", f"{rate:,.0f} lines/s", goal, rate >= 1e6)

        plain_log = generate(folder, "plain.log", "loggen.py", "--lines", options.lines // 4, "--attackers", 20000, "--plain")
        quarter = best(options.rounds, head(log, options.lines // 4), "syslog", SSH_HTTP)
        plain = best(options.rounds, plain_log, "syslog", SSH_HTTP)
        ratio = (quarter.user / quarter.lines) / (plain.user / plain.lines)
        rows.add("one host, one kind of stamp, every line sshd's", f"{plain.lines / plain.user:,.0f} lines/s",
                 "mixed origin ≤ 2×", ratio <= 2, "sshd-mix", f"{ratio:.2f}")

        fail_log = generate(folder, "fail.log", "loggen.py", "--lines", options.lines // 4, "--attackers", 20000, "--plain",
                            "--failures")
        fails = best(options.rounds, fail_log, "syslog", SSH_HTTP)
        rows.add("lines that match and pour, each of them", f"{fails.user / fails.lines * 1e9:,.0f} ns/line", "told", True)

        few = head(log, options.lines // 5)
        ours = best(1, few, "syslog", SSH_HTTP)
        peer = fail2ban_rate(few)
        own = ours.lines / ours.user
        rows.add(f"the same, first {ours.lines:,} lines, beside fail2ban-regex", f"{own:,.0f} lines/s", "≥ 10×",
                 own / peer >= 10, f"fail2ban 1.0.2, sshd filter: {peer:,.0f} lines/s", f"{own / peer:.1f}")

    with rows.case("CrowdSec, sshd"):
        # Fewer attackers: of 20,000 nobody comes often enough within 8,000 lines.
        dense = generate(folder, "dense.log", "loggen.py", "--lines", 8000, "--attackers", 2000)
        beside_crowdsec(rows, dense, "syslog", rate, "≥ 500×", 500)

    with rows.case("threads"):
        one = best(options.rounds, log, "syslog", SSH_HTTP, threads=1, cores="0,1")
        two = best(options.rounds, log, "syslog", SSH_HTTP, threads=2, cores="0,1")
        ratio = one.seconds / two.seconds
        rows.add("2 threads", f"{two.lines / two.seconds:,.0f} lines/s", "≥ 1.8× one thread, identical alerts",
                 ratio >= 1.8 and one.alerts == two.alerts, f"1 thread: {one.lines / one.seconds:,.0f} lines/s",
                 f"{ratio:.2f}" + ("" if one.alerts == two.alerts else ", alerts DIFFER"))

    with rows.case("memory"):
        small = head(log, 1)
        idle = best(options.rounds, small, "syslog")
        rows.add("whole hub loaded, peak memory", f"{idle.peak_mb:.0f} MB", "≤ 60 MB", idle.peak_mb <= 60)
        rows.add("whole hub, load time (user)", f"{idle.user:.2f} s", "≤ 1 s", idle.user <= 1)
        full = Run(log, "syslog")
        rows.add(f"whole hub, after {full.lines:,} lines with 20,000 attackers, peak memory", f"{full.peak_mb:.0f} MB",
                 "≤ 160 MB", full.peak_mb <= 160)
        rows.add("sshd-mix, whole hub", f"{full.lines / (full.user - idle.user):,.0f} lines/s", "told", True,
                 "ssh + http content", f"{(full.user - idle.user) / mixed.user:.2f}")


def nginx(rows, folder, options):
    with rows.case("nginx log"):
        log = generate(folder, "nginx.log", "loggen.py", "--kind", "nginx", "--lines", options.lines // 2)
        some = best(options.rounds, log, "nginx", HTTP)
        rate = some.lines / some.user
        rows.add(f"nginx access log, {some.lines:,} lines, http content", f"{rate:,.0f} lines/s", "≥ 500,000 lines/s",
                 rate >= 5e5)
        whole = best(options.rounds, log, "nginx")
        load = best(1, head(log, 1), "nginx").user
        ratio = (whole.user - load) / some.user
        rows.add("the same, whole hub installed (loading apart)", f"{whole.lines / (whole.user - load):,.0f} lines/s",
                 "≤ 1.5× the time", ratio <= 1.5, "http content", f"{ratio:.2f}")
    with rows.case("CrowdSec, nginx"):
        beside_crowdsec(rows, log, "nginx", rate, "told", 0)


def sysmon(rows, folder, options):
    with rows.case("Sysmon"):
        log = generate(folder, "sysmon.log", "sysmon.py", EVTX, "--events", options.lines // 20)
        # Type syslog: with the whole hub, "non-syslog" would take the lines of any other type before Windows' parser.
        module = ("--module", "wineventlog")
        load = best(1, head(log, 1), "syslog", extra=module).user
        whole = best(options.rounds, log, "syslog", extra=module)
        rate = whole.lines / (whole.user - load)
        rows.add(f"Sysmon, {whole.lines:,} events, whole hub", f"{rate:,.0f} events/s", "≥ 50,000 events/s", rate >= 5e4)
        names = sorted(p.stem for p in (HUB / "hub/scenarios/sigmahq").iterdir())[:10]
        items = ["crowdsecurity/windows-logs", "crowdsecurity/sysmon-logs", "crowdsecurity/dateparse-enrich",
                 *("scenarios:sigmahq/" + n for n in names)]
        ten_load = best(1, head(log, 1), "syslog", items, extra=module).user
        ten = best(options.rounds, log, "syslog", items, extra=module)
        ratio = (whole.user - load) / (ten.user - ten_load)
        rows.add("the same beside 10 of the scenarios", f"{rate:,.0f} events/s", "≤ 3× the cost", ratio <= 3,
                 f"10 scenarios: {ten.lines / (ten.user - ten_load):,.0f} events/s", f"{ratio:.2f}")


def hostile_lines(rows, folder, options):
    with rows.case("hostile lines"):
        worst_rate, worst_us, slow, slowest = 1e18, 0.0, "", ""
        loads = {t: best(options.rounds, generate(folder, f"one-{t}", "hostile.py", f, "--length", 200, "--lines", 1), t).user
                 for t, f in (("syslog", "user"), ("nginx", "path"))}
        for family, (log_type, _) in sorted(hostile.FAMILIES.items()):
            for length in (100, 500, 1000, 4096, 16384, 65000):
                total = 8 << 20
                log = generate(folder, "hostile.log", "hostile.py", family, "--length", length, "--lines", total // length)
                done = Run(log, log_type)
                spent = max(done.user - loads[log_type], 1e-6)
                if length > 1000:
                    rate = log.stat().st_size / spent / 1e6
                    if rate < worst_rate:
                        worst_rate, slow = rate, f"{family}, {length} bytes"
                else:
                    each = spent / done.lines * 1e6
                    if each > worst_us:
                        worst_us, slowest = each, f"{family}, {length} bytes"
                print(f"   {family:10} {length:6} bytes: {spent / done.lines * 1e6:8.2f} us/line,"
                      f" {log.stat().st_size / spent / 1e6:7.1f} MB/s", file=sys.stderr)
        rows.add(f"hostile lines over 1 KB, whole hub, worst of {len(hostile.FAMILIES)} families ({slow})",
                 f"{worst_rate:.0f} MB/s", "≥ 50 MB/s", worst_rate >= 50)
        rows.add(f"hostile lines up to 1,000 bytes, worst ({slowest})", f"{worst_us:.1f} µs/line", "≤ 10 µs", worst_us <= 10)


def main():
    def extra(parser):
        parser.add_argument("--lines", type=int, default=1_000_000)
        parser.add_argument("--rounds", type=int, default=3)
        parser.add_argument("--only", choices=["sshd", "nginx", "sysmon", "hostile"])

    options = common.options(__doc__, extra)
    if not (HUB / "hub").is_dir():
        sys.exit(f"no hub content in {HUB}: set TESTUDO_HUB to the folder that holds hub/ and data/")
    rows = Rows(options.output == "json")
    with tempfile.TemporaryDirectory(prefix="testudo-bench-") as folder:
        for name, case in (("sshd", sshd), ("nginx", nginx), ("sysmon", sysmon), ("hostile", hostile_lines)):
            if options.only in (None, name):
                case(rows, folder, options)
    rows.finish()


main()
