/* bpf/parse.h: from the bytes of a frame to its addresses, protocol and ports.
 *
 * Compiled both ways: in the program, where the verifier proves every read, and in userspace, where a fuzzer
 * does. Two steps, since nearly every packet needs only the first: testudo_parse finds the IP header and the
 * address that is asked about; testudo_parse_transport goes on through options and extension headers to the
 * ports.
 */
#ifndef TESTUDO_PARSE_H
#define TESTUDO_PARSE_H

#include <linux/if_ether.h>
#include <linux/types.h>

enum testudo_kind {
	TESTUDO_KIND_OTHER = 0,     /* neither IPv4 nor IPv6: ARP, LLDP … */
	TESTUDO_KIND_IP4 = 4,
	TESTUDO_KIND_IP6 = 6,
	TESTUDO_KIND_DEEP = 254,      /* more VLAN tags than are looked behind */
	TESTUDO_KIND_MALFORMED = 255, /* cut short, or a version or header length that cannot be */
};

/* What the way to the ports showed. A packet without PORTS shows none: a later fragment, a protocol that has
 * none, or one of the three below PORTS, which no honest sender makes. */
enum testudo_packet_flag {
	TESTUDO_PACKET_FIRST_FRAGMENT = 1,
	TESTUDO_PACKET_LATER_FRAGMENT = 2,
	TESTUDO_PACKET_PORTS = 4,
	TESTUDO_PACKET_MALFORMED = 8,  /* a length that cannot be */
	TESTUDO_PACKET_TRUNCATED = 16, /* ends before its headers do */
	TESTUDO_PACKET_DEEP = 32,      /* more extension headers than are looked behind */
};
#define TESTUDO_PACKET_HIDES (TESTUDO_PACKET_MALFORMED | TESTUDO_PACKET_TRUNCATED | TESTUDO_PACKET_DEEP)

#define TESTUDO_PROTOCOL_TCP 6
#define TESTUDO_PROTOCOL_UDP 17
#define TESTUDO_PROTOCOL_SCTP 132

#define TESTUDO_TCP_FIN 1
#define TESTUDO_TCP_SYN 2
#define TESTUDO_TCP_RST 4
#define TESTUDO_TCP_ACK 16

#define TESTUDO_EXTENSIONS 8
#define TESTUDO_OFFSET_MASK 0x7fff /* headers lie within 32 KiB; tells the verifier so */

struct testudo_packet {
	/* testudo_parse: the address that is asked about: the source, of packets on their way out the destination. */
	__u64 high; /* IPv6: the first and the last eight bytes, as they lie in memory */
	__u64 low;
	__u32 address4;
	__u32 kind;
	__u32 network; /* offset of the IP header */
	/* testudo_parse_transport: */
	__u32 transport; /* offset of the header behind IP; 0 = none reached */
	__u16 source_port; /* host order */
	__u16 destination_port;
	__u16 flags; /* of testudo_packet_flag */
	__u8 protocol;
	__u8 tcp_flags;
};

struct testudo_vlan {
	__be16 tci;
	__be16 type;
};

/* The headers as far as they are read: linux/ip.h has bit-fields whose layout differs by byte order. */
struct testudo_ip4 {
	__u8 version_length;
	__u8 service;
	__be16 total;
	__be16 id;
	__be16 fragment;
	__u8 ttl;
	__u8 protocol;
	__be16 checksum;
	__u32 source;
	__u32 destination;
};

struct testudo_ip6 {
	__u8 version_class;
	__u8 flow[3];
	__be16 payload;
	__u8 next;
	__u8 hops;
	__u64 source[2];
	__u64 destination[2];
} __attribute__((packed, aligned(4)));

struct testudo_extension {
	__u8 next;
	__u8 length;
	__be16 fragment; /* of a fragment header */
};

struct testudo_tcp {
	__be16 source;
	__be16 destination;
	__be32 sequence;
	__be32 acknowledged;
	__u8 offset; /* upper half: header length in words */
	__u8 flags;
	__be16 window;
	__be16 checksum;
	__be16 urgent;
};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define TESTUDO_BE16(x) ((__u16)(((__u16)(x)) >> 8 | (((__u16)(x)) & 0xff) << 8))
#else
#define TESTUDO_BE16(x) ((__u16)(x))
#endif

#define testudo_inline static inline __attribute__((always_inline))

testudo_inline int testudo_is_vlan(__be16 type)
{
	return type == TESTUDO_BE16(ETH_P_8021Q) || type == TESTUDO_BE16(ETH_P_8021AD);
}

/* The EtherType behind at most two tags and where its header begins; 0 when the frame ends before. */
testudo_inline __u32 testudo_parse_ethernet(const void *data, const void *end, __be16 *type)
{
	const struct ethhdr *eth = (const struct ethhdr *)data;
	__u32 offset = sizeof *eth;
	int tag;

	if ((const char *)data + sizeof *eth > (const char *)end)
		return 0;
	*type = eth->h_proto;
#pragma GCC unroll 2
	for (tag = 0; tag < 2; tag++) {
		const struct testudo_vlan *vlan = (const struct testudo_vlan *)((const char *)data + offset);

		if (!testudo_is_vlan(*type))
			break;
		if ((const char *)(vlan + 1) > (const char *)end)
			return 0;
		*type = vlan->type;
		offset += sizeof *vlan;
	}
	return offset;
}

/* `data` to `end` is the frame. Fills the first part of *packet; its kind says which address is valid. */
testudo_inline void testudo_parse(const void *data, const void *end, int outgoing, struct testudo_packet *packet)
{
	__be16 type = 0;
	__u32 offset = testudo_parse_ethernet(data, end, &type);

	packet->kind = TESTUDO_KIND_MALFORMED;
	packet->network = offset;
	if (!offset)
		return;
	if (type == TESTUDO_BE16(ETH_P_IP)) {
		const struct testudo_ip4 *ip = (const struct testudo_ip4 *)((const char *)data + offset);

		if ((const char *)(ip + 1) > (const char *)end)
			return;
		if (ip->version_length >> 4 != 4 || (ip->version_length & 15) < 5)
			return;
		packet->address4 = outgoing ? ip->destination : ip->source;
		packet->kind = TESTUDO_KIND_IP4;
	} else if (type == TESTUDO_BE16(ETH_P_IPV6)) {
		const struct testudo_ip6 *ip = (const struct testudo_ip6 *)((const char *)data + offset);

		if ((const char *)(ip + 1) > (const char *)end)
			return;
		if (ip->version_class >> 4 != 6)
			return;
		packet->high = outgoing ? ip->destination[0] : ip->source[0];
		packet->low = outgoing ? ip->destination[1] : ip->source[1];
		packet->kind = TESTUDO_KIND_IP6;
	} else {
		packet->kind = testudo_is_vlan(type) ? TESTUDO_KIND_DEEP : TESTUDO_KIND_OTHER;
	}
}

/* Past IPv4 options. The offset behind them, or 0 when there is no header to read; *limit is where the packet
 * itself ends (padding may follow), 0 = not told. */
testudo_inline __u32 testudo_pass_ip4(const void *data, const void *end, struct testudo_packet *packet, __u32 *limit)
{
	__u32 network = packet->network & 31;
	const struct testudo_ip4 *ip = (const struct testudo_ip4 *)((const char *)data + network);
	__u32 length, total, fragment;

	if ((const char *)(ip + 1) > (const char *)end)
		return 0;
	length = (ip->version_length & 15) * 4;
	total = TESTUDO_BE16(ip->total);
	fragment = TESTUDO_BE16(ip->fragment);
	packet->protocol = ip->protocol;
	if (total && total < length) {
		packet->flags |= TESTUDO_PACKET_MALFORMED;
		return 0;
	}
	*limit = total ? network + total : 0; /* 0: a large segment that the kernel has joined */
	if (fragment & 0x1fff) {
		packet->flags |= TESTUDO_PACKET_LATER_FRAGMENT;
		return 0;
	}
	if (fragment & 0x2000)
		packet->flags |= TESTUDO_PACKET_FIRST_FRAGMENT;
	return network + length;
}

testudo_inline int testudo_is_extension(__u8 protocol)
{
	/* hop-by-hop, routing, fragment, authentication, destination options */
	return protocol == 0 || protocol == 43 || protocol == 44 || protocol == 51 || protocol == 60;
}

/* Where the walk over extension headers stands. */
struct testudo_walk {
	const void *data;
	const void *end;
	__u32 offset;
	__u16 flags;
	__u8 protocol;
};

/* One extension header; 1 = the walk ends here: at the transport header, at a later fragment, at the end of the
 * frame. */
testudo_inline int testudo_step(struct testudo_walk *walk)
{
	__u32 offset = walk->offset & TESTUDO_OFFSET_MASK;
	const struct testudo_extension *extension =
		(const struct testudo_extension *)((const char *)walk->data + offset);
	__u8 kind = walk->protocol;
	__u32 length;

	if (!testudo_is_extension(kind))
		return 1;
	if ((const char *)extension + 8 > (const char *)walk->end) {
		walk->flags |= TESTUDO_PACKET_TRUNCATED;
		return 1;
	}
	walk->protocol = extension->next;
	length = (extension->length + 1u) * 8;
	if (kind == 51) /* AH counts words of four */
		length = (extension->length + 2u) * 4;
	if (kind == 44) {
		length = 8;
		if (TESTUDO_BE16(extension->fragment) & 0xfff8) {
			walk->flags |= TESTUDO_PACKET_LATER_FRAGMENT;
			return 1;
		}
		if (TESTUDO_BE16(extension->fragment) & 1)
			walk->flags |= TESTUDO_PACKET_FIRST_FRAGMENT;
	}
	walk->offset = offset + length;
	return 0;
}

#ifdef __bpf__
/* A plain loop makes the verifier walk every order of headers: it gives up after a million steps. */
static long testudo_step_once(__u32 index, struct testudo_walk *walk)
{
	(void)index;
	return testudo_step(walk);
}
#define testudo_walk_all(walk) bpf_loop(TESTUDO_EXTENSIONS, testudo_step_once, walk, 0)
#else
testudo_inline void testudo_walk_all(struct testudo_walk *walk)
{
	int i;

	for (i = 0; i < TESTUDO_EXTENSIONS; i++)
		if (testudo_step(walk))
			break;
}
#endif

/* Past extension headers; as testudo_pass_ip4. */
testudo_inline __u32 testudo_pass_ip6(const void *data, const void *end, struct testudo_packet *packet, __u32 *limit)
{
	__u32 network = packet->network & 31;
	const struct testudo_ip6 *ip = (const struct testudo_ip6 *)((const char *)data + network);
	struct testudo_walk walk = {.data = data, .end = end};

	if ((const char *)(ip + 1) > (const char *)end)
		return 0;
	walk.offset = network + sizeof *ip;
	walk.protocol = ip->next;
	*limit = ip->payload ? walk.offset + TESTUDO_BE16(ip->payload) : 0; /* 0: a jumbogram, or joined */
	testudo_walk_all(&walk);
	packet->protocol = walk.protocol;
	packet->flags = walk.flags;
	if (walk.flags & (TESTUDO_PACKET_HIDES | TESTUDO_PACKET_LATER_FRAGMENT))
		return 0;
	if (testudo_is_extension(walk.protocol)) {
		packet->flags |= TESTUDO_PACKET_DEEP;
		return 0;
	}
	return walk.offset;
}

/* The header at `offset`, by the packet's protocol. */
testudo_inline void testudo_parse_ports(const void *data, const void *end, __u32 offset, __u32 limit,
					struct testudo_packet *packet)
{
	const struct testudo_tcp *tcp = (const struct testudo_tcp *)((const char *)data + offset);
	__u32 whole = sizeof *tcp;

	if (packet->protocol == TESTUDO_PROTOCOL_UDP)
		whole = 8;
	else if (packet->protocol == TESTUDO_PROTOCOL_SCTP)
		whole = 12;
	else if (packet->protocol != TESTUDO_PROTOCOL_TCP)
		return;
	/* The first fragment holds eight bytes at least, so that ports are never cut from it. */
	if ((const char *)tcp + 8 > (const char *)end || (limit && offset + 8 > limit)) {
		packet->flags |= TESTUDO_PACKET_TRUNCATED;
		return;
	}
	packet->source_port = TESTUDO_BE16(tcp->source);
	packet->destination_port = TESTUDO_BE16(tcp->destination);
	packet->flags |= TESTUDO_PACKET_PORTS;
	if (limit && offset + whole > limit) {
		packet->flags |= TESTUDO_PACKET_TRUNCATED;
		return;
	}
	if (packet->protocol != TESTUDO_PROTOCOL_TCP)
		return;
	if ((const char *)(tcp + 1) > (const char *)end) {
		packet->flags |= TESTUDO_PACKET_TRUNCATED;
		return;
	}
	packet->tcp_flags = tcp->flags;
	if (tcp->offset >> 4 < 5)
		packet->flags |= TESTUDO_PACKET_MALFORMED;
}

/* Fills the second part of *packet, after testudo_parse found IPv4 or IPv6. */
testudo_inline void testudo_parse_transport(const void *data, const void *end, struct testudo_packet *packet)
{
	__u32 limit = 0, offset;

	if (packet->kind == TESTUDO_KIND_IP4)
		offset = testudo_pass_ip4(data, end, packet, &limit);
	else
		offset = testudo_pass_ip6(data, end, packet, &limit);
	if (!offset)
		return;
	offset &= TESTUDO_OFFSET_MASK;
	packet->transport = offset;
	testudo_parse_ports(data, end, offset, limit, packet);
}

#endif
