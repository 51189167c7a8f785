"""Who is who in a log of innocents.py.

Truth is by kind of behaviour. Addresses, names and times come from the seed; development and acceptance use different
ones, so that nothing can be tuned to an address or a name.

An attacker has *enough acts to be told apart* (is `countable`) when it did at least 10, of which at least 6 lie within
one hour: fewer and slower ones do less than people with a forgotten password do. They are counted apart.
"""

import collections
import pathlib

ENOUGH, ENOUGH_IN_AN_HOUR = 10, 6
Truth = collections.namedtuple("Truth", "address side kind acts most_in_an_hour targets lines")


def countable(truth):
    return truth.side == "attacker" and truth.acts >= ENOUGH and truth.most_in_an_hour >= ENOUGH_IN_AN_HOUR


def read_truth(folder):
    """{address: Truth} of the folder's truth.tsv."""
    rows = {}
    for line in (pathlib.Path(folder) / "truth.tsv").read_text().splitlines()[1:]:
        fields = line.split("\t")
        rows[fields[0]] = Truth(*fields[:3], *map(int, fields[3:]))
    return rows
