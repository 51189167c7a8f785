/* bpf/reset.h: the answer to a TCP segment that is not wanted: RST, so that the client fails at once.
 *
 * The frame itself becomes the answer and leaves where it came from (XDP_TX). One RST of 54 or 74 bytes a segment,
 * never to an RST, never more than TESTUDO_RESETS_A_SECOND for each CPU: a spoofer gains nothing by it. Everything
 * else of a `reset` is dropped in silence: UDP, fragments, segments that are cut short.
 */
#ifndef TESTUDO_RESET_H
#define TESTUDO_RESET_H

#include "count.h"

/* What is left of the segment once its frame is overwritten. RFC 9293, 3.10.7.1: a segment with ACK is answered
 * with the number it acknowledges; one without with 0, acknowledging all that it holds. */
struct reset_answer {
	struct testudo_tcp tcp;
	__u32 network; /* offset of the IP header */
	__u32 is_v6;
};

static __always_inline __u32 sum_word(__u32 sum, __u32 word)
{
	return sum + (word & 0xffff) + (word >> 16);
}

static __always_inline __u32 sum_words(__u32 sum, const void *words, int count)
{
	const __u32 *word = words;
	int i;

#pragma GCC unroll 8
	for (i = 0; i < count; i++)
		sum = sum_word(sum, word[i]);
	return sum;
}

static __always_inline __u16 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static __always_inline int may_answer(const struct testudo_packet *packet)
{
	const __u16 never = TESTUDO_PACKET_FIRST_FRAGMENT | TESTUDO_PACKET_LATER_FRAGMENT | TESTUDO_PACKET_HIDES;

	return packet->protocol == TESTUDO_PROTOCOL_TCP && packet->transport && !(packet->flags & never) &&
	       !(packet->tcp_flags & TESTUDO_TCP_RST);
}

/* Bytes behind the IP header's start, as the header says; of a frame that the kernel has joined, as it is long. */
static __always_inline __u32 told_length(const void *data, const void *end, const struct testudo_packet *packet,
					 __u32 frame_length)
{
	const char *network = (const char *)data + (packet->network & 31);
	__u32 told = 0;

	if (packet->kind == TESTUDO_KIND_IP4) {
		const struct testudo_ip4 *ip = (const struct testudo_ip4 *)network;

		if ((const void *)(ip + 1) <= end)
			told = TESTUDO_BE16(ip->total);
	} else {
		const struct testudo_ip6 *ip = (const struct testudo_ip6 *)network;

		if ((const void *)(ip + 1) <= end && ip->payload)
			told = TESTUDO_BE16(ip->payload) + sizeof *ip;
	}
	return told ? told : frame_length - packet->network;
}

/* False when the segment cannot be answered. */
static __always_inline int compose(struct xdp_md *ctx, const struct testudo_packet *packet,
				   struct reset_answer *answer)
{
	const void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 offset = packet->transport & TESTUDO_OFFSET_MASK, length;
	const struct testudo_tcp *tcp = (const struct testudo_tcp *)((const char *)data + offset);

	if ((const void *)(tcp + 1) > end)
		return 0;
	answer->network = packet->network;
	answer->is_v6 = packet->kind == TESTUDO_KIND_IP6;
	answer->tcp.source = tcp->destination;
	answer->tcp.destination = tcp->source;
	answer->tcp.offset = 5 << 4;
	answer->tcp.flags = TESTUDO_TCP_RST;
	if (packet->tcp_flags & TESTUDO_TCP_ACK) {
		answer->tcp.sequence = tcp->acknowledged;
		return 1;
	}
	length = told_length(data, end, packet, bpf_xdp_get_buff_len(ctx)) - (offset - packet->network) -
		 (tcp->offset >> 4) * 4;
	length += !!(tcp->flags & TESTUDO_TCP_SYN) + !!(tcp->flags & TESTUDO_TCP_FIN);
	answer->tcp.flags |= TESTUDO_TCP_ACK;
	answer->tcp.acknowledged = __builtin_bswap32(__builtin_bswap32(tcp->sequence) + length);
	return 1;
}

/* False for a frame to many: nobody of them is the one who answers. */
static __always_inline int turn_around(void *data, const void *end)
{
	struct ethhdr *eth = data;
	__u8 kept[ETH_ALEN];

	if ((const void *)(eth + 1) > end || eth->h_dest[0] & 1)
		return 0;
	__builtin_memcpy(kept, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, kept, ETH_ALEN);
	return 1;
}

static __always_inline int write_ip4(void *at, const void *end, struct testudo_tcp *tcp)
{
	struct testudo_ip4 *ip = at;
	struct testudo_tcp *to = (struct testudo_tcp *)(ip + 1);
	__u32 source, destination, sum;

	if ((const void *)(to + 1) > end)
		return 0;
	source = ip->destination;
	destination = ip->source;
	*ip = (struct testudo_ip4){.version_length = 0x45,
				   .total = TESTUDO_BE16(sizeof *ip + sizeof *to),
				   .fragment = TESTUDO_BE16(0x4000),
				   .ttl = 64,
				   .protocol = TESTUDO_PROTOCOL_TCP,
				   .source = source,
				   .destination = destination};
	ip->checksum = fold(sum_words(0, ip, sizeof *ip / 4));
	sum = sum_word(sum_word(0, source), destination) + TESTUDO_BE16(TESTUDO_PROTOCOL_TCP) +
	      TESTUDO_BE16(sizeof *to);
	tcp->checksum = fold(sum_words(sum, tcp, sizeof *tcp / 4));
	*to = *tcp;
	return 1;
}

static __always_inline int write_ip6(void *at, const void *end, struct testudo_tcp *tcp)
{
	struct testudo_ip6 *ip = at;
	struct testudo_tcp *to = (struct testudo_tcp *)(ip + 1);
	__u64 addresses[4];
	__u32 sum;

	if ((const void *)(to + 1) > end)
		return 0;
	__builtin_memcpy(addresses, ip->destination, 16);
	__builtin_memcpy(addresses + 2, ip->source, 16);
	ip->version_class = 0x60;
	__builtin_memset(ip->flow, 0, sizeof ip->flow);
	ip->payload = TESTUDO_BE16(sizeof *to);
	ip->next = TESTUDO_PROTOCOL_TCP;
	ip->hops = 64;
	__builtin_memcpy(ip->source, addresses, 32); /* source and destination lie side by side */
	sum = sum_words(0, addresses, 8) + TESTUDO_BE16(TESTUDO_PROTOCOL_TCP) + TESTUDO_BE16(sizeof *to);
	tcp->checksum = fold(sum_words(sum, tcp, sizeof *tcp / 4));
	*to = *tcp;
	return 1;
}

/* XDP_TX with the answer in the frame, or XDP_DROP. */
__noinline int answer_reset(struct xdp_md *ctx, const struct testudo_packet *packet)
{
	struct reset_answer answer = {};
	void *data, *end;
	__u32 length;
	int written;

	if (!packet || !may_answer(packet) || !compose(ctx, packet, &answer))
		return XDP_DROP;
	if (!may_spend(TESTUDO_BUDGET_RESETS, TESTUDO_RESETS_A_SECOND, bpf_ktime_get_boot_ns() / NS_PER_S))
		return XDP_DROP;
	length = answer.network + (answer.is_v6 ? sizeof(struct testudo_ip6) : sizeof(struct testudo_ip4)) +
		 sizeof(struct testudo_tcp);
	if (bpf_xdp_adjust_tail(ctx, (int)length - (int)bpf_xdp_get_buff_len(ctx)))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (!turn_around(data, end))
		return XDP_DROP;
	if (answer.is_v6)
		written = write_ip6((char *)data + (answer.network & 31), end, &answer.tcp);
	else
		written = write_ip4((char *)data + (answer.network & 31), end, &answer.tcp);
	return written ? XDP_TX : XDP_DROP;
}

#endif
