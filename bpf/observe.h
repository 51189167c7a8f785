/* bpf/observe.h: packets that pass, counted by source: SYNs, distinct ports, datagrams, impossible flags.
 *
 * A packet of an open connection (ACK without SYN) costs a comparison, a datagram one in 64 or 1,024 a look-up. Sources
 * live in an LRU map of fixed size: strangers who invent addresses push each other out, and above `syn_exact` SYNs
 * a second only one of 64, then of 1,024, is looked at. What crosses a threshold is told once a window; userspace
 * decides what that means, and whether the address can be believed (a source address is no proof of its sender).
 */
#ifndef TESTUDO_OBSERVE_H
#define TESTUDO_OBSERVE_H

#include "incoming.h"
#include "observation.h"

#define TESTUDO_PROTOCOL_ICMP 1
#define TESTUDO_PROTOCOL_ICMP6 58

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct observe_config);
} observe_config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TESTUDO_SOURCES);
	__type(key, struct source_key);
	__type(value, struct source_value);
} sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TESTUDO_OBSERVATIONS_BYTES);
} observations SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct observe_load);
} observe_load SEC(".maps");

/* What one packet says, on its way to the counts. */
struct sight {
	const struct observe_config *config;
	struct observe_load *load;
	__u64 now_ns;
	__u32 window;
	__u32 kind;
	__u32 weight; /* packets that this one stands for */
	__u32 ifindex;
	__u16 port;
};

static __always_inline void report(const struct sight *sight, const struct source_key *key,
				 const struct source_value *value, __u32 kind)
{
	struct testudo_observation *event = bpf_ringbuf_reserve(&observations, sizeof *event, 0);

	if (!event) {
		sight->load->lost += 1;
		return;
	}
	event->time_ns = sight->now_ns;
	event->source = *key;
	event->ifindex = sight->ifindex;
	event->kind = kind;
	event->count = value->count[kind];
	event->ports = value->count[TESTUDO_OBSERVED_PORTS];
	event->window_s = sight->config->window_s;
	event->port = sight->port;
	event->reserved = 0;
	bpf_ringbuf_submit(event, 0);
}

static __always_inline void report_past(const struct sight *sight, const struct source_key *key,
				      struct source_value *value, __u32 kind, __u32 threshold)
{
	if (!threshold || value->count[kind] < threshold || value->told & 1u << kind)
		return;
	value->told |= 1u << kind;
	report(sight, key, value, kind);
}

/* Races between CPUs lose a count now and then: harmless. */
static __always_inline void count_source(const struct sight *sight, const struct source_key *key,
					 const __u32 *thresholds)
{
	struct source_value *value = bpf_map_lookup_elem(&sources, key);
	__u32 kind = sight->kind;

	if (kind >= TESTUDO_OBSERVED_KINDS)
		return;
	if (!value) {
		struct source_value fresh = {.window = sight->window};

		bpf_map_update_elem(&sources, key, &fresh, BPF_ANY);
		value = bpf_map_lookup_elem(&sources, key);
		if (!value)
			return;
	} else if (value->window != sight->window) {
		__builtin_memset(value, 0, sizeof *value);
		value->window = sight->window;
	}
	value->count[kind] += sight->weight;
	if (kind == TESTUDO_OBSERVED_SYN) {
		__u64 bit = 1ULL << (sight->port & 63);
		__u64 *word = &value->ports[sight->port >> 6 & 3];

		if (!(*word & bit)) {
			*word |= bit;
			value->count[TESTUDO_OBSERVED_PORTS] += 1;
			report_past(sight, key, value, TESTUDO_OBSERVED_PORTS, thresholds[TESTUDO_OBSERVED_PORTS]);
		}
	}
	report_past(sight, key, value, kind, thresholds[kind]);
}

static __always_inline void count_sight(const struct sight *sight, const struct testudo_packet *packet)
{
	struct source_key key = {};
	int v4 = packet->kind == TESTUDO_KIND_IP4;

	sight->load->seen += 1;
	key.family = v4 ? 4 : 6;
	key.length = v4 ? 32 : 128;
	if (v4) {
		__builtin_memcpy(key.address, &packet->address4, 4);
	} else {
		__builtin_memcpy(key.address, &packet->high, 8);
		__builtin_memcpy(key.address + 8, &packet->low, 8);
	}
	count_source(sight, &key, sight->config->threshold);
	if (v4) {
		key.length = 24;
		key.address[3] = 0;
	} else {
		key.length = 64;
		__builtin_memset(key.address + 8, 0, 8);
	}
	count_source(sight, &key, sight->config->networks);
}

/* SYN alone asks for a connection; none of SYN, ACK, RST, or SYN with FIN or RST, no stack sends. */
static __always_inline __u32 kind_of_flags(__u32 flags)
{
	__u32 known = flags & (TESTUDO_TCP_SYN | TESTUDO_TCP_ACK | TESTUDO_TCP_RST);

	if (!known || (flags & TESTUDO_TCP_SYN && flags & (TESTUDO_TCP_FIN | TESTUDO_TCP_RST)))
		return TESTUDO_OBSERVED_BAD_FLAGS;
	return known == TESTUDO_TCP_SYN ? TESTUDO_OBSERVED_SYN : TESTUDO_OBSERVED_KINDS;
}

/* IPv4 without options and fragments that is TCP with `flags` among `mask`, told without the whole way to the ports. */
static __always_inline int plain_tcp(struct xdp_md *ctx, const struct testudo_packet *packet, __u8 mask, __u8 flags)
{
	const char *network = (const char *)(long)ctx->data + (packet->network & 31);
	const struct testudo_ip4 *ip = (const struct testudo_ip4 *)network;
	const struct testudo_tcp *tcp = (const struct testudo_tcp *)(ip + 1);

	if (packet->kind != TESTUDO_KIND_IP4 || (const void *)(tcp + 1) > (const void *)(long)ctx->data_end)
		return 0;
	return ip->version_length == 0x45 && ip->protocol == TESTUDO_PROTOCOL_TCP &&
	       !(ip->fragment & TESTUDO_BE16(0x3fff)) && (tcp->flags & mask) == flags;
}

static __always_inline __u32 syn_step(__u32 syns, __u32 exact)
{
	return syns / TESTUDO_SYN_MANY > exact ? TESTUDO_SYN_STEP_MANY : TESTUDO_SYN_STEP;
}

/* A SYN of a flood that is not the one in syn_step() to be looked at. */
static __always_inline int syn_passed_over(void)
{
	__u32 zero = 0;
	const struct observe_config *config = bpf_map_lookup_elem(&observe_config, &zero);
	struct observe_load *load = bpf_map_lookup_elem(&observe_load, &zero);

	if (!config || !load || load->syns <= config->syn_exact || !config->window_s)
		return 0;
	if (!((load->syns + 1) & (syn_step(load->syns + 1, config->syn_exact) - 1)))
		return 0;
	/* Another second: the flood may be over. Asked now and then: 63 SYNs after a flood go unseen. */
	if ((load->syns & 63) == 63 && load->second != bpf_ktime_get_coarse_ns() / NS_PER_S)
		return 0;
	load->syns += 1;
	load->sampled += 1;
	return 1;
}

/* Of datagrams one in TESTUDO_DATAGRAM_STEP is looked at: the others need not be read up to their ports. */
static __always_inline int datagram_passed_over(struct xdp_md *ctx, const struct testudo_packet *packet, __u64 passed)
{
	const char *network = (const char *)(long)ctx->data + (packet->network & 31);
	const struct testudo_ip4 *ip = (const struct testudo_ip4 *)network;
	const struct testudo_ip6 *ip6 = (const struct testudo_ip6 *)network;

	if (!(passed & (TESTUDO_DATAGRAM_STEP - 1)) || (const void *)(ip + 1) > (const void *)(long)ctx->data_end)
		return 0;
	if (packet->kind == TESTUDO_KIND_IP4)
		return ip->protocol != TESTUDO_PROTOCOL_TCP;
	return ip6->next == TESTUDO_PROTOCOL_UDP || ip6->next == TESTUDO_PROTOCOL_ICMP6;
}

/* A function of its own: its frame would not fit beside that of the walk (512 bytes in all). */
__noinline int count_packet(struct xdp_md *ctx, struct testudo_packet *packet, __u64 passed)
{
	struct sight sight = {};
	__u32 zero = 0;

	if (!packet)
		return 0;
	read_transport(ctx, packet);
	if (packet->flags & (TESTUDO_PACKET_LATER_FRAGMENT | TESTUDO_PACKET_HIDES))
		return 0;
	if (packet->protocol == TESTUDO_PROTOCOL_TCP) {
		if ((packet->tcp_flags & (TESTUDO_TCP_ACK | TESTUDO_TCP_SYN)) == TESTUDO_TCP_ACK)
			return 0;
		sight.kind = kind_of_flags(packet->tcp_flags);
		if (sight.kind == TESTUDO_OBSERVED_KINDS)
			return 0;
		sight.weight = 1;
	} else {
		if (passed & (TESTUDO_DATAGRAM_STEP - 1))
			return 0;
		if (packet->protocol == TESTUDO_PROTOCOL_UDP)
			sight.kind = TESTUDO_OBSERVED_UDP;
		else if (packet->protocol == TESTUDO_PROTOCOL_ICMP || packet->protocol == TESTUDO_PROTOCOL_ICMP6)
			sight.kind = TESTUDO_OBSERVED_ICMP;
		else
			return 0;
		sight.weight = TESTUDO_DATAGRAM_STEP;
	}
	sight.config = bpf_map_lookup_elem(&observe_config, &zero);
	sight.load = bpf_map_lookup_elem(&observe_load, &zero);
	if (!sight.config || !sight.load || !sight.config->window_s)
		return 0;
	if (sight.kind == TESTUDO_OBSERVED_UDP && sight.config->threshold[TESTUDO_OBSERVED_UDP] >= TESTUDO_DATAGRAM_MANY) {
		sight.weight = TESTUDO_DATAGRAM_STEP_MANY;
		if (passed & (TESTUDO_DATAGRAM_STEP_MANY - 1))
			return 0;
	}
	sight.now_ns = bpf_ktime_get_coarse_ns();
	sight.window = sight.now_ns / NS_PER_S / sight.config->window_s;
	if (sight.weight == 1) {
		struct observe_load *load = sight.load;

		if (load->second != sight.now_ns / NS_PER_S) {
			load->second = sight.now_ns / NS_PER_S;
			load->syns = 0;
		}
		load->syns += 1;
		if (load->syns > sight.config->syn_exact) {
			sight.weight = syn_step(load->syns, sight.config->syn_exact);
			if (load->syns & (sight.weight - 1)) {
				load->sampled += 1;
				return 0;
			}
		}
	}
	sight.ifindex = ctx->ingress_ifindex;
	sight.port = packet->destination_port;
	count_sight(&sight, packet);
	return 0;
}

/* `passed`: packets that this CPU let pass so far; its low bits choose which datagrams are looked at. */
static __always_inline void observe(struct xdp_md *ctx, struct testudo_packet *packet, __u64 passed)
{
	const __u8 asks = TESTUDO_TCP_SYN | TESTUDO_TCP_ACK | TESTUDO_TCP_RST | TESTUDO_TCP_FIN;

	/* Nearly every packet is of an open connection. */
	if (plain_tcp(ctx, packet, TESTUDO_TCP_ACK | TESTUDO_TCP_SYN, TESTUDO_TCP_ACK) ||
	    datagram_passed_over(ctx, packet, passed))
		return;
	if (plain_tcp(ctx, packet, asks, TESTUDO_TCP_SYN) && syn_passed_over())
		return;
	count_packet(ctx, packet, passed);
}

#endif
