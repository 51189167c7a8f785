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
            # Less what it costs to make the sources, which is in all of these.
            made = f["pass4 random generator"]
            ratio_row(rows, f"innocent packet, plain kernel hash / 2.4 M {what}, random sources, both less the sources' {made:.0f} ns",
                      f["pass4 random hash"] - made, f[f"pass4 random 2.4M {what}"] - made, 6, "ns", f"ours, 2.4 M {what}",
                      at_most=False)
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


def observing(rows, rounds):
    with rows.case("counting packets by source"):
        f = figures("bench_kernel_observe", rounds)
        for what, packets in (("ack", "segments of open connections"), ("udp", "datagrams")):
            more = f[f"{what} on"] - f[f"{what} off"]
            rows.add(f"observing on / off, {packets}, 16,384 clients", f"{f[f'{what} on']:.0f} ns", "<= 1 ns more", more <= 1,
                     f"off {f[f'{what} off']:.0f} ns", f"{more:+.1f} ns")
        ratio_row(rows, "observing on / off, flood of SYNs from ever new sources", f["syn on"], f["syn off"], 1.5, "ns", "off")


def throttling(rows, seconds):
    with rows.case("throttle, two processors at once"):
        for name, off in figures("bench_kernel_throttle", seconds).items():
            rate = int(name.split()[1])
            rows.add(f"throttle to {rate:,} packets a second, flooded from 2 processors", f"{off:+.2f}%", "±1%", abs(off) <= 1)


def nftables(rows):
    with rows.case("nftables"):
        done = run([BENCH_BIN / "bench_nft_load", "-o", "json"], timeout=600)
        for row in map(json.loads, done.stdout.splitlines()):
            rows.add(row["case"], f"{row['ours']:,.3f} ms", f"<= {row['goal']:,} ms", row["met"], f"{row['peer']:,.1f} ms",
                     f"{row['ratio']:.3f}")


def surviving(rows):
    with rows.case("upgrades and kills under a flood"), Pair() as pair:
        f = figures("bench_kernel_net", "life", "--guard", pair.guard_ns, "--attack", pair.attack_ns)
        for what, name in (("upgrades", "starts anew, each with another program"), ("kills", "kill -9 while it changes decisions")):
            through = f[f"life {what} through"]
            rows.add(f"packets of banned sources let through by {f[f'life {what}']:,.0f} {name}", f"{through:,.0f}", "0",
                     through == 0, f"{f['life dropped']:,.0f} dropped in all")


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


PARTS = {
    "pass": lambda rows, options: pass_path(rows, options.rounds),
    "load": lambda rows, options: loading(rows, options.rounds),
    "observe": lambda rows, options: observing(rows, options.rounds),
    "throttle": lambda rows, options: throttling(rows, options.seconds),
    "net": lambda rows, options: in_situ(rows, options.rounds, options.seconds),
    "life": lambda rows, options: surviving(rows),
    "nft": lambda rows, options: nftables(rows),
}


def main():
    def extra(parser):
        parser.add_argument("--rounds", type=int, default=5)
        parser.add_argument("--seconds", type=float, default=2)
        parser.add_argument("--only", choices=PARTS)

    options = common.options(__doc__, extra)
    rows = Rows(options.output == "json")
    for name, part in PARTS.items():
        if options.only in (None, name):
            part(rows, options)
    rows.finish()


main()
