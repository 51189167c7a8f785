/* bpf/parse.h: from the bytes of a frame to its source address.
 *
 * Compiled both ways: in the program, where the verifier proves every read, and in userspace, where a fuzzer
 * does. Ethernet, up to two VLAN tags, the fixed IP header: options, extension headers and fragments lie behind
 * the source address and need no look.
 */
#ifndef TESTUDO_PARSE_H
#define TESTUDO_PARSE_H

#include <linux/if_ether.h>
#include <linux/types.h>

enum testudo_kind {
	TESTUDO_KIND_OTHER = 0,     /* neither IPv4 nor IPv6: ARP, LLDP … */
	TESTUDO_KIND_IP4 = 4,
	TESTUDO_KIND_IP6 = 6,
	TESTUDO_KIND_MALFORMED = 255, /* cut short, or a version or header length that cannot be */
};

struct testudo_source {
	__u64 high; /* IPv6: the first and the last eight bytes, as they lie in memory */
	__u64 low;
	__u32 address4;
	__u32 kind;
};

struct testudo_vlan {
	__be16 tci;
	__be16 type;
};

/* The headers as far as they are read: linux/ip.h has bit-fields whose layout differs by byte order. */
struct testudo_ip4 {
	__u8 version_length;
	__u8 unread[11];
	__u32 source;
	__u32 destination;
};

struct testudo_ip6 {
	__u8 version_class;
	__u8 unread[7];
	__u64 source[2];
	__u64 destination[2];
} __attribute__((packed, aligned(4)));

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define TESTUDO_BE16(x) ((__u16)((x) >> 8 | ((x)&0xff) << 8))
#else
#define TESTUDO_BE16(x) ((__u16)(x))
#endif

static inline __attribute__((always_inline)) int testudo_is_vlan(__be16 type)
{
	return type == TESTUDO_BE16(ETH_P_8021Q) || type == TESTUDO_BE16(ETH_P_8021AD);
}

/* `data` to `end` is the frame. Fills *source; its kind says which address is valid. */
static inline __attribute__((always_inline)) void testudo_parse(const void *data, const void *end,
								 struct testudo_source *source)
{
	const struct ethhdr *eth = (const struct ethhdr *)data;
	const char *next = (const char *)data + sizeof *eth;
	__be16 type;
	int tag;

	source->kind = TESTUDO_KIND_MALFORMED;
	if (next > (const char *)end)
		return;
	type = eth->h_proto;
#pragma GCC unroll 2
	for (tag = 0; tag < 2; tag++) {
		const struct testudo_vlan *vlan = (const struct testudo_vlan *)next;

		if (!testudo_is_vlan(type))
			break;
		if (next + sizeof *vlan > (const char *)end)
			return;
		type = vlan->type;
		next += sizeof *vlan;
	}
	if (type == TESTUDO_BE16(ETH_P_IP)) {
		const struct testudo_ip4 *ip = (const struct testudo_ip4 *)next;

		if (next + sizeof *ip > (const char *)end)
			return;
		if (ip->version_length >> 4 != 4 || (ip->version_length & 15) < 5)
			return;
		source->address4 = ip->source;
		source->kind = TESTUDO_KIND_IP4;
	} else if (type == TESTUDO_BE16(ETH_P_IPV6)) {
		const struct testudo_ip6 *ip = (const struct testudo_ip6 *)next;

		if (next + sizeof *ip > (const char *)end)
			return;
		if (ip->version_class >> 4 != 6)
			return;
		source->high = ip->source[0];
		source->low = ip->source[1];
		source->kind = TESTUDO_KIND_IP6;
	} else {
		source->kind = TESTUDO_KIND_OTHER;
	}
}

#endif
