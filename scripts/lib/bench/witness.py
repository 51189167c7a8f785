"""A log line is not a witness: lines with which attackers accuse others, written by real daemons.

scripts/lib/forge.py lets attackers choose user names, URLs, agents, HELO names and the like so that their lines name
a victim, or another victim in each line. Whoever bans an address that is no attacker's has been used as a weapon.
And whoever can be confused so that the attacker himself is not banned has been disarmed: the same attack with and
without an address in it must lead to a ban after the same number of the attacker's lines.
"""

import collections
import datetime
import json
import pathlib
import re
import sys
import tempfile

import common
import crowdsec
import fail2ban
import ours
from common import REPO, Rows

TYPES = {"syslog": "syslog", "access": "nginx", "access-vhost": "nginx", "error": "nginx", "vsftpd": "vsftpd"}
COLLECTIONS = ("linux", "nginx", "wordpress", "postfix", "dovecot", "vsftpd", "freebsd")
FILTERS = {"syslog": ["sshd", "sshd[mode=aggressive]", "postfix[mode=more]", "postfix[mode=auth]", "dovecot", "pam-generic", "vsftpd"],
           "access": ["nginx-bad-request"], "error": ["nginx-http-auth", "nginx-botsearch", "nginx-limit-req"], "vsftpd": ["vsftpd"]}
SERVER = {"198.18.0.1", "2001:db8:f::1"}
ADDRESS = re.compile(r"198\.18\.\d{1,3}\.\d{1,3}|2001:db8:a(?::[0-9a-f]*)+")


def third_parties(addresses, attackers):
    return sorted(a for a in addresses if not ours.members(re.sub("^::ffff:", "", a), attackers | SERVER))


def hit(addresses, attackers):
    """How many attackers are banned."""
    return len(set().union(*(ours.members(a, attackers) for a in addresses)))


def replayed(folder, now, **where):
    """{log: alerts}, lines read."""
    out, lines = {}, 0
    for log, kind in TYPES.items():
        out[log], summary = ours.replay(folder / f"{log}.log", kind, now, **where)
        lines += summary["lines"]
    return out, lines


def accused(title, folder, banned):
    """Tells on stderr for some victims which line named them."""
    for address, why in list(banned.items())[:8]:
        line = next((text.rstrip() for log in TYPES for text in open(folder / f"{log}.log", errors="replace") if address in text), "")
        print(f"  {title} bans {address} ({why}), for instance: {line[:220]}", file=sys.stderr)


def verdict(rows, name, folder, alerts, lines, attackers):
    bans, ambiguous = {}, set()
    for log in alerts:
        for alert in alerts[log]:
            if alert.bans:
                bans.setdefault(alert.address, alert.scenario)
            elif alert.ambiguous:
                ambiguous.add((alert.scenario, alert.address))
    strangers = third_parties(bans, attackers)
    accused(name, folder, {a: bans[a] for a in strangers})
    rows.add(f"{name}, {lines:,} lines: third parties banned", str(len(strangers)), "0", not strangers)
    rows.add(f"{name}: attackers banned", f"{hit(bans, attackers)} of {len(attackers)}", "told", True)
    rows.add(f"{name}: ambiguous (scenario, address) that ban nobody", str(len(ambiguous)), "told", True)


def lines_to_ban(folder, alerts, attackers):
    """{(attacker, log): how many lines with his address stood in that log when he was banned}."""
    out = {}
    for log in TYPES:
        first = {}
        for alert in alerts[log]:
            if alert.bans and alert.line:
                first[alert.address] = min(alert.line, first.get(alert.address, alert.line))
        seen = collections.Counter()
        with open(folder / f"{log}.log", errors="replace", newline="\n") as text:
            for number, line in enumerate(text, 1):
                for address in set(ADDRESS.findall(line)) & attackers:
                    seen[address] += 1
                    if first.get(address) == number:
                        out[address, log] = seen[address]
    return out


def gain(rows, folder, alerts, attacks):
    """Is anybody who writes addresses banned later, or not at all, than who does the same without?"""
    needed = lines_to_ban(folder, alerts, {a["source"] for a in attacks})
    soonest = lambda attack: min((n for (address, _), n in needed.items() if address == attack["source"]), default=None)
    plain = collections.defaultdict(list)
    for attack in attacks:
        if attack["payload"] == "plain":
            plain[attack["vector"]].append(soonest(attack))
    compared, later = 0, []
    for attack in attacks:
        without = plain[attack["vector"]]
        if attack["payload"] == "plain" or None in without:
            continue
        compared += 1
        mine = soonest(attack)
        # A line may slip between two seconds of the log and leak away: one line more is the clock's doing. Where he
        # writes his own address as well, lines are counted that else do not hold it.
        if mine is None or mine > max(without) * (2 if attack["payload"].startswith("own address") else 1) + 1:
            later.append((attack["vector"], attack["payload"], attack["mode"], mine, max(without)))
    print("own content: vectors whose plain attack is banned, lines until the ban: " +
          ", ".join(f"{vector} {counts}" for vector, counts in plain.items()), file=sys.stderr)
    for vector, payload, mode, mine, without in later[:40]:
        print(f"  gains: {vector}, payload '{payload}' ({mode}): {mine or 'never banned'} instead of {without}", file=sys.stderr)
    rows.add("own content: attacks with addresses in them that are banned later than without", f"{len(later)} of {compared}", "0", not later)


def peer_rows(rows, folder, attackers):
    with rows.case("fail2ban on the same lines"):
        by_filter = collections.defaultdict(dict)
        for log, names in FILTERS.items():
            for name in names:
                for ban in fail2ban.bans(folder / f"{log}.log", name)[0]:
                    by_filter[name][ban.address] = name
        for name, bans in by_filter.items():
            strangers = third_parties(bans, attackers)
            accused("fail2ban", folder, {a: bans[a] for a in strangers[:2]})
            rows.add(f"fail2ban 1.0.2, {name}: third parties banned", "", "told", True, f"{len(strangers)}; attackers {hit(bans, attackers)}")
        everybody = set().union(*by_filter.values()) if by_filter else set()
        rows.add("fail2ban 1.0.2, all of these filters: third parties banned", "", "told", True,
                 f"{len(third_parties(everybody, attackers))}; attackers {hit(everybody, attackers)} of {len(attackers)}")
    with rows.case("CrowdSec on the same lines"):
        bans = {}
        with crowdsec.Sandbox(crowdsec.items_of(COLLECTIONS)) as sandbox:
            for log, kind in TYPES.items():
                for scenario, address, _ in sandbox.replay(folder / f"{log}.log", kind).alerts:
                    bans.setdefault(address, scenario)
        strangers = third_parties(bans, attackers)
        accused("CrowdSec", folder, {a: bans[a] for a in strangers})
        for scenario in sorted({bans[a] for a in strangers}):
            rows.add(f"CrowdSec 1.4.6, {scenario}: third parties", "", "told", True, str(sum(bans[a] == scenario for a in strangers)))
        rows.add("CrowdSec 1.4.6, the hub's collections for these daemons: third parties banned", "", "told", True,
                 f"{len(strangers)}; attackers {hit(bans, attackers)} of {len(attackers)}")


def main():
    def extra(parser):
        parser.add_argument("--folder", type=pathlib.Path, help="a corpus that forge.py wrote before")
        parser.add_argument("--quick", action="store_true", help="a few payloads only")
        parser.add_argument("--no-peers", action="store_true")
        parser.add_argument("--content", type=pathlib.Path, default=REPO / "config/content")

    options = common.options(__doc__, extra)
    rows = Rows(options.output == "json")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or pathlib.Path(temporary)
        if not options.folder:
            # Debian's python3: paramiko is a package of it.
            done = common.run(["/usr/bin/python3", REPO / "scripts/lib/forge.py", folder, *(["--quick"] if options.quick else [])])
            print(done.stdout.strip(), file=sys.stderr)
        attacks = json.loads((folder / "attacks.json").read_text())
        attackers = {a["source"] for a in attacks}
        now = datetime.datetime.fromtimestamp((folder / "syslog.log").stat().st_mtime, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        print(f"{len(attacks)} attacks, {sum(a['acts'] for a in attacks)} acts", file=sys.stderr)
        with rows.case("own content"):
            alerts, lines = replayed(folder, now, content=options.content)
            verdict(rows, "own content", folder, alerts, lines, attackers)
            gain(rows, folder, alerts, attacks)
        with rows.case("hub content"):
            alerts, lines = replayed(folder, now, hub=crowdsec.HUB)
            verdict(rows, "hub, all of it", folder, alerts, lines, attackers)
        if not options.no_peers:
            peer_rows(rows, folder, attackers)
    rows.finish()


if __name__ == "__main__":
    main()
