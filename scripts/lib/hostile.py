#!/usr/bin/env python3
"""Writes lines that are built to be expensive, for benchmarks: near misses of patterns that people have installed.

    hostile.py FAMILY --length BYTES [--lines N] > FILE

Every line of a family has about the given length; the families that are written for syslog say so.
"""

import argparse
import sys

HEAD = "Feb  3 10:00:01 web1 sshd[411]: "


def repeat(unit, length):
    return (unit * (length // len(unit) + 1))[:length]


# name → (label type, line of about n bytes)
FAMILIES = {
    # The host part of a syslog header: labels and hyphens can be cut in exponentially many ways.
    "hosts": ("syslog", lambda n: "Feb  3 10:00:01 " + repeat("a-", n - 20) + "! sshd[1]: x"),
    "dots": ("syslog", lambda n: "Feb  3 10:00:01 " + repeat("a.", n - 20) + "! sshd[1]: x"),
    "user": ("syslog", lambda n: HEAD + "Failed password for " + repeat("a", n - 60) + " from 192.0.2.1 prt 22"),
    "from": ("syslog", lambda n: HEAD + "Failed password for invalid user " + repeat("x from 192.0.2.1 port ", n - 65) + "!"),
    "spaces": ("syslog", lambda n: HEAD + "Invalid user" + repeat(" ", n - 50) + "from nowhere"),
    "preauth": ("syslog", lambda n: HEAD + repeat("Disconnected from 192.0.2.1 port 2 ", n - 40) + "["),
    "addresses": ("syslog", lambda n: HEAD + "Connection closed by " + repeat("1.2.3.4.", n - 60) + " port x"),
    "colons": ("syslog", lambda n: HEAD + "Received disconnect from " + repeat("1:", n - 60) + " port x"),
    "pam": ("syslog", lambda n: HEAD + "pam_" + repeat("a(sshd:auth): authentication failure; ", n - 40)),
    "quotes": ("nginx", lambda n: '192.0.2.1 - - [03/Feb/2026:10:00:01 +0000] "GET ' + repeat('/\\"', n - 80) + '" 200 1 "-'),
    "path": ("nginx", lambda n: '192.0.2.1 - - [03/Feb/2026:10:00:01 +0000] "GET /' + repeat("a/", n - 85) + ' HTTP/1.1" 2x0 1 "-" "-"'),
    "agent": ("nginx", lambda n: '192.0.2.1 - - [03/Feb/2026:10:00:01 +0000] "GET / HTTP/1.1" 200 1 "-" "' + repeat("Mozilla ", n - 80)),
    "traversal": ("nginx", lambda n: '192.0.2.1 - - [03/Feb/2026:10:00:01 +0000] "GET /' + repeat("..%2f", n - 100) + ' HTTP/1.1" 404 1 "-" "-"'),
    "error": ("nginx", lambda n: '2026/02/03 10:00:01 [error] 7#7: *1 ' + repeat('user "a": password ', n - 70) + ', client: x'),
    "json": ("syslog", lambda n: HEAD + repeat('{"a":[', n - 40)),
    "percent": ("nginx", lambda n: '192.0.2.1 - - [03/Feb/2026:10:00:01 +0000] "GET /?' + repeat("%u0000%", n - 100) + ' HTTP/1.1" 404 1 "-" "-"'),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("family", choices=sorted(FAMILIES))
    parser.add_argument("--length", type=int, required=True)
    parser.add_argument("--lines", type=int, default=1000)
    options = parser.parse_args()
    line = FAMILIES[options.family][1](options.length) + "\n"
    for _ in range(options.lines):
        sys.stdout.write(line)


if __name__ == "__main__":
    main()
