"""The kernel side: what an innocent packet pays, how long millions take to load, what one change costs, how many packets
one CPU drops, each beside what people use otherwise, in the same run and with rounds in turn."""

import json

import common
from common import BENCH_BIN, Pair, Rows, run


def figures(*command, timeout=900):
    """{name: value} of a program that prints one JSON object a line."""
    done = run([BENCH_BIN / command[0], *command[1:]], timeout=timeout)
    return {f["name"]: f["value"] for f in map(json.loads, done.stdout.splitlines())}


def ratio_row(rows, case, ours, peer, goal, unit, peer_name, at_most=True):
    ratio = ours / peer
    met = ratio <= goal if at_most else ratio >= goal
    shown = (lambda v: f"{v:,.0f} {unit}")
    rows.add(case, shown(ours), f"{'<=' if at_most else '>='} {goal}", met, f"{peer_name} {shown(peer)}", f"{ratio:.2f}")


def pass_path(rows, rounds):
    with rows.case("pass path, test runs"):
        f = figures("bench_kernel_pass", rounds)
        for kind, goal in (("16k", 1.15), ("random", 1.25)):
            sources = "16,384 clients" if kind == "16k" else "random sources"
            for what in ("bans", "listed"):
                ratio_row(rows, f"innocent packet, 2.4 M {what}, {sources}", f[f"pass4 {kind} 2.4M {what}"],
                          f[f"pass4 {kind} 0"], goal, "ns", "0 bans, same maps")
        for what in ("bans", "listed"):
            ratio_row(rows, f"innocent packet, plain kernel hash / 2.4 M {what}, random sources", f["pass4 random hash"],
                      f[f"pass4 random 2.4M {what}"], 6, "ns", f"ours, 2.4 M {what}", at_most=False)
        for family in "46":
            ratio_row(rows, f"innocent packet, 10,000 IPv{family} prefixes, 16,384 clients", f[f"prefixes{family} 10k"],
                      f[f"prefixes{family} 0"], 1.5, "ns", "no prefix")


def loading(rows, rounds):
    with rows.case("loading 2.4 million addresses"):
        f = figures("bench_kernel_load", rounds)
        peer = f"plain kernel hash, batches {f['load plain hash']:.2f} s"
        for stage, seconds, megabytes in (("stage1", 1.2, 280), ("stage2", 0.3, 45)):
            what = "decisions (kernel hash and filter)" if stage == "stage1" else "a list (own table and filter, swapped in)"
            # What an installation holds without a single ban (lists of sources, witnesses, counters) is told apart.
            took, held = f[f"load {stage}"], (f[f"memory {stage}"] - f["memory empty"]) / 1e6
            rows.add(f"2.4 M IPv4 loaded as {what}", f"{took:.2f} s", f"<= {seconds} s", took <= seconds, peer,
                     f"{took / f['load plain hash']:.2f}")
            rows.add(f"memory of 2.4 M IPv4 as {what}", f"{held:.0f} MB", f"<= {megabytes} MB", held <= megabytes)
        rows.add("memory of all tables without a ban", f"{f['memory empty'] / 1e6:.0f} MB", "", True)
        rows.add("the same list again, as a new generation", f"{f['load stage2 again']:.2f} s", "", True)
        for what, goal in (("median", 2_000), ("p99", 20_000)):
            for change in ("add", "remove"):
                value = f[f"change {change} {what}"]
                rows.add(f"one change among 2.4 M bans, {change}, {what}", f"{value:,.0f} ns", f"<= {goal:,} ns", value <= goal)


def in_situ(rows, rounds, seconds):
    for what in ("pass", "drop"):
        with rows.case(f"real packets, {what}"), Pair() as pair:
            f = figures("bench_kernel_net", what, "--guard", pair.guard_ns, "--attack", pair.attack_ns, "--rounds", rounds,
                        "--seconds", seconds)
            if what == "drop":
                for mode, goal in (("native", 2), ("generic", 1.1)):
                    ratio_row(rows, f"packets dropped a second on one CPU, XDP {mode}, 100,000 bans", f[f"drop {mode}"],
                              f["drop nft ingress"], goal, "/s", "nft ingress", at_most=False)
                continue
            for held in ("bans", "listed"):
                ratio_row(rows, f"packets passed to the stack a second, 2.4 M {held}, random sources", f[f"pass 2.4M {held}"],
                          f["pass 0"], 0.95, "/s", "0 bans, same maps", at_most=False)
                ratio_row(rows, f"packets passed to the stack a second, 2.4 M {held} / plain kernel hash", f[f"pass 2.4M {held}"],
                          f["pass 2.4M hash"], 1.5, "/s", "plain hash", at_most=False)


def main():
    def extra(parser):
        parser.add_argument("--rounds", type=int, default=5)
        parser.add_argument("--seconds", type=float, default=2)
        parser.add_argument("--only", choices=["pass", "load", "net"])

    options = common.options(__doc__, extra)
    rows = Rows(options.output == "json")
    if options.only in (None, "pass"):
        pass_path(rows, options.rounds)
    if options.only in (None, "load"):
        loading(rows, options.rounds)
    if options.only in (None, "net"):
        in_situ(rows, options.rounds, options.seconds)
    rows.finish()


main()
