/* bpf/outgoing.h: packets on their way out to an address that has an entry (tc, off by default).
 *
 * The same tables, asked for the destination; only policies that hold in this direction count. A `reset` is a
 * drop here: the sender is this host.
 */
#ifndef TESTUDO_OUTGOING_H
#define TESTUDO_OUTGOING_H

#include <linux/pkt_cls.h>

#include "act.h"

#define OUTGOING_HEADERS 128 /* so much is made readable where headers lie in pages */

__noinline int tell_outgoing(struct __sk_buff *skb, const struct testudo_packet *packet, const struct search *found,
			     __u32 verdict, struct totals_value *total)
{
	struct frame frame = {.data = (void *)(long)skb->data,
			      .end = (void *)(long)skb->data_end,
			      .length = skb->len,
			      .ifindex = skb->ifindex};
	struct drop_event *event;
	__u32 bytes = header_bytes(frame.length);

	if (!packet || !found || !total)
		return 0;
	event = reserve_event(found, total);
	if (!event)
		return 0;
	fill_event(event, &frame, packet, found, verdict);
	if (bytes >= ETH_HLEN && bpf_skb_load_bytes(skb, 0, event->headers, bytes) == 0)
		event->header_bytes = bytes;
	bpf_ringbuf_submit(event, 0);
	return 1;
}

__noinline int read_outgoing_transport(struct __sk_buff *skb, struct testudo_packet *packet)
{
	if (!packet)
		return 0;
	testudo_parse_transport((void *)(long)skb->data, (void *)(long)skb->data_end, packet);
	return packet->flags;
}

__noinline int outgoing(struct __sk_buff *skb, struct testudo_packet *packet, __u32 hints)
{
	struct search found = {};
	__u32 zero = 0, slot = testudo_interface_slot(skb->ifindex), verdict;
	struct totals_value *total = bpf_map_lookup_elem(&totals, &slot);
	const struct testudo_meta *meta = bpf_map_lookup_elem(&testudo_meta, &zero);

	if (!total || !meta || !packet)
		return TC_ACT_UNSPEC;
	if (meta->narrowed)
		read_outgoing_transport(skb, packet);
	if (!search_entry(packet, hints, TESTUDO_OUTGOING, &found) || allowed(packet))
		return TC_ACT_UNSPEC;
	verdict = judge(&found, packet, skb->len);
	count(&found, packet, skb->len, verdict, total);
	if (worth_an_event(verdict, meta)) {
		if (!meta->narrowed)
			read_outgoing_transport(skb, packet);
		tell_outgoing(skb, packet, &found, verdict, total);
	}
	return verdict == TESTUDO_VERDICT_DROP || verdict == TESTUDO_VERDICT_RESET ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

static __always_inline void parse_outgoing(struct __sk_buff *skb, struct testudo_packet *packet)
{
	testudo_parse((void *)(long)skb->data, (void *)(long)skb->data_end, 1, packet);
	if (packet->kind != TESTUDO_KIND_MALFORMED)
		return;
	if (bpf_skb_pull_data(skb, skb->len < OUTGOING_HEADERS ? skb->len : OUTGOING_HEADERS) == 0)
		testudo_parse((void *)(long)skb->data, (void *)(long)skb->data_end, 1, packet);
}

#endif
