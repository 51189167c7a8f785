"""Attackers among the innocents; as innocents_people.py. Each hostile act is noted with its time and target.

An act is one guess (a user name with a password, a connection that names a user), one probing request, one refused
letter of a spammer. What they do besides (a page fetched first) is no act.
"""

import innocents_words as words
from innocents_lines import DAY, HOUR, MINUTE, WEEK

KINDS = {}


def kind(count):
    def register(function):
        KINDS[function.__name__] = (count, function)
        return function
    return register


def guess_ssh(w, a, t, user, host, exists=None, tries=1):
    exists = user in ("root", "backup", "git", "www-data") if exists is None else exists
    w.ssh_password_failed(t, host, a, user, exists, tries, w.rng.choice(["closed", "disconnect", "reset"]))
    for i in range(tries):
        a.act(t + 2 + 4 * i, user)


def hosts(w):
    return w.rng.choice(["bastion", "web1", "web2", "build7"])


@kind(110)
def ssh_fast(w, a):
    host = hosts(w)
    for _ in range(w.rng.choice([1, 1, 2])):
        t, only_root = w.rng.uniform(0, WEEK), w.rng.random() < 0.4
        for _ in range(w.rng.choice([10, 20, 40, 80, 200])):
            guess_ssh(w, a, t, "root" if only_root else words.guessed_name(w.rng), host, tries=w.rng.choice([1, 1, 3]))
            t += w.rng.uniform(1, 9)


@kind(60)
def ssh_user_enumeration(w, a):
    t, host = w.rng.uniform(0, WEEK), hosts(w)
    for _ in range(w.rng.randrange(12, 100)):
        user = words.guessed_name(w.rng)
        port, pid = w.client_port(), w.pid()
        w.ssh(t, host, f"Invalid user {user} from {a.ip} port {port}", pid)
        w.ssh(t + 1, host, f"Connection closed by invalid user {user} {a.ip} port {port} [preauth]", pid)
        a.act(t, user)
        t += w.rng.uniform(2, 15)


@kind(60)
def ssh_slow(w, a):
    """A guess every one to four minutes, for hours and days."""
    t, host, step = w.rng.uniform(0, 4 * DAY), hosts(w), w.rng.uniform(1, 4) * MINUTE
    for _ in range(w.rng.randrange(60, 300)):
        guess_ssh(w, a, t, "root" if w.rng.random() < 0.3 else words.guessed_name(w.rng), host)
        t += step * w.rng.uniform(0.7, 1.3)


@kind(30)
def ssh_very_slow(w, a):
    """A guess every eight to forty minutes: slower than many an honest machine fails."""
    t, host, step = w.rng.uniform(0, DAY), hosts(w), w.rng.uniform(8, 40) * MINUTE
    while t < WEEK:
        guess_ssh(w, a, t, words.guessed_name(w.rng), host)
        t += step * w.rng.uniform(0.7, 1.3)


@kind(25)
def ssh_spray(w, a):
    """One password for each name that is known to exist."""
    names = [words.person(w.rng) for _ in range(w.rng.randrange(20, 90))]
    t, host, step = w.rng.uniform(0, 6 * DAY), hosts(w), w.rng.choice([5, 15, 30, 45])
    for user in names:
        guess_ssh(w, a, t, user, host, exists=True)
        t += step * w.rng.uniform(0.8, 1.2)


@kind(700)
def ssh_botnet_member(w, a):
    """One to three guesses and never again. Nothing tells these from a person with a wrong name."""
    t, host = w.rng.uniform(0, WEEK), hosts(w)
    for _ in range(w.rng.choice([1, 1, 2, 3])):
        guess_ssh(w, a, t, words.guessed_name(w.rng), host)
        t += w.rng.uniform(1, 6 * HOUR)


@kind(35)
def ssh_keys_only_server(w, a):
    """The server takes no passwords, so that there is never a failed one: a name, and gone."""
    t = w.rng.uniform(0, WEEK)
    for _ in range(w.rng.randrange(15, 200)):
        user, port, pid = w.rng.choice(["root", "root", words.guessed_name(w.rng)]), w.client_port(), w.pid()
        word = "authenticating" if user == "root" else "invalid"
        if user != "root":
            w.ssh(t, "sftp1", f"Invalid user {user} from {a.ip} port {port}", pid)
        w.ssh(t + 1, "sftp1", f"Connection closed by {word} user {user} {a.ip} port {port} [preauth]", pid)
        a.act(t, user)
        t += w.rng.uniform(2, 30)


@kind(20)
def ssh_odd_handshakes(w, a):
    t, host = w.rng.uniform(0, WEEK), hosts(w)
    for _ in range(w.rng.randrange(12, 50)):
        port = w.client_port()
        w.ssh(t, host, w.rng.choice([
            f"banner exchange: Connection from {a.ip} port {port}: invalid format",
            f"Unable to negotiate with {a.ip} port {port}: no matching key exchange method found. Their offer: diffie-hellman-group1-sha1 [preauth]",
            f"ssh_dispatch_run_fatal: Connection from {a.ip} port {port}: message authentication code incorrect [preauth]"]))
        a.act(t)
        t += w.rng.uniform(1, 30)


def probe(w, a, t, target, status=404, verb="GET", agent="-", user="-"):
    w.http(t, a, target, status, verb, agent=agent, user=user)
    a.act(t, target)


@kind(120)
def web_probing(w, a):
    agent, t, pace = w.rng.choice(words.SCANNERS), w.rng.uniform(0, WEEK), w.rng.choice([0.1, 0.5, 1, 3, 8])
    if w.rng.random() < 0.5:
        w.http(t, a, "/", 200, agent=agent)
    for target in w.rng.sample(words.PROBES, w.rng.randrange(12, len(words.PROBES))):
        probe(w, a, t, target, w.rng.choice([404, 404, 404, 403, 301]), agent=agent)
        t += pace * w.rng.uniform(0.5, 1.5)


@kind(30)
def web_directory_scan(w, a):
    """Words from a long list, none of them known for anything."""
    agent, t, pace = w.rng.choice(words.SCANNERS + words.LOUD_SCANNERS), w.rng.uniform(0, WEEK), w.rng.choice([0.05, 0.2, 1, 2])
    for _ in range(w.rng.randrange(60, 700)):
        probe(w, a, t, f"/{w.rng.choice(words.TOPICS + words.GUESSED)}{w.rng.choice(['', '.php', '.bak', '/', '.old', '.asp', '.zip'])}"
              f"{w.rng.choice(['', '?id=' + str(w.rng.randrange(99))])}".replace("//", "/"), w.rng.choice([404, 404, 403]), agent=agent)
        t += pace * w.rng.uniform(0.5, 1.5)


@kind(25)
def web_probing_slow(w, a):
    agent, t, pace = w.rng.choice(words.SCANNERS), w.rng.uniform(0, 5 * DAY), w.rng.uniform(15, 60)
    for target in w.rng.sample(words.PROBES, w.rng.randrange(40, len(words.PROBES))):
        probe(w, a, t, target, agent=agent)
        t += pace * w.rng.uniform(0.5, 1.5)


@kind(45)
def web_wordpress_guessing(w, a):
    agent, t, pace = w.rng.choice(words.BROWSERS + words.SCANNERS), w.rng.uniform(0, WEEK), w.rng.choice([0.5, 1, 3, 8, 15])
    target = w.rng.choice(["/wp-login.php", "/wp-login.php", "/xmlrpc.php"])
    for _ in range(w.rng.randrange(25, 400)):
        probe(w, a, t, target, 200, "POST", agent)
        t += pace * w.rng.uniform(0.5, 1.5)


@kind(30)
def web_login_guessing(w, a):
    agent, t, pace = w.rng.choice(words.BROWSERS + words.SCANNERS), w.rng.uniform(0, WEEK), w.rng.choice([0.3, 1, 3, 8])
    target = w.rng.choice(["/login", "/api/auth/login", "/user/login", "/index.php/login"])
    for _ in range(w.rng.randrange(25, 400)):
        probe(w, a, t, target, w.rng.choice([401, 401, 403]) if target != "/login" else 401, "POST", agent)
        t += pace * w.rng.uniform(0.5, 1.5)


@kind(20)
def web_basic_auth_guessing(w, a):
    t, pace = w.rng.uniform(0, WEEK), w.rng.choice([0.3, 1, 3, 8])
    for _ in range(w.rng.randrange(25, 300)):
        user = words.guessed_name(w.rng)
        probe(w, a, t, "/intern/", 401, "GET", "-", user)
        w.http_error(t, a, f'user "{user}" was not found in "/etc/nginx/htpasswd"', "/intern/")
        t += pace * w.rng.uniform(0.5, 1.5)


@kind(60)
def web_exploits(w, a):
    """A worm's round: a few requests, each of them an exploit."""
    agent, t = w.rng.choice(words.SCANNERS), w.rng.uniform(0, WEEK)
    for _ in range(w.rng.choice([1, 2])):
        for target in w.rng.sample(words.EXPLOITS, w.rng.randrange(5, len(words.EXPLOITS))):
            probe(w, a, t, target, w.rng.choice([404, 404, 400]), w.rng.choice(["GET", "POST"]), agent)
            t += w.rng.uniform(0.2, 6)
        t += w.rng.uniform(HOUR, DAY)


@kind(60)
def web_single_exploit(w, a):
    probe(w, a, w.rng.uniform(0, WEEK), w.rng.choice(words.EXPLOITS), 404, agent=w.rng.choice(words.SCANNERS))


@kind(35)
def web_traversal(w, a):
    agent, t = w.rng.choice(words.SCANNERS), w.rng.uniform(0, WEEK)
    for i in range(w.rng.randrange(12, 60)):
        probe(w, a, t, w.rng.choice(words.TRAVERSALS) + ("" if i % 3 else f"%00{i}"), w.rng.choice([400, 404, 403, 200]), agent=agent)
        t += w.rng.uniform(0.3, 8)


@kind(40)
def web_sql_injection(w, a):
    agent, t = w.rng.choice(words.SCANNERS + words.LOUD_SCANNERS[1:2]), w.rng.uniform(0, WEEK)
    page = f"/shop/item?id={w.rng.randrange(900)}"
    w.http(t, a, page, 200, agent=agent)
    for _ in range(w.rng.randrange(20, 200)):
        t += w.rng.uniform(0.2, 4)
        probe(w, a, t, f"{page}{w.rng.choice(words.SQL)}{w.rng.randrange(1000)}", w.rng.choice([200, 200, 500, 403]), agent=agent)


@kind(25)
def web_script_injection(w, a):
    agent, t = w.rng.choice(words.SCANNERS), w.rng.uniform(0, WEEK)
    for _ in range(w.rng.randrange(12, 60)):
        t += w.rng.uniform(0.4, 6)
        probe(w, a, t, f"/search?q={w.rng.choice(words.XSS)}&n={w.rng.randrange(99)}", w.rng.choice([200, 400, 403]), agent=agent)


@kind(20)
def web_wordpress_names(w, a):
    """Which accounts are there? ?author=1, 2, 3 … and the users of the REST interface."""
    agent, t = w.rng.choice(words.SCANNERS), w.rng.uniform(0, WEEK)
    for i in range(1, w.rng.randrange(12, 40)):
        probe(w, a, t, f"/?author={i}", w.rng.choice([301, 404]), agent=agent)
        t += w.rng.uniform(0.2, 3)
    probe(w, a, t, "/wp-json/wp/v2/users/", w.rng.choice([200, 401]), agent=agent)


@kind(25)
def web_loud_scanner(w, a):
    """Says what it is in its user agent, and asks for what is there as well."""
    agent, t = w.rng.choice(words.LOUD_SCANNERS), w.rng.uniform(0, WEEK)
    for _ in range(w.rng.randrange(12, 50)):
        probe(w, a, t, words.page(w.rng) if w.rng.random() < 0.6 else w.rng.choice(words.PROBES), w.rng.choice([200, 404]), agent=agent)
        t += w.rng.uniform(0.1, 3)


@kind(60)
def mail_smtp_guessing(w, a):
    t, pace, service = w.rng.uniform(0, WEEK), w.rng.choice([2, 5, 15, 40]), w.rng.choice(["smtpd", "submission/smtpd", "smtps/smtpd"])
    name = w.rng.choice(["unknown", f"host{w.rng.randrange(99)}.example.net"])
    for _ in range(w.rng.randrange(15, 250)):
        user = words.mailbox(w.rng)
        w.smtp_auth_failed(t, a, user, w.rng.choice(["LOGIN", "LOGIN", "PLAIN"]), name, service)
        a.act(t + 1, user)
        t += pace * w.rng.uniform(0.7, 1.5)


@kind(40)
def mail_smtp_guessing_slow(w, a):
    """As mail bots do today: one name every two to fifteen minutes, another each time."""
    t, step = w.rng.uniform(0, 3 * DAY), w.rng.uniform(2, 15) * MINUTE
    for _ in range(w.rng.randrange(60, 400)):
        user = words.mailbox(w.rng)
        w.smtp_auth_failed(t, a, user)
        a.act(t + 1, user)
        t += step * w.rng.uniform(0.7, 1.3)


@kind(40)
def mail_imap_guessing(w, a):
    t, pace, proto = w.rng.uniform(0, WEEK), w.rng.choice([2, 6, 20, 60]), w.rng.choice(["imap", "imap", "pop3"])
    one = words.mailbox(w.rng) if w.rng.random() < 0.3 else None
    for _ in range(w.rng.randrange(20, 200)):
        user = one or words.mailbox(w.rng)
        w.imap_failed(t, a, user, proto, 1, w.rng.choice(["Connection closed", "Aborted login by logging out"]))
        a.act(t + 2, user)
        t += pace * w.rng.uniform(0.7, 1.5)


@kind(25)
def mail_relay_and_harvest(w, a):
    t, relay = w.rng.uniform(0, WEEK), w.rng.random() < 0.5
    for _ in range(w.rng.randrange(15, 120)):
        rcpt = words.mailbox(w.rng, "example.net" if relay else None)
        reply = (f"554 5.7.1 <{rcpt}>: Relay access denied" if relay
                 else f"550 5.1.1 <{rcpt}>: Recipient address rejected: User unknown in virtual mailbox table")
        w.smtp(t, f"connect from unknown[{a.ip}]")
        w.smtp_reject(t + 1, a, reply, words.mailbox(w.rng, "example.net"), rcpt, "WIN-CLJ1B0GQ6JP")
        w.smtp(t + 2, f"disconnect from unknown[{a.ip}] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4")
        a.act(t + 1, rcpt)
        t += w.rng.uniform(1, 12)


@kind(30)
def ftp_guessing(w, a):
    t, pace = w.rng.uniform(0, WEEK), w.rng.choice([1, 3, 8])
    for _ in range(w.rng.randrange(20, 250)):
        user = words.guessed_name(w.rng)
        w.ftp(t, a, user, "FAIL LOGIN")
        a.act(t, user)
        t += pace * w.rng.uniform(0.8, 1.5)
