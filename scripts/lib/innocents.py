#!/usr/bin/env python3
"""Writes a week of logs of several hosts, and who is who: the same seed gives the same bytes.

    innocents.py --seed N [--lines N] DIR

DIR gets auth.log, mail.log, access.log, error.log, vsftpd.log, each in order of time, and truth.tsv:

    address  innocent|attacker  kind  acts  most_in_an_hour  targets  lines
(innocents_truth.py says what they mean.)
"""

import argparse
import collections
import pathlib
import random

import innocents_attackers
import innocents_machines  # noqa: F401  registers its kinds
import innocents_people
import innocents_web
from innocents_lines import HOUR, LOGS, World
from innocents_truth import Truth, countable

def most_in_an_hour(acts):
    times, most, begin = sorted(t for t, _ in acts), 0, 0
    for end, t in enumerate(times):
        while times[begin] < t - HOUR:
            begin += 1
        most = max(most, end - begin + 1)
    return most


def make(seed, lines):
    """A World of about `lines` lines, and the truth about each address in it."""
    world = World(random.Random(seed))
    scale, truth = lines / 1_000_000, []

    def simulate(name, function, hostile):
        actor, before = world.actor(name, hostile), world.count
        function(world, actor)
        truth.append(Truth(actor.ip, "attacker" if hostile else "innocent", name, len(actor.acts), most_in_an_hour(actor.acts),
                           len({target for _, target in actor.acts}), world.count - before))

    for hostile, kinds in ((False, innocents_people.KINDS), (True, innocents_attackers.KINDS)):
        for name, (count, function) in kinds.items():
            for _ in range(max(1, round(count * scale)) if count else 0):
                simulate(name, function, hostile)
    while world.count < lines:
        simulate("web_visitor", innocents_web.web_visitor, False)
    return world, truth


def write(world, truth, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for log in LOGS:
        with open(folder / log, "w") as out:
            out.writelines(text + "\n" for _, _, text in sorted(world.lines[log]))
    with open(folder / "truth.tsv", "w") as out:
        out.write("#" + "\t".join(Truth._fields) + "\n")
        out.writelines("\t".join(map(str, row)) + "\n" for row in truth if row.lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    world, truth = make(options.seed, options.lines)
    write(world, truth, options.folder)
    sides = collections.Counter(row.side for row in truth)
    print(f"{world.count} lines, {sides['innocent']} innocents, {sides['attacker']} attackers, "
          f"{sum(map(countable, truth))} of them with enough acts; " +
          ", ".join(f"{log} {len(lines)}" for log, lines in world.lines.items()))


if __name__ == "__main__":
    main()
