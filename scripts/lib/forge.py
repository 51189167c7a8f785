#!/usr/bin/python3
"""Lines that accuse others, written by real daemons: sshd, nginx, postfix, dovecot, vsftpd.

    forge.py DIR [--only VECTOR …] [--quick]

Starts the daemons in namespaces of its own (it starts itself again inside), lets one attacker after another do a dozen
acts each, and leaves in DIR the logs (syslog, access, access-vhost, error, vsftpd) and attacks.json: who did what from
which address. Needs root.

Each attack is (vector, payload, mode). Modes: `fixed` accuses one victim again and again, `changing` another one in each
act; `plain` is the same attack without any address.
"""

import argparse
import itertools
import json
import os
import pathlib
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
WORKERS = 16
SLOW = ("ssh user, PAM", "smtp sasl", "imap user")  # dovecot answers a refused login every half a second
PAM_PAYLOADS = {"rhost", "rhost semicolon", "from port ssh2", "plain", "syslog line"}
QUICK = {"from port ssh2", "rhost", "brackets", "rip", "ftp", "ftp open", "access line", "error line", "own address too", "from port 6"}


def enter():
    """Starts this program again in new network, mount and process namespaces."""
    points = [line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    propagation = "private" if "/" in points else "unchanged"
    os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", propagation,
                          sys.executable, *sys.argv, "--inside"])


def victim(mode, attack, act):
    number = attack if mode == "fixed" else act
    return f"{'198.51.100' if mode == 'fixed' else '192.0.2'}.{1 + number % 250}"


class Source:
    """Each attack comes from an address of its own; every fifth from an IPv6 one."""

    def __init__(self):
        self.number = 0

    def next(self):
        self.number += 1
        n = self.number
        return f"2001:db8:a::{n:x}" if n % 5 == 0 else f"198.18.{1 + n // 250}.{1 + n % 250}"


def attacks(only, quick, thin):
    from forge_attacks import ONE_LINE, PAYLOADS, VECTORS
    sources, number, turn = Source(), 0, itertools.count()
    few = {vector: {list(PAYLOADS)[next(turn) * 7 % len(PAYLOADS)] for _ in range(2)} for vector in VECTORS}
    for vector, (act, log, count) in VECTORS.items():
        count = min(count, 13) if thin else count
        if only and vector not in only:
            continue
        for name, payload in [("plain", None), *PAYLOADS.items()]:
            if thin and name not in few[vector] and not (vector == "http path" and name.endswith(" line")):
                continue
            if vector == "ssh user, PAM" and name not in PAM_PAYLOADS or quick and payload and name not in QUICK:
                continue
            for mode in (("fixed", "changing") if not thin else ("changing",) if vector.startswith("smtp") else ("fixed",)):
                number += 1
                source = sources.next()
                if payload is None:
                    texts = [f"plain{i if mode == 'changing' else ''}" for i in range(count)]
                else:
                    texts = [payload(victim(mode, number, i), source, i) for i in range(count)]
                if vector in ONE_LINE:
                    texts = [" ".join(text.split()) for text in texts]
                yield {"id": number, "vector": vector, "payload": name, "mode": mode, "source": source, "log": log, "act": act, "texts": texts}
    if not only:
        # An attacker who rules the names of his addresses.
        for n in range(3):
            _, log, count = VECTORS["smtp sasl"]
            yield {"id": number + 1 + n, "vector": "smtp reverse name", "payload": "plain", "mode": "fixed", "source": f"198.18.200.{n + 1}", "log": log,
                   "act": VECTORS["smtp sasl"][0], "texts": ["plain"] * count}


def worker(waiting, done, errors):
    """Takes attack after attack; an attacker does one thing after the other, several attackers act at once."""
    while True:
        try:
            attack = waiting.get_nowait()
        except queue.Empty:
            return
        act, texts = attack.pop("act"), attack.pop("texts")
        for i, text in enumerate(texts):
            try:
                act(attack["source"], text, i)
            except Exception as error:  # pylint: disable=broad-except
                errors.append(f"{attack['vector']}, {attack['payload']}: {error!r}")
        attack["acts"] = len(texts)
        done.append(attack)


def forge(out, only, quick, thin):
    import forge_daemons
    folder = pathlib.Path(tempfile.mkdtemp(prefix="testudo-forge-"))
    done, errors = [], []
    try:
        with forge_daemons.Daemons(folder) as daemons:
            waiting = queue.Queue()
            for attack in sorted(attacks(only, quick, thin), key=lambda a: (a["vector"] not in SLOW, a["id"])):
                waiting.put(attack)
            threads = [threading.Thread(target=worker, args=(waiting, done, errors)) for _ in range(WORKERS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            time.sleep(0.5)  # the last lines are on their way
            out.mkdir(parents=True, exist_ok=True)
            for name, path in daemons.logs.items():
                shutil.copy(path, out / f"{name}.log")
    finally:
        subprocess.run(["umount", "--recursive", "--lazy", folder / "dev"], check=False, stderr=subprocess.DEVNULL)
        shutil.rmtree(folder, ignore_errors=True)
    done.sort(key=lambda a: a["id"])
    (out / "attacks.json").write_text(json.dumps(done))
    # An act that a daemon refuses by closing the connection is an act; a daemon that is gone would fail most of them.
    if len(errors) > sum(a["acts"] for a in done) // 20:
        raise SystemExit(f"{len(errors)} acts failed, among them: " + "; ".join(errors[:5]))
    print(f"{len(done)} attacks, {sum(a['acts'] for a in done)} acts, {len(errors)} without an answer")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", action="append")
    parser.add_argument("--quick", action="store_true", help="a few payloads")
    parser.add_argument("--thin", action="store_true", help="each vector with two payloads: the sample that tests keep")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if os.geteuid() != 0:
        raise SystemExit("namespaces need root")
    if not options.inside:
        enter()
    forge(options.folder.absolute(), options.only, options.quick, options.thin)


if __name__ == "__main__":
    main()
