/* bpf/witness.h: what the wire witness and userspace agree on. An object of its own beside the XDP program, with
 * a version of its own.
 *
 * Addresses are in network order, times are seconds of CLOCK_BOOTTIME.
 */
#ifndef TESTUDO_WITNESS_H
#define TESTUDO_WITNESS_H

#include <linux/types.h>

#define TESTUDO_WITNESS_VERSION 1

#define TESTUDO_MAP_WITNESS4 "witness4"         /* LRU hash: IPv4 address -> witness_value */
#define TESTUDO_MAP_WITNESS6 "witness6"         /* LRU hash: witness6_key -> witness_value */
#define TESTUDO_MAP_WITNESS_PACE "witness_pace" /* array: witness_pace, see testudo_witness_pace_row */
#define TESTUDO_MAP_WITNESS_META "witness_meta" /* array of 1: witness_meta, written by userspace */

#define TESTUDO_WITNESSES 65536       /* addresses of each family; userspace may create larger maps */
#define TESTUDO_WITNESS_SLICES 256    /* with those of 64 s four and a half hours */
#define TESTUDO_WITNESS_PACE_S 64

/* Whoever has one address of IPv6 has its /64: one entry for all of it, or he would fill the map alone. */
struct witness6_key {
	__u32 words[2]; /* the first eight bytes, as they lie in memory */
};

struct witness_value {
	__u32 last_s; /* when the last handshake was completed, or the last connection ended */
	__s32 open;   /* connections that have not ended; 0 or less = none (counts of an evicted entry are lost) */
	__u16 port;   /* of this host, of the last handshake */
	__u16 reserved;
};

/* New addresses of one family in one slice: so many were pushed out of a full map then. */
struct witness_pace {
	__u32 slice; /* time / TESTUDO_WITNESS_PACE_S; another one: the row is old */
	__u32 fresh;
};

static inline __attribute__((always_inline)) __u32 testudo_witness_pace_row(__u32 slice, int is_v6)
{
	return slice % TESTUDO_WITNESS_SLICES * 2 + (is_v6 ? 1 : 0);
}

struct witness_meta {
	__u32 version;
	__u32 attached_s;
};

#endif
