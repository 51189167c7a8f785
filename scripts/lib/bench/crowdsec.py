#!/usr/bin/env python3
"""Replays a log through Debian's CrowdSec 1.4.6 with items of the hub: the peer of our own replay.

Each run has a folder of its own (configuration, data, database) and a network namespace of its own, in which agent and
local API speak over loopback: without the API this version refuses to start. Nothing is sent to anybody.

1.4.6 is older than the hub's items. `labels:` are reduced to what it reads as text (service, type, remediation) and
cache hints of data files are taken away; an item that it refuses all the same is taken in the version that Debian's
package ships, if it has one, and else left out: `Sandbox.replaced`, `Sandbox.left_out`. Nothing else is changed.

    crowdsec.py LOG --type syslog [--lines 8000] [--collection sshd …]
"""

import argparse
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SHIPPED = pathlib.Path("/usr/share/crowdsec/hub")
HUB = pathlib.Path(os.environ.get("TESTUDO_HUB", pathlib.Path(__file__).resolve().parents[4] / "shared/crowdsec-hub"))
KINDS = ("parsers", "scenarios", "postoverflows")
ALWAYS = ("syslog-logs", "dateparse-enrich")
SSH_HTTP = ("sshd", "nginx")
ALERT = re.compile(r"(?:Ip|Range|AS) (\S+) performed '([^']+)' \((\d+) events")
KEPT_LABELS = re.compile(r"\s+(service|type|remediation)\s*:\s*\S")
CACHE_HINT = re.compile(r"\s+(strategy|size|ttl|cache)\s*:\s*\S")
REFUSED = re.compile(r"([\w.-]+/[\w.-]+\.ya?ml)")

Result = collections.namedtuple("Result", "alerts user_seconds system_seconds peak_mb lines left_out")


def _lists(text):
    """The name lists of a collection: {parsers: [author/name, …], …}. Enough YAML for these flat files."""
    out, key = collections.defaultdict(list), None
    for line in text.splitlines():
        if re.match(r"\w", line):
            key = line.split(":")[0]
        elif found := re.match(r"\s+- (\S+)", line):
            out[key].append(found[1])
    return out


def _named(hub, kind, name):
    author, base = name.split("/")
    pattern = f"{kind}/*/{author}/{base}.yaml" if kind in ("parsers", "postoverflows") else f"{kind}/{author}/{base}.yaml"
    return sorted((hub / "hub").glob(pattern))


def items_of(collections_wanted, hub=HUB, also=ALWAYS):
    """Hub files, relative to the hub, of the collections (by base name) and what these include; sorted, each once."""
    files, waiting, seen = set(), [f"crowdsecurity/{name}" for name in collections_wanted], set()
    for name in also:
        files.update((hub / "hub").glob(f"parsers/*/crowdsecurity/{name}.yaml"))
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        for path in _named(hub, "collections", name):
            lists = _lists(path.read_text())
            waiting += lists["collections"]
            for kind in KINDS:
                for item in lists[kind]:
                    files.update(_named(hub, kind, item))
    return sorted(f.relative_to(hub / "hub") for f in files)


def _readable(text):
    """The item without what 1.4.6 refuses and what changes no result: lists among `labels:`, cache hints of `data:`."""
    out, inside = [], ""
    for line in text.splitlines(keepends=True):
        if re.match(r"(labels|data)\s*:\s*$", line):
            inside = line.split(":")[0]
        elif inside and re.match(r"[^\s#-]|---", line):
            inside = ""
        elif inside == "labels" and not KEPT_LABELS.match(line) or inside == "data" and CACHE_HINT.match(line):
            continue
        out.append(line)
    return "".join(out)


class Sandbox:
    """A configuration of CrowdSec in a folder of its own, holding `items` (hub-relative paths) as far as it loads them."""

    def __init__(self, items, hub=HUB):
        self.hub, self.items, self.left_out, self.replaced = hub, list(items), {}, []

    def __enter__(self):
        if not shutil.which("crowdsec"):
            raise RuntimeError("crowdsec is not installed: scripts/packages.txt, section peers")
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="testudo-crowdsec-"))
        try:
            self._prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _prepare(self):
        self.config = self.dir / "config.yaml"
        (self.dir / "etc").mkdir()
        (self.dir / "hub").mkdir()
        (self.dir / "hub/.index.json").write_text(json.dumps({kind: {} for kind in (*KINDS, "collections")}))
        (self.dir / "etc/acquis.yaml").write_text(f"filenames: [{self.dir}/nothing.log]\nlabels: {{type: syslog}}\n")
        (self.dir / "nothing.log").touch()
        (self.dir / "etc/simulation.yaml").write_text("simulation: off\n")
        # Alerts are read from the log; decisions would only cost it time.
        (self.dir / "etc/profiles.yaml").write_text("name: none\nfilters:\n - 'false'\ndecisions: []\n")
        shutil.copytree("/etc/crowdsec/patterns", self.dir / "etc/patterns")
        shutil.copytree(self.hub / "data", self.dir / "data")
        for path in (self.dir / "data").rglob("*"):
            path.chmod(0o644)
        (self.dir / "data").chmod(0o755)
        self.config.write_text(
            f"common: {{daemonize: false, log_media: stdout, log_level: info, working_dir: {self.dir}}}\n"
            f"config_paths: {{config_dir: {self.dir}/etc, data_dir: {self.dir}/data, simulation_path: {self.dir}/etc/simulation.yaml,"
            f" hub_dir: {self.dir}/hub, index_path: {self.dir}/hub/.index.json}}\n"
            "cscli: {hub_branch: master}\n"
            f"crowdsec_service: {{acquisition_path: {self.dir}/etc/acquis.yaml, parser_routines: 1}}\n"
            f"db_config: {{type: sqlite, db_path: {self.dir}/data/crowdsec.db, use_wal: true, flush: {{}}}}\n"
            f"api: {{client: {{credentials_path: {self.dir}/etc/cred.yaml}}, server: {{listen_uri: \"127.0.0.1:8080\","
            f" profiles_path: {self.dir}/etc/profiles.yaml, log_level: error}}}}\n"
            "prometheus: {enabled: false}\n")
        for item in self.items:
            target = self._place(item)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_readable((self.hub / "hub" / item).read_text()))
        self._command(["cscli", "-c", self.config, "machines", "add", "bench", "--password", "bench", "--force",
                       "-f", self.dir / "etc/cred.yaml", "-u", "http://127.0.0.1:8080"], check=True)
        self._drop_refused()

    def __exit__(self, *_):
        shutil.rmtree(self.dir, ignore_errors=True)

    def _place(self, item):
        # /etc/crowdsec/parsers/STAGE/NAME.yaml: the author's folder is not kept, so that it becomes part of the name.
        parts = item.parts
        return self.dir / "etc" / pathlib.Path(*parts[:-2]) / f"{parts[-2]}-{parts[-1]}"

    def _command(self, command, check=False):
        quoted = " ".join(f"'{c}'" for c in command)
        done = subprocess.run(["unshare", "--net", "sh", "-c", f"ip link set lo up && exec {quoted}"],
                              capture_output=True, text=True, errors="replace",
                              env=dict(os.environ, TMPDIR=str(self.dir)))
        if check and done.returncode != 0:
            raise RuntimeError(f"{command[0]} ended with {done.returncode}: {(done.stderr + done.stdout)[-600:]}")
        return done

    def _drop_refused(self):
        """Asks `crowdsec -t` until it is content, and moves away what it names."""
        while True:
            done = self._command(["crowdsec", "-c", self.config, "-t"])
            if done.returncode == 0:
                return
            said = done.stdout + done.stderr
            fatal = [line for line in said.splitlines() if "level=fatal" in line or "level=error" in line]
            refused = next((item for item in self.items if str(item) not in self.left_out and any(
                self._place(item).name in line for line in fatal)), None)
            if refused is None:
                raise RuntimeError("crowdsec -t refuses something unknown: " + "\n".join((fatal or said.splitlines())[-5:]))
            self._place(refused).unlink()
            if refused not in self.replaced and (SHIPPED / refused).exists():
                self.replaced.append(refused)
                shutil.copy(SHIPPED / refused, self._place(refused))
                continue
            reason = next(line for line in fatal if self._place(refused).name in line)
            self.left_out[str(refused)] = reason.split("msg=", 1)[-1][:300]

    def replay(self, log, kind="syslog", lines=None):
        """One-shot: alerts as [(scenario, address, events)], in order, and what the process used (children included)."""
        source = pathlib.Path(log)
        if lines is not None:
            source = self.dir / "head.log"
            with open(log, "rb") as whole, open(source, "wb") as out:
                for _, line in zip(range(lines), whole):
                    out.write(line)
        count = sum(1 for _ in open(source, "rb"))
        with open(self.dir / "out", "w+", errors="replace") as out:
            child = subprocess.Popen(
                ["unshare", "--net", "sh", "-c", "ip link set lo up && exec crowdsec \"$@\"", "sh", "-c", str(self.config),
                 "-type", kind, "-dsn", f"file://{source.resolve()}", "-no-capi"], stdout=out, stderr=out,
                env=dict(os.environ, TMPDIR=str(self.dir)))
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            said = out.read()
        if child.returncode != 0:
            raise RuntimeError(f"crowdsec ended with {child.returncode}: " + said[-600:])
        alerts = [(found[2], found[1], int(found[3])) for found in ALERT.finditer(said)]
        return Result(alerts, usage.ru_utime, usage.ru_stime, usage.ru_maxrss / 1024, count, dict(self.left_out))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log")
    parser.add_argument("--type", default="syslog")
    parser.add_argument("--lines", type=int, help="only the first N lines")
    parser.add_argument("--collection", action="append", help="base name of a hub collection; default: sshd, nginx")
    parser.add_argument("--unique", action="store_true", help="each (scenario, address) once, sorted")
    parser.add_argument("-o", dest="output", choices=["human", "json"], default="human")
    options = parser.parse_args()
    with Sandbox(items_of(options.collection or SSH_HTTP)) as sandbox:
        result = sandbox.replay(options.log, options.type, options.lines)
    if options.output == "json":
        print(json.dumps(result._asdict(), indent=1))
        return
    pairs = [(scenario, address) for scenario, address, _ in result.alerts]
    for scenario, address in sorted(set(pairs)) if options.unique else pairs:
        print(scenario, address)
    for item in sandbox.replaced:
        print(f"as Debian ships it: {item}", file=sys.stderr)
    for item, reason in result.left_out.items():
        print(f"left out: {item}: {reason}", file=sys.stderr)
    print(f"{result.lines} lines, {len(pairs)} alerts, user {result.user_seconds:.2f} s, system {result.system_seconds:.2f} s, "
          f"peak {result.peak_mb:.0f} MB, {result.lines / max(result.user_seconds, 1e-9):.0f} lines per second of user time",
          file=sys.stderr)


if __name__ == "__main__":
    main()
