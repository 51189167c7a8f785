/* bpf/testudo.bpf.c: the walk of a packet: parse, look up, act, count. In (XDP) and, where asked for, out (tc). */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "incoming.h"
#include "observe.h"
#include "outgoing.h"
#include "reset.h"

static __always_inline int pass(struct xdp_md *ctx, __u32 slot, struct totals_value *total)
{
	total->passed += 1;
	if (features & TESTUDO_FEATURE_CHAIN)
		bpf_tail_call(ctx, &next_prog, slot); /* does not return where a program is there */
	return XDP_PASS;
}

static __always_inline int malformed(struct xdp_md *ctx, __u32 slot, struct totals_value *total)
{
	total->malformed += 1;
	if (!(features & TESTUDO_FEATURE_STRICT))
		return pass(ctx, slot, total);
	total->dropped += 1;
	total->dropped_bytes += bpf_xdp_get_buff_len(ctx);
	return XDP_DROP;
}

static __always_inline int reset(struct xdp_md *ctx, const struct testudo_packet *packet,
				 struct totals_value *total)
{
	int action = answer_reset(ctx, packet);

	total->reset += action == XDP_TX;
	return action;
}

/* For nearly every packet: nothing speaks about it. */
static __always_inline int innocent(struct xdp_md *ctx, __u32 slot, struct testudo_packet *packet,
				    struct totals_value *total)
{
	if (features & TESTUDO_FEATURE_OBSERVE)
		observe(ctx, packet, total->passed);
	return pass(ctx, slot, total);
}

/* Multi-buffer frames are a flag at load (xdp/program.cpp): libbpf could not take it off a "xdp.frags" again. */
SEC("xdp")
int testudo(struct xdp_md *ctx)
{
	const void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct testudo_packet packet = {};
	__u32 zero = 0, slot = testudo_interface_slot(ctx->ingress_ifindex), hints;
	struct totals_value *total = bpf_map_lookup_elem(&totals, &slot);
	const struct testudo_meta *meta = bpf_map_lookup_elem(&testudo_meta, &zero);

	if (!total || !meta)
		return XDP_PASS;
	testudo_parse(data, end, 0, &packet);
	if (packet.kind == TESTUDO_KIND_IP4) {
		hints = hints4(packet.address4, meta);
	} else if (packet.kind == TESTUDO_KIND_IP6) {
		hints = hints6(packet.high, packet.low, meta);
	} else if (packet.kind == TESTUDO_KIND_MALFORMED) {
		return malformed(ctx, slot, total);
	} else {
		total->deep_tags += packet.kind == TESTUDO_KIND_DEEP;
		return pass(ctx, slot, total);
	}
	if (features & TESTUDO_FEATURE_STRICT &&
	    read_transport(ctx, &packet) & (TESTUDO_PACKET_MALFORMED | TESTUDO_PACKET_TRUNCATED))
		return malformed(ctx, slot, total);
	if (!hints)
		return innocent(ctx, slot, &packet, total);
	switch (incoming(ctx, &packet, hints)) {
	case INCOMING_INNOCENT:
		return innocent(ctx, slot, &packet, total);
	case TESTUDO_VERDICT_DROP:
		return XDP_DROP;
	case TESTUDO_VERDICT_RESET:
		return reset(ctx, &packet, total);
	default:
		return pass(ctx, slot, total);
	}
}

SEC("tc")
int testudo_out(struct __sk_buff *skb)
{
	struct testudo_packet packet = {};
	__u32 zero = 0, hints = 0;
	const struct testudo_meta *meta = bpf_map_lookup_elem(&testudo_meta, &zero);

	if (!meta)
		return TC_ACT_UNSPEC;
	parse_outgoing(skb, &packet);
	if (packet.kind == TESTUDO_KIND_IP4)
		hints = hints4(packet.address4, meta);
	else if (packet.kind == TESTUDO_KIND_IP6)
		hints = hints6(packet.high, packet.low, meta);
	return hints ? outgoing(skb, &packet, hints) : TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual MIT/GPL";
