/* bpf/incoming.h: a packet on its way in whose address may have an entry: the way that few packets take. */
#ifndef TESTUDO_INCOMING_H
#define TESTUDO_INCOMING_H

#include "act.h"

/* Fills the second part of *packet. */
__noinline int read_transport(struct xdp_md *ctx, struct testudo_packet *packet)
{
	if (!packet)
		return 0;
	testudo_parse_transport((void *)(long)ctx->data, (void *)(long)ctx->data_end, packet);
	return packet->flags;
}

__noinline int tell(struct xdp_md *ctx, const struct testudo_packet *packet, const struct search *found,
		    __u32 verdict, struct totals_value *total)
{
	struct frame frame = {.data = (void *)(long)ctx->data,
			      .end = (void *)(long)ctx->data_end,
			      .length = bpf_xdp_get_buff_len(ctx),
			      .ifindex = ctx->ingress_ifindex};
	struct drop_event *event;
	__u32 bytes = header_bytes(frame.length);

	if (!packet || !found || !total)
		return 0;
	event = reserve_event(found, total);
	if (!event)
		return 0;
	fill_event(event, &frame, packet, found, verdict);
	if (bytes >= ETH_HLEN && bpf_xdp_load_bytes(ctx, 0, event->headers, bytes) == 0)
		event->header_bytes = bytes;
	bpf_ringbuf_submit(event, 0);
	return 1;
}

/* What is to be done with a packet that has hints, as a testudo_verdict; counted, all but what passes. */
enum incoming {
	INCOMING_INNOCENT = 100, /* nothing is in force */
	INCOMING_ALLOWED = 101,
};

__noinline int incoming(struct xdp_md *ctx, struct testudo_packet *packet, __u32 hints)
{
	struct search found = {};
	__u32 zero = 0, slot = testudo_interface_slot(ctx->ingress_ifindex), verdict;
	struct totals_value *total = bpf_map_lookup_elem(&totals, &slot);
	const struct testudo_meta *meta = bpf_map_lookup_elem(&testudo_meta, &zero);
	int known, told;

	if (!total || !meta || !packet)
		return INCOMING_INNOCENT;
	known = meta->narrowed || features & TESTUDO_FEATURE_STRICT;
	if (known && !(features & TESTUDO_FEATURE_STRICT)) /* strict has read it already */
		read_transport(ctx, packet);
	if (!search_entry(packet, hints, TESTUDO_INCOMING, &found))
		return INCOMING_INNOCENT;
	/* After the match, since nearly every packet is on neither list; before any remediation: an operator whom a
	 * bad list has locked out cannot repair it over the same wire. */
	if (allowed(packet)) {
		total->allowed += 1;
		return INCOMING_ALLOWED;
	}
	verdict = judge(&found, packet, bpf_xdp_get_buff_len(ctx));
	count(&found, packet, bpf_xdp_get_buff_len(ctx), verdict, total);
	told = worth_an_event(verdict, meta);
	if ((told || verdict == TESTUDO_VERDICT_RESET) && !known)
		read_transport(ctx, packet);
	if (told)
		tell(ctx, packet, &found, verdict, total);
	return verdict;
}

#endif
