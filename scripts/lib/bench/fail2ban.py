"""What Debian's fail2ban 1.0.2 would ban for a log: its own filters, with the arithmetic of its default jail.

fail2ban-server looks at the present only (older lines than `findtime` are skipped), so a log of the past cannot be
replayed through it. `fail2ban-regex -o row` applies the same filter code and prints each failure with address and time;
a ban is `maxretry` failures of an address within `findtime` (jail.conf: 5 within 10 minutes), as its failure manager
counts. It runs in a network namespace without a network: names in lines are resolved by nobody.
"""

import collections
import re
import subprocess

MAXRETRY, FINDTIME = 5, 600
ROW = re.compile(r"^\['([^']*)',\t([\d.]+),")
# Which of its filters an administrator of these daemons enables: Debian's default is sshd alone.
FILTERS = {"auth.log": ["sshd"], "mail.log": ["postfix[mode=more]", "postfix[mode=auth]", "dovecot"], "access.log": ["nginx-bad-request"],
           "error.log": ["nginx-http-auth", "nginx-botsearch"], "vsftpd.log": ["vsftpd"]}

Ban = collections.namedtuple("Ban", "filter address time")


def failures(log, name):
    """[(address, time)] of the filter `name` ("sshd", "postfix[mode=auth]"), and user seconds that it took."""
    done = subprocess.run(["unshare", "--net", "/usr/bin/time", "-f", "user %U", "fail2ban-regex", "-o", "row", str(log), name],
                          capture_output=True, text=True, errors="replace")
    used = re.search(r"^user ([\d.]+)$", done.stderr, re.M)
    if done.returncode not in (0, 1) or not used or "Traceback" in done.stderr or "ERROR" in done.stderr:
        raise RuntimeError(f"fail2ban-regex {name} ended with {done.returncode}: {(done.stderr or done.stdout)[-400:]}")
    return [(row[1], float(row[2])) for line in done.stdout.splitlines() if (row := ROW.match(line))], float(used[1])


def bans(log, name, maxretry=MAXRETRY, findtime=FINDTIME):
    """The first ban of each address for one filter, and user seconds."""
    window, banned = collections.defaultdict(collections.deque), {}
    found, seconds = failures(log, name)
    for address, t in found:
        times = window[address]
        times.append(t)
        while times and times[0] < t - findtime:
            times.popleft()
        if len(times) >= maxretry and address not in banned:
            banned[address] = Ban(name, address, t)
    return list(banned.values()), seconds
