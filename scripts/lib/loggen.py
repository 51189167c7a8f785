#!/usr/bin/env python3
"""Writes a log for benchmarks: the same seed gives the same bytes.

    loggen.py [--kind sshd|nginx] [--lines N] [--seed N] [--attackers N] [--stamps classic|iso|mixed] [--session] [--plain] [--failures] > FILE

Several hosts write it. Time stamps are classic ("Feb  3 10:00:01") and ISO 8601 in turn, host by host. A tenth of the
lines has shapes that no parser knows: other programs, broken headers, binary noise; another part is sshd's own talk
that is no failure. Attackers differ in temper: a few guess fast, many come by once.
"""

import argparse
import datetime
import random
import sys

HOSTS = ["web1", "web2", "mail", "db-01", "gw.example.org", "build7"]
USERS = ["root", "admin", "oracle", "test", "git", "ubuntu", "postgres", "pi", "deploy", "www-data", "ftpuser", "backup"]
PEOPLE = ["alice", "bob", "carol", "dave"]
PATHS = ["/", "/index.html", "/blog/2026/02/", "/css/site.css", "/img/logo.png", "/api/v1/items?page=2", "/shop/cart"]
PROBES = ["/.env", "/wp-login.php", "/.git/config", "/admin/", "/phpmyadmin/", "/old/backup.zip"]
SCANS = ["/.env.#", "/wp-content/plugins/p#/readme.txt", "/backup#.sql", "/.git/config?#", "/admin#/", "/index.php?id=#%27+union+select+1",
         "/../../../../etc/passwd?#", "/cgi-bin/test#.cgi", "/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php?#", "/a#.php"]
SCANNERS = ["Mozilla/5.0 zgrab/0.x", "Mozilla/5.00 (Nikto/2.1.6)", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36",
            "python-requests/2.31.0"]
AGENTS = ["Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "curl/7.88.1", "-"]


def attacker_addresses(rng, count):
    """Documentation and benchmark ranges only; one in ten is IPv6."""
    out = []
    for i in range(count):
        if rng.random() < 0.1:
            out.append(f"2001:db8:{rng.randrange(65536):x}:{rng.randrange(65536):x}::{i + 1:x}")
        else:
            out.append(f"198.{18 + rng.randrange(2)}.{rng.randrange(256)}.{1 + rng.randrange(254)}")
    return out


def sshd_message(rng, ip, failures=False):
    user, port = rng.choice(USERS), rng.randrange(1024, 65536)
    kind = rng.random() * (0.38 if failures else 1)
    if kind < 0.38:
        return f"Failed password for {user} from {ip} port {port} ssh2"
    if kind < 0.52:
        return f"Failed password for invalid user {user} from {ip} port {port} ssh2"
    if kind < 0.64:
        return f"Invalid user {user} from {ip} port {port}"
    if kind < 0.74:
        return f"Connection closed by authenticating user {user} {ip} port {port} [preauth]"
    if kind < 0.80:
        return f"Disconnected from invalid user {user} {ip} port {port} [preauth]"
    if kind < 0.84:
        return f"Unable to negotiate with {ip} port {port}: no matching host key type found. Their offer: ssh-rsa,ssh-dss [preauth]"
    if kind < 0.88:
        return f"banner exchange: Connection from {ip} port {port}: invalid format"
    if kind < 0.93:
        return f"Received disconnect from {ip} port {port}:11: Bye Bye [preauth]"
    if kind < 0.97:
        person = rng.choice(PEOPLE)
        return f"Accepted publickey for {person} from 192.0.2.{rng.randrange(1, 255)} port {port} ssh2: ED25519 SHA256:{rng.getrandbits(256):043x}"
    return f"pam_unix(sshd:session): session opened for user {rng.choice(PEOPLE)}(uid=1000) by (uid=0)"


def unknown_line(rng, stamp, host):
    """What no parser knows: a whole line."""
    kind = rng.randrange(6)
    if kind == 0:
        return f"{stamp} {host} CRON[{rng.randrange(1, 32768)}]: (root) CMD (test -x /usr/sbin/anacron)"
    if kind == 1:
        return f"{stamp} {host} kernel: [{rng.random() * 1e6:.6f}] eth0: link becomes ready"
    if kind == 2:
        return f"{stamp} {host} systemd[1]: Started session-{rng.randrange(10000)}.scope - Session of user {rng.choice(PEOPLE)}."
    if kind == 3:
        return f"-- {rng.getrandbits(128):032x} --"
    if kind == 4:
        return f"{stamp} {host} postfix/smtpd[{rng.randrange(1, 32768)}]: connect from unknown[198.51.100.{rng.randrange(256)}]"
    return "".join(chr(rng.randrange(33, 127)) for _ in range(rng.randrange(20, 200)))


def nginx_line(rng, when, ip, scan=False):
    stamp = when.strftime("%d/%b/%Y:%H:%M:%S +0000")
    if scan:
        path, status = rng.choice(SCANS).replace("#", str(rng.randrange(100_000))), rng.choice([404, 404, 403, 400])
        return f'{ip} - - [{stamp}] "GET {path} HTTP/1.1" {status} {rng.randrange(100, 900)} "-" "{rng.choice(SCANNERS)}"'
    if rng.random() < 0.3:
        path, status = f"{rng.choice(PROBES)}?{rng.randrange(1000)}", rng.choice([404, 403])
    else:
        path, status = rng.choice(PATHS), rng.choice([200, 200, 200, 304, 404])
    return f'{ip} - - [{stamp}] "GET {path} HTTP/1.1" {status} {rng.randrange(100, 50000)} "-" "{rng.choice(AGENTS)}"'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=["sshd", "nginx"], default="sshd")
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--attackers", type=int, default=5_000)
    parser.add_argument("--stamps", choices=["classic", "iso", "mixed"], default="mixed")
    parser.add_argument("--session", action="store_true", help="a third of the hosts runs OpenSSH 9.8 (sshd-session)")
    parser.add_argument("--plain", action="store_true", help="one host, classic stamps, no line of unknown shape")
    parser.add_argument("--failures", action="store_true", help="sshd: failed passwords only")
    options = parser.parse_args()
    if options.plain:
        options.stamps = "classic"

    rng = random.Random(options.seed)
    attackers = attacker_addresses(rng, options.attackers)
    busy = attackers[: max(1, len(attackers) // 50)]
    when = datetime.datetime(2026, 2, 3, 0, 0, 0, tzinfo=datetime.timezone.utc)
    out = []
    scanner, left = "", 0  # nginx: a scan is a burst of one address among the others' lines
    for _ in range(options.lines):
        when += datetime.timedelta(milliseconds=rng.randrange(400))
        host = 0 if options.plain else rng.randrange(len(HOSTS))
        iso = options.stamps == "iso" or (options.stamps == "mixed" and host % 2)
        if iso:
            stamp = when.isoformat(timespec="microseconds")
        else:
            stamp = f"{when:%b} {when.day:2d} {when:%H:%M:%S}"
        ip = rng.choice(busy if rng.random() < 0.5 else attackers)
        if rng.random() < 0.1 and not options.plain:
            out.append(unknown_line(rng, stamp, HOSTS[host]))
        elif options.kind == "nginx":
            if left == 0 and rng.random() < 0.002:
                scanner, left = ip, rng.randrange(20, 120)
            scan = left > 0 and rng.random() < 0.7
            left -= scan
            out.append(nginx_line(rng, when, scanner if scan else ip, scan))
        else:
            program = "sshd-session" if options.session and host >= 4 else "sshd"
            out.append(f"{stamp} {HOSTS[host]} {program}[{rng.randrange(300, 32768)}]: {sshd_message(rng, ip, options.failures)}")
        if len(out) == 10_000:
            sys.stdout.write("\n".join(out) + "\n")
            out.clear()
    if out:
        sys.stdout.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
