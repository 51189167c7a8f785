"""People and machines that look bad, and attackers among them: who gets banned by whom.

A week of logs from scripts/lib/innocents.py (its docstring and innocents_truth.py say what counts) goes through own
content, the hub's scenarios, and, as a sample of whole addresses with all their lines, through Debian's CrowdSec and
fail2ban. A ban is the first alert that asks for a remedy; that an address is silent after it is not simulated.
"""

import collections
import pathlib
import re
import sys
import tempfile
import zlib

import common
import crowdsec
import fail2ban
import ours
from common import REPO, Rows

sys.path.append(str(REPO / "scripts/lib"))
import innocents_lines  # noqa: E402  pylint: disable=wrong-import-position
import innocents_truth  # noqa: E402  pylint: disable=wrong-import-position

NOW = "2026-02-09T00:00:00Z"
# Those that an administrator of these daemons would install.
COLLECTIONS = ("linux", "nginx", "wordpress", "postfix", "dovecot", "vsftpd")
ADDRESS = re.compile(r"198\.1[89]\.\d{1,3}\.\d{1,3}|2001:db8(?::[0-9a-f]*)+")


class Score:
    """Banned addresses against the truth."""

    def __init__(self, truth, banned):
        self.innocents = sorted(a for a in banned if a in truth and truth[a].side == "innocent")
        self.strangers = sorted(a for a in banned if a not in truth)
        attackers = [t for t in truth.values() if t.side == "attacker"]
        self.groups = {}
        for name, members in (("enough", [t for t in attackers if innocents_truth.countable(t)]),
                              ("slow", [t for t in attackers if t.acts >= innocents_truth.ENOUGH and not innocents_truth.countable(t)]),
                              ("few", [t for t in attackers if t.acts < innocents_truth.ENOUGH])):
            self.groups[name] = (sum(t.address in banned for t in members), len(members))

    def share(self, group):
        caught, of = self.groups[group]
        return 100 * caught / of if of else 100.0

    def text(self):
        caught, of = self.groups["enough"]
        return f"{len(self.innocents)} innocents, {caught} of {of} attackers ({self.share('enough'):.1f}%)"


def kinds_of(truth, banned, side):
    """Of each kind, how many are banned: for the reader who wants to know whom."""
    all_, hit = collections.Counter(), collections.Counter()
    for t in truth.values():
        if t.side == side and (side == "innocent" or innocents_truth.countable(t)):
            all_[t.kind] += 1
            hit[t.kind] += t.address in banned
    return [(kind, hit[kind], all_[kind]) for kind in sorted(all_)]


def by_scenario(folder, truth, **where):
    """{scenario: banned addresses} and lines read, over all logs of the folder."""
    banned, lines, ambiguous = collections.defaultdict(set), 0, 0
    for log, kind in innocents_lines.TYPES.items():
        alerts, summary = ours.replay(folder / log, kind, NOW, **where)
        lines += summary["lines"]
        for alert in alerts:
            ambiguous += alert.ambiguous
            if alert.bans:
                banned[alert.scenario] |= ours.members(alert.address, set(truth)) or {alert.address}
    return banned, lines, ambiguous


def united(sets):
    return set().union(*sets.values()) if sets else set()


def sample(folder, truth, most_lines, out):
    """Writes the lines of a deterministic share of the addresses; returns their truth and the number of lines."""
    total = sum(t.lines for t in truth.values())
    step = max(1, -(-total // most_lines))
    chosen = {a: t for a, t in truth.items() if zlib.crc32(a.encode()) % step == 0}
    lines = 0
    for log in innocents_lines.LOGS:
        with open(folder / log) as source, open(out / log, "w") as target:
            for line in source:
                if any(found in chosen for found in ADDRESS.findall(line)):
                    target.write(line)
                    lines += 1
    return chosen, lines


def tell_kinds(title, truth, banned):
    print(f"\n{title}", file=sys.stderr)
    for side in ("innocent", "attacker"):
        for kind, hit, of in kinds_of(truth, banned, side):
            if hit if side == "innocent" else hit < of:
                print(f"  {side:9} {kind:28} {hit:5} of {of} banned", file=sys.stderr)


def own(rows, folder, truth, content):
    with rows.case("own content"):
        banned, lines, ambiguous = by_scenario(folder, truth, content=content)
        everybody = united(banned)
        score = Score(truth, everybody)
        if score.strangers:
            raise RuntimeError(f"bans of addresses that are in no line's truth: {score.strangers[:3]}")
        rows.add(f"own content, {lines:,} lines: innocents banned", f"{len(score.innocents)} of "
                 f"{sum(t.side == 'innocent' for t in truth.values())}", "0", not score.innocents)
        caught, of = score.groups["enough"]
        rows.add("own content: attackers with enough acts banned", f"{caught} of {of} ({score.share('enough'):.1f}%)", ">= 95%",
                 score.share("enough") >= 95)
        rows.add("own content: attackers of >= 10 acts, but fewer than 6 in any hour", "{} of {}".format(*score.groups["slow"]), "told", True)
        rows.add("own content: attackers of fewer than 10 acts", "{} of {}".format(*score.groups["few"]), "told", True)
        rows.add("own content: alerts from ambiguous lines", str(ambiguous), "told", True)
        tell_kinds("own content: innocents that are banned, attackers that are missed", truth, everybody)
        for scenario in sorted(banned):
            print(f"  {scenario:40} {Score(truth, banned[scenario]).text()}", file=sys.stderr)


def hub(rows, folder, truth):
    with rows.case("the hub's scenarios"):
        banned, _, _ = by_scenario(folder, truth, hub=crowdsec.HUB)
        for scenario in sorted(banned):
            rows.add(f"hub: {scenario}", Score(truth, banned[scenario]).text(), "told", True)
        rows.add("hub: all of it", Score(truth, united(banned)).text(), "told", True)
        tell_kinds("hub: innocents that are banned, attackers that are missed", truth, united(banned))


def peers(rows, folder, truth, content, most_lines):
    with rows.case("peers on a sample"), tempfile.TemporaryDirectory() as temporary:
        part = pathlib.Path(temporary)
        chosen, lines = sample(folder, truth, most_lines, part)
        title = f"sample of {len(chosen):,} addresses, {lines:,} lines"
        mine = united(by_scenario(part, chosen, content=content)[0])
        same = united(by_scenario(part, chosen, hub=crowdsec.HUB, items=ours.hub_items(COLLECTIONS))[0])
        rows.add(f"{title}: own content", Score(chosen, mine).text(), "told", True)
        rows.add(f"{title}: the collections that CrowdSec runs, here", Score(chosen, same).text(), "told", True)
        found, seconds = collections.defaultdict(set), 0.0
        for log, names in fail2ban.FILTERS.items():
            for name in names:
                bans, used = fail2ban.bans(part / log, name)
                seconds += used
                found[name].update(ban.address for ban in bans)
        rows.add(f"{title}: fail2ban 1.0.2, jail sshd (Debian's default)", "", "told", True, Score(chosen, found["sshd"]).text())
        rows.add(f"{title}: fail2ban 1.0.2, all matching filters", "", "told", True,
                 Score(chosen, united(found)).text() + f", {seconds:.0f} s")
        tell_kinds("fail2ban: innocents that are banned, attackers that are missed", chosen, united(found))
        banned, seconds = collections.defaultdict(set), 0.0
        asks = remedies()
        with crowdsec.Sandbox(crowdsec.items_of(COLLECTIONS)) as sandbox:
            for log, kind in innocents_lines.TYPES.items():
                result = sandbox.replay(part / log, kind)
                seconds += result.user_seconds
                for scenario, address, _ in result.alerts:
                    if asks.get(scenario, True):
                        banned[scenario] |= ours.members(address, set(chosen)) or {address}
            for item in sandbox.replaced:
                print(f"  CrowdSec 1.4.6 has {item} as Debian ships it: it cannot load the hub's", file=sys.stderr)
            for item in sandbox.left_out:
                print(f"  CrowdSec 1.4.6 cannot load {item}", file=sys.stderr)
        for scenario in sorted(banned):
            rows.add(f"CrowdSec 1.4.6: {scenario}", "", "told", True, Score(chosen, banned[scenario]).text())
        rows.add(f"{title}: CrowdSec 1.4.6, {len(COLLECTIONS)} collections of the hub", "", "told", True,
                 Score(chosen, united(banned)).text() + f", {seconds:.0f} s")
        tell_kinds("CrowdSec: innocents that are banned, attackers that are missed", chosen, united(banned))


def remedies():
    """{scenario: whether its labels ask for a remedy}."""
    out = {}
    for path in (crowdsec.HUB / "hub/scenarios").rglob("*.yaml"):
        for document in re.split(r"^---", path.read_text(), flags=re.M):
            if name := re.search(r"^name:\s*(\S+)", document, re.M):
                out[name[1].strip("'\"")] = bool(re.search(r"^\s+remediation:\s*[\"']?true", document, re.M))
    return out


def main():
    def extra(parser):
        parser.add_argument("--lines", type=int, default=1_000_000)
        parser.add_argument("--seed", type=int, default=7)
        parser.add_argument("--sample", type=int, default=100_000, help="at most about so many lines for the peers")
        parser.add_argument("--folder", type=pathlib.Path, help="logs that are there already")
        parser.add_argument("--content", type=pathlib.Path, default=REPO / "config/content")
        parser.add_argument("--only", choices=["own", "hub", "peers"])

    options = common.options(__doc__, extra)
    rows = Rows(options.output == "json")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or pathlib.Path(temporary)
        if not options.folder:
            done = common.run([REPO / "scripts/lib/innocents.py", "--seed", options.seed, "--lines", options.lines, folder])
            print(f"seed {options.seed}: {done.stdout.strip()}", file=sys.stderr)
        truth = innocents_truth.read_truth(folder)
        if options.only in (None, "own"):
            own(rows, folder, truth, options.content)
        if options.only in (None, "hub"):
            hub(rows, folder, truth)
        if options.only in (None, "peers"):
            peers(rows, folder, truth, options.content, options.sample)
    rows.finish()


if __name__ == "__main__":
    main()
