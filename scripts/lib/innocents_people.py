"""People and machines that look bad and are not. Each function simulates one of them through the week.

`KINDS` says how many there are in a world of a million lines; kinds that share an address (an office, a carrier's NAT)
are one actor with many people behind it.
"""

import innocents_words as words
from innocents_lines import DAY, HOUR, MINUTE, WEEK

KINDS = {}


def kind(count):
    """Registers the function below as a kind of innocent, `count` of them in a million lines."""
    def register(function):
        KINDS[function.__name__] = (count, function)
        return function
    return register


def every(w, period, jitter=0.1, begin=None, end=WEEK):
    t = w.rng.uniform(0, period) if begin is None else begin
    while t < end:
        yield t
        t += period * w.rng.uniform(1 - jitter, 1 + jitter)


def login_with_typos(w, a, t, user, host, typos):
    left = typos
    while left > 0:
        tries = min(left, w.rng.choice([1, 2, 3]))
        w.ssh_password_failed(t, host, a, user, tries=tries, close="none" if tries == left else "closed")
        left, t = left - tries, t + 5 * tries + w.rng.uniform(2, 20)
    w.ssh_accepted(t, host, a, user)


# --- ssh

@kind(110)
def ssh_person_with_typos(w, a):
    user = words.person(w.rng)
    for day in range(7):
        for _ in range(w.rng.choice([0, 1, 2, 4])):
            typos = w.rng.choice([0] * 12 + [1, 1, 1, 2, 2, 3]) if w.rng.random() < 0.97 else 4
            login_with_typos(w, a, w.waking(day), user, w.rng.choice(["bastion", "web1", "build7"]), typos)


@kind(40)
def ssh_agent_with_many_keys(w, a):
    """Offers key after key; some servers end it: too many failures. Then it works with the right one."""
    user = words.person(w.rng)
    for day in range(7):
        t, host = w.waking(day), w.rng.choice(["bastion", "web2"])
        if w.rng.random() < 0.4:
            port, pid = w.client_port(), w.pid()
            for i in range(6):
                w.ssh(t + i * 0.1, host, f"Failed publickey for {user} from {a.ip} port {port} ssh2: ED25519 SHA256:"
                      f"{w.rng.getrandbits(250):043x}", pid)
            w.ssh(t + 1, host, f"error: maximum authentication attempts exceeded for {user} from {a.ip} port {port} ssh2 [preauth]", pid)
            w.ssh(t + 1, host, f"Disconnecting authenticating user {user} {a.ip} port {port}: Too many authentication failures [preauth]", pid)
            t += 30
        w.ssh_accepted(t, host, a, user, "publickey")


@kind(30)
def ssh_user_guesses_own_name(w, a):
    """Was it jdoe, john or john.doe? Two or three names, a try or two each, then the right one."""
    first, last = w.rng.choice(words.FIRST), w.rng.choice(words.LAST)
    names = [f"{first}.{last}", first[0] + last, first, last, f"{first}_{last}"]
    w.rng.shuffle(names)
    t, host = w.waking(), w.rng.choice(["bastion", "sftp1"])
    for name in names[:w.rng.choice([1, 2, 2, 3])]:
        w.ssh_password_failed(t, host, a, name, exists=False, tries=w.rng.choice([1, 1, 2]))
        t += w.rng.uniform(20, 60)
    w.ssh_accepted(t, host, a, names[-1])


@kind(5)
def ssh_banner_monitor(w, a):
    host, period = w.rng.choice(["bastion", "web1", "web2"]), w.rng.choice([60, 120, 300, 300])
    for t in every(w, period, 0.02):
        pid = w.pid()
        w.ssh(t, host, "error: kex_exchange_identification: Connection closed by remote host", pid)
        w.ssh(t, host, f"Connection closed by {a.ip} port {w.client_port()}", pid)


@kind(3)
def ssh_load_balancer_check(w, a):
    host, reset = w.rng.choice(["bastion", "sftp1"]), w.rng.random() < 0.5
    for t in every(w, w.rng.choice([30, 60, 120]), 0.01):
        w.ssh(t, host, f"Connection {'reset' if reset else 'closed'} by {a.ip} port {w.client_port()} [preauth]")


@kind(12)
def ssh_deploy_with_wrong_key(w, a):
    """A pipeline whose key was replaced: some days of three quick attempts per run, until somebody looks."""
    user, host = w.rng.choice(["deploy", "git", "ci", "backup"]), w.rng.choice(["build7", "web1"])
    begin = w.rng.uniform(0, 5 * DAY)
    for t in every(w, w.rng.choice([10, 15, 30, 60]) * MINUTE, 0.2, begin, begin + w.rng.uniform(0.3, 2) * DAY):
        for i in range(w.rng.choice([1, 1, 3])):
            w.ssh(t + 4 * i, host, f"Connection closed by authenticating user {user} {a.ip} port {w.client_port()} [preauth]")


@kind(18)
def ssh_backup_job(w, a):
    for t in every(w, w.rng.choice([15, 30, 60]) * MINUTE, 0.01):
        w.ssh_accepted(t, "sftp1", a, "backup", "publickey", session=False)


@kind(30)
def sftp_client_with_old_password(w, a):
    """The password was changed, the client keeps the old one: a queue of transfers, each on a connection of its own."""
    user = words.person(w.rng)
    for _ in range(w.rng.choice([1, 1, 2])):
        t = w.waking()
        for round_ in range(w.rng.choice([1, 2, 2])):
            for i in range(w.rng.choice([1, 2, 3])):
                w.ssh_password_failed(t + i * 0.3, "sftp1", a, user, close="disconnect")
            t += w.rng.uniform(5, 30)
        w.ssh_accepted(t + w.rng.uniform(60, 900), "sftp1", a, user)


@kind(4)
def ssh_office(w, a):
    """The gateway of an office: 300 people, most log in around nine."""
    people = [words.person(w.rng) + str(i) for i in range(300)]
    for day in range(5):
        for user in w.rng.sample(people, 150):
            t = day * DAY + (w.rng.gauss(9 * HOUR, 25 * MINUTE) if w.rng.random() < 0.5 else w.rng.uniform(9, 18) * HOUR)
            login_with_typos(w, a, t, user, w.rng.choice(["bastion", "build7", "web2"]), w.rng.choice([0] * 14 + [1, 1, 2]))


# --- mail

@kind(45)
def mail_stale_phone(w, a):
    """The password was changed, the phone was not told: a few folders at once, every five to fifteen minutes, for days."""
    user, begin = words.mailbox(w.rng), w.rng.uniform(0, 5 * DAY)
    for t in every(w, w.rng.choice([5, 5, 10, 15]) * MINUTE, 0.1, begin, begin + w.rng.uniform(0.5, 3) * DAY):
        for i in range(w.rng.choice([1, 1, 2, 3])):
            w.imap_failed(t + i * 0.2, a, user)
        if w.rng.random() < 0.05:
            w.smtp_auth_failed(t + 9, a, user)


@kind(6)
def mail_carrier_nat(w, a):
    """Several stale phones, and many that are well, behind one address of a mobile carrier."""
    stale = [words.mailbox(w.rng) for _ in range(w.rng.choice([2, 3, 4]))]
    well = [words.mailbox(w.rng) for _ in range(40)]
    begin = w.rng.uniform(0, 3 * DAY)
    for user in stale:
        for t in every(w, w.rng.choice([5, 10, 15]) * MINUTE, 0.1, begin + w.rng.uniform(0, DAY), begin + 2.5 * DAY):
            w.imap_failed(t, a, user)
    for user in well:
        for t in every(w, w.rng.choice([60, 120, 240]) * MINUTE, 0.3):
            w.imap_ok(t, a, user)


@kind(70)
def mail_client_setup(w, a):
    user, t = words.mailbox(w.rng), w.waking()
    for _ in range(w.rng.choice([1, 2, 3, 4])):
        w.imap_failed(t, a, user, why=w.rng.choice(["Aborted login by logging out", "Connection closed"]))
        if w.rng.random() < 0.5:
            w.smtp_auth_failed(t + 5, a, user, w.rng.choice(["PLAIN", "LOGIN"]))
        t += w.rng.uniform(15, 60)
    w.imap_ok(t, a, user)


@kind(260)
def mail_ok(w, a):
    user = words.mailbox(w.rng)
    for t in every(w, w.rng.uniform(1, 8) * HOUR, 0.4):
        w.imap_ok(t, a, user)


@kind(3)
def mail_office(w, a):
    """300 mailboxes behind one address, four of them with an old password somewhere."""
    people = [words.mailbox(w.rng) for _ in range(300)]
    stale = [(user, w.rng.choice([5, 10, 15]) * MINUTE) for user in people[:4]]
    for day in range(5):
        for user, period in stale:
            for t in every(w, period, 0.1, day * DAY + 8 * HOUR, day * DAY + 18 * HOUR):
                w.imap_failed(t, a, user)
        for user in people:
            for _ in range(3):
                w.imap_ok(day * DAY + w.rng.uniform(8, 18) * HOUR, a, user)


@kind(4)
def mail_monitor(w, a):
    service = w.rng.choice(["smtpd", "submission/smtpd", "imap"])
    for t in every(w, w.rng.choice([60, 300, 300]), 0.02):
        if service == "imap":
            w.syslog("mail.log", t, "mail1", "dovecot", "imap-login: Disconnected: Connection closed (no auth attempts in 0 secs): "
                     f"user=<>, rip={a.ip}, lip=192.0.2.25, session=<{w.rng.getrandbits(80):x}>", 810)
        else:
            w.smtp(t, f"connect from monitor.example.net[{a.ip}]", service)
            w.smtp(t, f"lost connection after CONNECT from monitor.example.net[{a.ip}]", service)
            w.smtp(t, f"disconnect from monitor.example.net[{a.ip}] commands=0/0", service)


@kind(160)
def mail_server(w, a):
    """Honest servers: greylisted, misaddressed now and then, a name that does not resolve."""
    name = w.rng.choice(["unknown", f"mx{w.rng.randrange(9)}.{w.rng.choice(words.LAST)}.example"])
    bad_helo = w.rng.random() < 0.1
    for t in every(w, w.rng.uniform(1, 12) * HOUR, 0.5):
        w.smtp(t, f"connect from {name}[{a.ip}]")
        sender, rcpt = words.mailbox(w.rng, "example.net"), words.mailbox(w.rng)
        if bad_helo:
            w.smtp_reject(t + 1, a, "504 5.5.2 <printer>: Helo command rejected: need fully-qualified hostname", sender, rcpt, "printer", name)
        elif w.rng.random() < 0.15:
            w.smtp_reject(t + 1, a, f"450 4.2.0 <{rcpt}>: Recipient address rejected: Greylisted", sender, rcpt, name, name)
        elif w.rng.random() < 0.06:
            w.smtp_reject(t + 1, a, f"550 5.1.1 <{rcpt}>: Recipient address rejected: User unknown in virtual mailbox table", sender, rcpt, name, name)
        w.smtp(t + 2, f"disconnect from {name}[{a.ip}] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5")


@kind(6)
def mail_newsletter(w, a):
    """A list that never forgets: once a day some dozens of letters, a handful to people who left years ago."""
    name = f"list{w.rng.randrange(99)}.example.net"
    for day in range(7):
        t = w.waking(day)
        for i in range(w.rng.randrange(20, 60)):
            rcpt = words.mailbox(w.rng)
            w.smtp(t, f"connect from {name}[{a.ip}]")
            if i % 9 == 0:
                w.smtp_reject(t + 1, a, f"550 5.1.1 <{rcpt}>: Recipient address rejected: User unknown in virtual mailbox table",
                              "bounce@" + name, rcpt, name, name)
            w.smtp(t + 2, f"disconnect from {name}[{a.ip}] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5")
            t += w.rng.uniform(2, 20)


# --- ftp

@kind(25)
def ftp_customer(w, a):
    user = words.person(w.rng)
    for day in range(7):
        t = w.waking(day)
        w.ftp(t, a, "", "CONNECT")
        for _ in range(w.rng.choice([0, 0, 0, 1, 2])):
            w.ftp(t + 1, a, user, "FAIL LOGIN")
            t += w.rng.uniform(5, 30)
        w.ftp(t + 2, a, user, "OK LOGIN")
