/* bpf/abi.h: what bpf/ and userspace agree on: names of maps, layouts, numbers, and where a filter bit lies.
 *
 * Changing a layout or a number: raise TESTUDO_ABI_VERSION in the same commit; a daemon that finds older pins
 * fills new maps beside them before it swaps. Addresses are in network order everywhere. Times are
 * CLOCK_BOOTTIME, which runs on in suspend and cannot be set, except where a name says `unix`.
 */
#ifndef TESTUDO_ABI_H
#define TESTUDO_ABI_H

#include <linux/types.h>

#define TESTUDO_ABI_VERSION 1

#define TESTUDO_MAP_META "testudo_meta"       /* array of 1: testudo_meta; mmapable */
#define TESTUDO_MAP_FILTER4 "filter4"         /* array of u64, a power of two of them; mmapable */
#define TESTUDO_MAP_FILTER6 "filter6"         /* the same for ban6 and ban6_64 */
#define TESTUDO_MAP_BAN4 "ban4"               /* hash: IPv4 address -> ban_value */
#define TESTUDO_MAP_BAN6 "ban6"               /* hash: ban6_key -> ban_value */
#define TESTUDO_MAP_BAN6_64 "ban6_64"         /* hash: first 8 bytes of an IPv6 address -> ban_value */
#define TESTUDO_MAP_NET4 "net4"               /* LPM: net4_key -> ban_value; every length but 32 */
#define TESTUDO_MAP_NET6 "net6"               /* LPM: net6_key -> ban_value; every length but 64 and 128 */
#define TESTUDO_MAP_BM24 "bm24"               /* array of u64: one bit for each /24 that a net4 entry touches */
#define TESTUDO_MAP_ALLOW4 "allow4"           /* LPM: net4_key -> allow_value; wins over every ban */
#define TESTUDO_MAP_ALLOW6 "allow6"           /* LPM: net6_key -> allow_value */
#define TESTUDO_MAP_POLICY "policy"           /* array: policy_value */
#define TESTUDO_MAP_POLICY_TEXT "policy_text" /* array: policy_text; for people, the program never reads it */
#define TESTUDO_MAP_COUNTERS "counters"       /* per-CPU array: counter_value, see testudo_counter_index */
#define TESTUDO_MAP_TOTALS "totals"           /* per-CPU array of 1: totals_value */
#define TESTUDO_MAP_HITS "hits"               /* LRU hash: hit_key -> hit_value; drop path only */
#define TESTUDO_MAP_DROP_CLOCK "drop_clock"   /* array of 1: drop_clock; mmapable */

#define TESTUDO_POLICIES 4096
/* The first rows belong to nobody: row N is (other, other) with remediation N, shared when the table is full. */
#define TESTUDO_POLICIES_SHARED 8
#define TESTUDO_COUNTERS (TESTUDO_POLICIES * 2)
#define TESTUDO_HITS 16384
#define TESTUDO_PREFIXES 1000000
#define TESTUDO_BM24_WORDS (1u << 18)
#define TESTUDO_FILTER_WORDS 8192 /* 64 KiB: the smallest; userspace may create a larger one */
#define TESTUDO_BANS 65536        /* where tables of bans start; userspace creates larger ones */

/* Same numbers as in decisions. */
enum testudo_remediation {
	TESTUDO_REMEDIATION_NONE = 0,
	TESTUDO_REMEDIATION_BAN = 1,
	TESTUDO_REMEDIATION_THROTTLE = 2,
	TESTUDO_REMEDIATION_CAPTCHA = 3,
	TESTUDO_REMEDIATION_LOG_ONLY = 4,
};

struct ban_value {
	__u32 expiry_s; /* seconds, 0 = never; checked in the kernel, so that a dead daemon prolongs no ban */
	__u16 policy;   /* row in the policy array */
	__u16 length;   /* prefix length of the entry: an LPM lookup does not tell what it matched */
	__u64 tat;      /* throttle: theoretical arrival time, ns (GCRA) */
};

struct ban6_key {
	__u64 high; /* the first and the last eight bytes, as they lie in memory */
	__u64 low;
};

struct net4_key {
	__u32 length;
	__u32 address;
};

struct net6_key {
	__u32 length;
	__u8 address[16];
};

struct allow_value {
	__u16 reasons; /* bit N: reason N holds; the entry goes with its last reason */
	__u16 length;  /* as in ban_value */
};

struct policy_value {
	__u32 remediation;
	__u32 reserved;
	__u64 interval_ns; /* throttle: time between two packets */
	__u64 burst_ns;    /* throttle: how far ahead of its time a packet may come */
};

struct policy_text {
	__u32 remediation;
	char origin[60];    /* NUL-terminated, cut where too long */
	char scenario[192]; /* likewise */
};

struct counter_value {
	__u64 packets;
	__u64 bytes;
};

struct totals_value {
	__u64 passed;    /* packets; all verdicts below but `dropped` are part of it */
	__u64 dropped;
	__u64 dropped_bytes;
	__u64 logged;    /* matched an entry that only counts */
	__u64 allowed;   /* matched an entry and the allowlist */
	__u64 malformed; /* cut short or not what its type says */
};

/* One entry in force: the address or prefix that was banned, not the address that hit it, so that a spoofer
 * inside a banned range cannot churn this map. */
struct hit_key {
	__u8 address[16]; /* IPv4 in the first four bytes */
	__u16 family;     /* 4 or 6 */
	__u16 length;
};

struct hit_value {
	__u64 packets;
	__u64 bytes;
	__u64 last_ns;
};

struct drop_clock {
	__u64 first_ns; /* set once; whoever measures writes 0 before */
	__u64 last_ns;  /* true to a millisecond */
};

struct testudo_meta {
	__u32 abi_version;
	__u32 reserved;
	__u64 seed;         /* of the filters: new with the maps, so that nobody can aim at false positives */
	__u64 generation;   /* raised by whoever changes tables that he does not own (flush) */
	__u64 boot_id_hash;
	__u32 prefixes4;    /* entries in net4 and net6: 0 spares the program a look */
	__u32 prefixes6;
	__u64 bans;         /* entries in ban4, ban6 and ban6_64 */
	__u64 allowed;
	__s64 flush_mark_unix_ns;
};

/* ---- the filters: one 64-bit word an address, TESTUDO_FILTER_K bits in it ----
 * Word index and bits come from disjoint bits of a full 64-bit mix; taken from dependent bits the rate of false
 * positives is four times theory. IPv6: the /64 alone picks the word, for /64 and /128 entries alike, so that
 * one cache line answers for both. */

static inline __attribute__((always_inline)) __u64 testudo_mix64(__u64 h)
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdULL;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53ULL;
	h ^= h >> 33;
	return h;
}

static inline __attribute__((always_inline)) __u64 testudo_hash4(__u32 address, __u64 seed)
{
	return testudo_mix64(address ^ seed);
}

static inline __attribute__((always_inline)) __u64 testudo_hash6_64(__u64 high, __u64 seed)
{
	return testudo_mix64(high ^ seed);
}

static inline __attribute__((always_inline)) __u64 testudo_hash6(__u64 hash64, __u64 low)
{
	return testudo_mix64(hash64 + (low ^ 0x9e3779b97f4a7c15ULL));
}

static inline __attribute__((always_inline)) __u32 testudo_filter_word(__u64 hash, __u32 words)
{
	return (__u32)(hash >> 40) & (words - 1);
}

static inline __attribute__((always_inline)) __u64 testudo_filter_bits(__u64 hash)
{
	return 1ULL << (hash >> 16 & 63) | 1ULL << (hash >> 22 & 63) | 1ULL << (hash >> 28 & 63) |
	       1ULL << (hash >> 34 & 63);
}

static inline __attribute__((always_inline)) __u32 testudo_counter_index(__u32 policy, int is_v6)
{
	return policy * 2 + (is_v6 ? 1 : 0);
}

#endif
