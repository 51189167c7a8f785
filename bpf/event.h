/* bpf/event.h: one packet of many is told to whoever reads the ring. */
#ifndef TESTUDO_EVENT_H
#define TESTUDO_EVENT_H

#include "count.h"

static __always_inline int one_in(__u32 n)
{
	return n && (n == 1 || bpf_get_prandom_u32() % n == 0);
}

/* What is left of the frame's context where the two kinds of program meet. */
struct frame {
	const void *data;
	const void *end;
	__u32 length; /* all fragments of a large frame */
	__u32 ifindex;
};

/* Addresses as the headers have them. */
static __always_inline void copy_addresses(const void *data, const void *end, const struct testudo_packet *packet,
					   struct drop_event *event)
{
	const char *network = (const char *)data + (packet->network & 31);

	if (packet->kind == TESTUDO_KIND_IP4) {
		const struct testudo_ip4 *ip = (const struct testudo_ip4 *)network;

		if ((const void *)(ip + 1) > end)
			return;
		__builtin_memcpy(event->source, &ip->source, 4);
		__builtin_memcpy(event->destination, &ip->destination, 4);
	} else {
		const struct testudo_ip6 *ip = (const struct testudo_ip6 *)network;

		if ((const void *)(ip + 1) > end)
			return;
		__builtin_memcpy(event->source, ip->source, 16);
		__builtin_memcpy(event->destination, ip->destination, 16);
	}
}

/* How many bytes of the frame an event takes, between its fixed bounds. */
static __always_inline __u32 header_bytes(__u32 length)
{
	__u32 bytes = length < TESTUDO_EVENT_HEADERS ? length : TESTUDO_EVENT_HEADERS;

	/* The verifier wants to see the bound on the value itself; the compiler, knowing it, would leave it out. */
	asm volatile("" : "+r"(bytes));
	return bytes <= TESTUDO_EVENT_HEADERS ? bytes : 0;
}

static __always_inline void fill_event(struct drop_event *event, const struct frame *frame,
				       const struct testudo_packet *packet, const struct search *found, __u32 verdict)
{
	__builtin_memset(event, 0, sizeof *event);
	event->time_ns = found->now_ns;
	event->ifindex = frame->ifindex;
	event->length = frame->length;
	copy_addresses(frame->data, frame->end, packet, event);
	event->source_port = packet->source_port;
	event->destination_port = packet->destination_port;
	event->policy = found->policy;
	event->family = packet->kind;
	event->protocol = packet->protocol;
	event->verdict = verdict;
	event->direction = found->direction;
}

/* A place in the ring, or 0, counted. */
static __always_inline struct drop_event *reserve_event(const struct search *found, struct totals_value *total)
{
	struct drop_event *event = 0;

	if (may_spend(TESTUDO_BUDGET_EVENTS, TESTUDO_EVENTS_A_SECOND, found->now_s))
		event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
	if (!event)
		total->events_lost += 1;
	return event;
}

#endif
