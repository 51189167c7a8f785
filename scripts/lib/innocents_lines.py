"""How sshd, nginx, postfix, dovecot and vsftpd write what happens: the shapes of the lines, nothing else.

A World collects lines of one simulated week and what each address did of its own will (`act`): the ground truth.
"""

import bisect
import datetime
import itertools

START = datetime.datetime(2026, 2, 2, tzinfo=datetime.timezone.utc)
DAY, HOUR, MINUTE = 86400, 3600, 60
WEEK = 7 * DAY
# Which host writes which stamp: classic syslog, or ISO 8601 with a fraction.
ISO = {"web1": False, "web2": True, "mail1": True, "mail2": False, "bastion": False, "build7": True, "sftp1": True}
MONTHS = ["Jan", "Feb", "Mar"]
LOGS = ("auth.log", "mail.log", "access.log", "error.log", "vsftpd.log")
# The label `type` under which each of them is read.
TYPES = {"auth.log": "syslog", "mail.log": "syslog", "access.log": "nginx", "error.log": "nginx", "vsftpd.log": "vsftpd"}
# When people are awake: the share of each hour of a day.
AWAKE = [1, 1, 0.5, 0.5, 0.5, 1, 3, 6, 10, 10, 9, 8, 7, 8, 9, 9, 8, 7, 6, 6, 7, 6, 4, 2]
AWAKE_SUMS = list(itertools.accumulate(AWAKE))


class Actor:
    """One address and what it did. `acts` are hostile ones: (time, target); an innocent has none."""

    def __init__(self, ip, kind, hostile):
        self.ip, self.kind, self.hostile, self.acts = ip, kind, hostile, []
        self.port = 1024

    def act(self, t, target=""):
        if t < WEEK:
            self.acts.append((t, target))


class World:
    def __init__(self, rng):
        self.rng, self.lines, self.actors, self.count = rng, {log: [] for log in LOGS}, [], 0
        self.taken, self.pids = set(), itertools.count(2000)

    # Addresses: documentation and benchmark ranges only, good and bad ones drawn from the same bag.
    def address(self):
        rng = self.rng
        while True:
            if rng.random() < 0.12:
                ip = f"2001:db8:{rng.randrange(65536):x}:{rng.randrange(65536):x}::{rng.randrange(1, 65536):x}"
            else:
                ip = f"198.{18 + rng.randrange(2)}.{rng.randrange(256)}.{1 + rng.randrange(254)}"
            if ip not in self.taken:
                self.taken.add(ip)
                return ip

    def actor(self, kind, hostile, ip=None):
        actor = Actor(ip or self.address(), kind, hostile)
        self.actors.append(actor)
        return actor

    def waking(self, day=None):
        """A second of the week (or of a day) at which people are up."""
        rng = self.rng
        hour = bisect.bisect(AWAKE_SUMS, rng.random() * AWAKE_SUMS[-1])
        return (rng.randrange(7) if day is None else day) * DAY + min(hour, 23) * HOUR + rng.random() * HOUR

    def put(self, log, t, text):
        if 0 <= t < WEEK:
            self.lines[log].append((t, self.count, text))
            self.count += 1

    def syslog(self, log, t, host, program, message, pid=None):
        when = START + datetime.timedelta(seconds=t)
        stamp = (when.isoformat(timespec="microseconds") if ISO[host]
                 else f"{MONTHS[when.month - 1]} {when.day:2d} {when:%H:%M:%S}")
        self.put(log, t, f"{stamp} {host} {program}[{pid or self.pid()}]: {message}")

    # --- sshd
    def ssh(self, t, host, message, pid=None):
        self.syslog("auth.log", t, host, "sshd", message, pid)

    def pid(self):
        return next(self.pids) % 32000 + 300

    def client_port(self):
        return self.rng.randrange(1024, 65535)

    def ssh_password_failed(self, t, host, a, user, exists=True, tries=1, close="closed"):
        """One connection with `tries` wrong passwords."""
        port, pid = self.client_port(), self.pid()
        if not exists:
            self.ssh(t, host, f"Invalid user {user} from {a.ip} port {port}", pid)
        invalid = "" if exists else "invalid user "
        for i in range(tries):
            if ISO[host] and i == 0:  # hosts with PAM say it twice
                name = f"  user={user}" if exists else ""
                self.ssh(t + 0.1, host, "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= "
                         f"rhost={a.ip}{name}", pid)
            self.ssh(t + 2 + i * 4, host, f"Failed password for {invalid}{user} from {a.ip} port {port} ssh2", pid)
        end = t + 3 + tries * 4
        who = f"{'authenticating' if exists else 'invalid'} user {user} {a.ip} port {port} [preauth]"
        if close == "closed":
            self.ssh(end, host, f"Connection closed by {who}", pid)
        elif close == "disconnect":
            self.ssh(end, host, f"Received disconnect from {a.ip} port {port}:11: Bye Bye [preauth]", pid)
            self.ssh(end, host, f"Disconnected from {who}", pid)
        elif close == "reset":
            self.ssh(end, host, f"Connection reset by {who}", pid)

    def ssh_accepted(self, t, host, a, user, method="password", session=True):
        port, pid = self.client_port(), self.pid()
        key = f": ED25519 SHA256:{self.rng.getrandbits(250):043x}" if method == "publickey" else ""
        self.ssh(t, host, f"Accepted {method} for {user} from {a.ip} port {port} ssh2{key}", pid)
        if session:
            self.ssh(t + 0.02, host, f"pam_unix(sshd:session): session opened for user {user}(uid=1000) by (uid=0)", pid)
            self.ssh(t + self.rng.uniform(5, 3000), host, f"Disconnected from user {user} {a.ip} port {port}", pid)

    # --- nginx
    def http(self, t, a, target, status, verb="GET", size=None, referer="-", agent="-", user="-"):
        when = START + datetime.timedelta(seconds=t)
        size = self.rng.randrange(150, 40000) if size is None else size
        self.put("access.log", t, f'{a.ip} - {user} [{when:%d/%b/%Y:%H:%M:%S} +0000] "{verb} {target} HTTP/1.1" {status} {size} '
                 f'"{referer}" "{agent}"')

    def http_error(self, t, a, text, target, verb="GET"):
        when = START + datetime.timedelta(seconds=t)
        self.put("error.log", t, f'{when:%Y/%m/%d %H:%M:%S} [error] 911#911: *{self.rng.randrange(10**6)} {text}, client: {a.ip}, '
                 f'server: cloud.example.org, request: "{verb} {target} HTTP/1.1", host: "cloud.example.org"')

    # --- mail
    def imap_failed(self, t, a, user, proto="imap", attempts=1, why="Aborted login by logging out"):
        host = "mail1"
        self.syslog("mail.log", t, host, "dovecot", f"auth-worker(1{self.rng.randrange(1000, 9999)}): "
                    f"conn unix:auth-worker (pid=811,uid=116): auth-worker<{self.rng.randrange(9999)}>: pam({user},{a.ip},"
                    f"<{self.rng.getrandbits(60):x}>): pam_authenticate() failed: Authentication failure (Password mismatch?)", 810)
        self.syslog("mail.log", t + 2, host, "dovecot", f"{proto}-login: Disconnected: {why} (auth failed, {attempts} attempts in "
                    f"{2 * attempts} secs): user=<{user}>, method=PLAIN, rip={a.ip}, lip=192.0.2.25, TLS, "
                    f"session=<{self.rng.getrandbits(80):x}>", 810)

    def imap_ok(self, t, a, user):
        self.syslog("mail.log", t, "mail1", "dovecot", f"imap-login: Login: user=<{user}>, method=PLAIN, rip={a.ip}, "
                    f"lip=192.0.2.25, mpid={self.rng.randrange(1000, 32000)}, TLS, session=<{self.rng.getrandbits(80):x}>", 810)

    def smtp(self, t, message, service="smtpd", host="mail2"):
        self.syslog("mail.log", t, host, f"postfix/{service}", message)

    def smtp_auth_failed(self, t, a, user, method="LOGIN", name="unknown", service="submission/smtpd", tries=1):
        self.smtp(t, f"connect from {name}[{a.ip}]", service)
        for i in range(tries):
            self.smtp(t + 1 + 3 * i, f"warning: {name}[{a.ip}]: SASL {method} authentication failed: authentication failure, "
                      f"sasl_username={user}", service)
        self.smtp(t + 2 + 3 * tries, f"disconnect from {name}[{a.ip}] ehlo=1 auth=0/{tries} quit=1 commands=2/{2 + tries}", service)

    def smtp_reject(self, t, a, reply, sender, rcpt, helo, name="unknown"):
        self.smtp(t, f"NOQUEUE: reject: RCPT from {name}[{a.ip}]: {reply}; from=<{sender}> to=<{rcpt}> proto=ESMTP helo=<{helo}>")

    # --- vsftpd
    def ftp(self, t, a, user, outcome):
        when = START + datetime.timedelta(seconds=t)
        ip = a.ip if ":" in a.ip else "::ffff:" + a.ip
        who = f" [{user}]" if user else ""
        self.put("vsftpd.log", t, f'{when:%a %b} {when.day:2d} {when:%H:%M:%S %Y} [pid {self.rng.randrange(1000, 32000)}]{who} '
                 f'{outcome}: Client "{ip}"')
