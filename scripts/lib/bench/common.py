"""What the benchmarks share: rows, the table, two namespaces with a cable, a daemon in one of them."""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

REPO = pathlib.Path(__file__).resolve().parents[3]
BIN = REPO / "build/release/bin"
BENCH_BIN = REPO / "build/bench/bin"
KEYS = ("case", "ours", "peer", "ratio", "goal", "met")


class Rows:
    """Collects rows; a case that raises becomes a row that says why, and the exit status 1."""

    def __init__(self, as_json):
        self.rows, self.failed, self.as_json = [], False, as_json

    def add(self, case, ours, goal, met, peer="", ratio=""):
        self.rows.append(dict(zip(KEYS, (case, ours, peer, ratio, goal, met))))

    @contextlib.contextmanager
    def case(self, name):
        print(f"-- {name}", file=sys.stderr)
        try:
            yield
        except Exception as error:  # pylint: disable=broad-except
            self.failed = True
            print(f"{name}: {error}", file=sys.stderr)
            self.add(name, f"failed: {str(error).splitlines()[0] if str(error) else type(error).__name__}", "", False)

    def finish(self):
        if self.as_json:
            print(json.dumps(self.rows, indent=1))
        else:
            text = [[("yes" if r[k] else "NO") if k == "met" else str(r[k]) for k in KEYS] for r in self.rows]
            widths = [max(len(k), *(len(t[i]) for t in text)) for i, k in enumerate(KEYS)]
            for line in [list(KEYS), *text]:
                print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
        sys.exit(1 if self.failed else 0)


def options(description, extra=lambda parser: None):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("-o", dest="output", choices=["human", "json"], default="human")
    extra(parser)
    return parser.parse_args()


def run(command, **kwargs):
    """Runs to the end; a failure carries the last lines of what it said."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **kwargs)
    if done.returncode != 0:
        tail = "\n".join((done.stderr or done.stdout).splitlines()[-15:])
        raise RuntimeError(f"{pathlib.Path(str(command[0])).name} ended with {done.returncode}: {tail}")
    return done


def _propagation():
    """As mount_propagation in scripts/lib/common.sh."""
    points = [line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    return "private" if "/" in points else "unchanged"


def _die_with_parent():
    import ctypes
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Pair:
    """Two network namespaces joined by veth: `guard` (guard0, 198.18.0.1/15) and `attack` (attack0, 198.18.0.2/15).
    Each lives as long as a sleeping process of ours."""

    def __enter__(self):
        if os.geteuid() != 0:
            raise RuntimeError("namespaces need root: sudo scripts/bench")
        own = os.readlink("/proc/self/ns/net")
        self.sleepers = []
        for _ in range(2):
            sleeper = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], preexec_fn=_die_with_parent)
            self.sleepers.append(sleeper)
            for _ in range(200):
                if os.readlink(f"/proc/{sleeper.pid}/ns/net") != own:
                    break
                time.sleep(0.01)
        self.guard_ns, self.attack_ns = (f"/proc/{s.pid}/ns/net" for s in self.sleepers)
        self.guard("ip", "link", "add", "guard0", "type", "veth", "peer", "name", "attack0", "netns",
                   str(self.sleepers[1].pid))
        for side, device, address in ((self.guard, "guard0", "198.18.0.1/15"), (self.attack, "attack0", "198.18.0.2/15")):
            side("ip", "addr", "add", address, "dev", device)
            side("ip", "link", "set", "lo", "up")
            side("ip", "link", "set", device, "up")
        self.attack("ping", "-n", "-c", "1", "-W", "2", "198.18.0.1")
        return self

    def guard(self, *command):
        return run(["nsenter", f"--net={self.guard_ns}", "--", *command])

    def attack(self, *command):
        return run(["nsenter", f"--net={self.attack_ns}", "--", *command])

    def __exit__(self, *_):
        for sleeper in self.sleepers:
            sleeper.kill()
            sleeper.wait()


class Daemon:
    """testudod in the guarded namespace with the shipped content, watching `self.log`; everything it keeps is in a
    temporary folder. Its pins lie on a BPF file system of their own, in a mount namespace that ends with it."""

    def __init__(self, pair):
        self.pair = pair

    def __enter__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="testudo-bench-"))
        for folder in ("bpf", "run", "state/data"):
            (self.dir / folder).mkdir(parents=True)
        self.log = self.dir / "auth.log"
        self.log.touch()
        self.config = self.dir / "testudo.yaml"
        self.config.write_text(
            f"paths: {{state: {self.dir}/state, run: {self.dir}/run, data: {self.dir}/state/data,"
            f" content: [{REPO}/config/content]}}\n"
            f"acquire: {{files: [], sources: [{{filenames: [{self.log}], labels: {{type: syslog}}}}]}}\n"
            f"detect: {{}}\nprofiles: [{REPO}/config/profiles.yaml]\n"
            f"api: {{socket: {self.dir}/run/api.sock, listen: \"127.0.0.1:8080\"}}\n"
            f"enforce: {{interfaces: [guard0], mode: auto, pin: {self.dir}/bpf/testudo, max_entries: 65536}}\n"
            f"metrics: {{listen: \"127.0.0.1:6060\"}}\n")
        self.errors = open(self.dir / "testudod.log", "w+")
        # `exec` all the way: the process we started is testudod itself.
        script = f'mount -t bpf bpf "{self.dir}/bpf" && exec "{BIN}/testudod" --config "{self.config}"'
        self.process = subprocess.Popen(
            ["nsenter", f"--net={self.pair.guard_ns}", "--", "unshare", "--mount", "--propagation", _propagation(), "sh", "-c", script],
            stdout=subprocess.DEVNULL, stderr=self.errors, preexec_fn=_die_with_parent)
        for _ in range(400):
            if self.process.poll() is not None:
                raise RuntimeError("testudod ended while starting:\n" + self.tail())
            if (self.dir / "run/api.sock").exists() and self.metrics():
                return self
            time.sleep(0.025)
        raise RuntimeError("testudod was not ready after 10 s:\n" + self.tail())

    def metrics(self):
        done = subprocess.run(["nsenter", f"--net={self.pair.guard_ns}", "--", "curl", "-fsS", "--max-time", "3",
                               "http://127.0.0.1:6060/metrics"], capture_output=True, text=True)
        return done.stdout if done.returncode == 0 else ""

    def tail(self):
        self.errors.flush()
        return "\n".join((self.dir / "testudod.log").read_text(errors="replace").splitlines()[-15:])

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.errors.close()
        shutil.rmtree(self.dir, ignore_errors=True)
