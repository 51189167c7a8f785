"""Programs of honest people that fail by design or by an old secret, in bursts; as innocents_people.py.

A file of its own because these look worst of all: dozens of failures within seconds, and each of them is seen daily by
whoever runs a package mirror, a container registry or a mail server.
"""

import innocents_words as words
from innocents_lines import DAY, HOUR, MINUTE
from innocents_people import every, kind


@kind(8)
def ssh_ansible_with_old_password(w, a):
    """A playbook for all hosts with the password of last month: one user, every host, at once; twice, for the person cannot believe it."""
    user, t = w.rng.choice(["ansible", "deploy", words.person(w.rng)]), w.waking()
    for _ in range(2):
        for i, host in enumerate(["bastion", "web1", "web2", "build7", "sftp1"]):
            w.ssh_password_failed(t + i * 0.1, host, a, user)
        t += w.rng.uniform(40, 200)
    for host in ("bastion", "web1", "web2", "build7", "sftp1"):
        w.ssh_accepted(t, host, a, user)


@kind(10)
def mail_stale_desktop(w, a):
    """A mail program with a window that nobody looks at: all folders at once, every minute, for an afternoon."""
    user, t = words.mailbox(w.rng), w.waking()
    for moment in every(w, w.rng.choice([60, 60, 180]), 0.1, t, t + w.rng.uniform(1, 7) * HOUR):
        for i in range(w.rng.choice([2, 4, 5])):
            w.imap_failed(moment + i * 0.1, a, user)


@kind(10)
def web_package_client(w, a):
    """Maven, apt, go: each library is looked for in each repository of a list, and found in one of them."""
    agent = w.rng.choice(["Apache-Maven/3.9.6 (Java 21.0.2; Linux 6.1.0)", "Debian APT-HTTP/1.3 (2.6.1)", "Go-http-client/1.1"])
    for _ in range(w.rng.randrange(2, 9)):
        t = w.waking()
        for _ in range(w.rng.randrange(15, 120)):
            name = f"{w.rng.choice(words.TOPICS)}/{w.rng.choice(words.LAST)}-{w.rng.randrange(40)}"
            target, found = (f"/repository/releases/org/{name}/{w.rng.randrange(9)}.{w.rng.randrange(20)}/maven-metadata.xml", 0.35) if "Maven" in agent else (
                f"/debian/dists/stable/main/i18n/by-hash/SHA256/{w.rng.getrandbits(64):016x}", 0.6) if "APT" in agent else (f"/{name}/v{w.rng.randrange(5)}?go-get=1", 0.3)
            w.http(t, a, target, 200 if w.rng.random() < found else 404, agent=agent)
            t += w.rng.uniform(0.02, 0.4)


@kind(8)
def web_registry_push(w, a):
    """A container image is pushed: is this layer there? 404, for each; and a 401 before the token is fetched."""
    agent = "docker/24.0.7 go/go1.20.10 git-commit/311b9ff kernel/6.1.0 os/linux arch/amd64"
    for _ in range(w.rng.randrange(2, 14)):
        t, image = w.waking(), w.rng.choice(words.TOPICS)
        w.http(t, a, "/v2/", 401, agent=agent)
        w.http(t + 0.1, a, f"/token?account=ci&scope=repository:{image}:pull,push", 200, agent=agent, user="ci")
        for i in range(w.rng.randrange(8, 30)):
            blob = f"/v2/{image}/blobs/sha256:{w.rng.getrandbits(250):064x}"
            w.http(t + 0.2 + i * 0.05, a, blob, 404, "HEAD", 0, agent=agent)
            w.http(t + 3 + i, a, f"/v2/{image}/blobs/uploads/", 202, "POST", 0, agent=agent)


@kind(10)
def web_token_refresh_loop(w, a):
    """A tab whose session ended asks for a new token every few seconds, all night."""
    agent, t = w.rng.choice(words.BROWSERS), w.waking()
    target = w.rng.choice(["/api/auth/refresh", "/oauth/token", "/api/notifications", "/graphql"])
    for moment in every(w, w.rng.choice([5, 10, 30, 60]), 0.2, t, t + w.rng.uniform(0.5, 6) * HOUR):
        w.http(moment, a, target, 401, "GET" if target == "/api/notifications" else "POST", agent=agent)


@kind(8)
def web_windows_share(w, a):
    """A web folder in Windows: each directory is asked for files that only Windows has."""
    agent, user = "Microsoft-WebDAV-MiniRedir/10.0.19045", words.person(w.rng)
    for _ in range(w.rng.randrange(2, 8)):
        t = w.waking()
        w.http(t, a, "/dav/", 401, "PROPFIND", agent=agent)
        for _ in range(w.rng.randrange(3, 15)):
            folder = f"/dav/{w.rng.choice(words.TOPICS)}/{w.rng.choice(words.LAST)}{w.rng.randrange(50)}"
            w.http(t, a, folder, 207, "PROPFIND", agent=agent, user=user)
            for name in ("desktop.ini", "AutoRun.inf", "Thumbs.db", "folder.jpg", "folder.gif"):
                t += 0.05
                w.http(t, a, f"{folder}/{name}", 404, "PROPFIND", agent=agent, user=user)
            t += w.rng.uniform(0.5, 5)


@kind(6)
def web_status_page(w, a):
    """A script that checks logins of customers' shops with an account that somebody removed: one POST a minute, for days."""
    begin = w.rng.uniform(0, 4 * DAY)
    for t in every(w, w.rng.choice([1, 5]) * MINUTE, 0.02, begin, begin + w.rng.uniform(0.2, 1.5) * DAY):
        w.http(t, a, "/login", 401, "POST", agent="check_http/v2.3.3 (monitoring-plugins 2.3.3)")
