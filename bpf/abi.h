/* bpf/abi.h: what bpf/ and userspace agree on: names of maps, layouts, numbers, and where a filter bit lies.
 *
 * Changing a layout or a number: raise TESTUDO_ABI_VERSION in the same commit; a daemon that finds older pins
 * fills new maps beside them before it swaps. Addresses are in network order everywhere. Times are
 * CLOCK_BOOTTIME, which runs on in suspend and cannot be set, except where a name says `unix`.
 */
#ifndef TESTUDO_ABI_H
#define TESTUDO_ABI_H

#include <linux/types.h>

#define TESTUDO_ABI_VERSION 3

#define TESTUDO_MAP_META "testudo_meta"       /* array of 1: testudo_meta; mmapable */
#define TESTUDO_MAP_FILTER4 "filter4"         /* array of u64, a power of two of them; mmapable */
#define TESTUDO_MAP_FILTER6 "filter6"         /* the same for ban6 and ban6_64 */
#define TESTUDO_MAP_BAN4 "ban4"               /* hash: IPv4 address -> ban_value */
#define TESTUDO_MAP_BAN6 "ban6"               /* hash: ban6_key -> ban_value */
#define TESTUDO_MAP_BAN6_64 "ban6_64"         /* hash: first 8 bytes of an IPv6 address -> ban_value */
#define TESTUDO_MAP_NET4 "net4"               /* LPM: net4_key -> ban_value; every length but 32 */
#define TESTUDO_MAP_NET6 "net6"               /* LPM: net6_key -> ban_value; every length but 64 and 128 */
#define TESTUDO_MAP_BM24 "bm24"               /* array of u64: one bit for each /24 that a net4 entry touches */
#define TESTUDO_MAP_BM32 "bm32"               /* array of u64: hashed bits of the IPv6 /32s and /48s that a net6 entry touches */
#define TESTUDO_MAP_ALLOW4 "allow4"           /* LPM: net4_key -> allow_value; wins over every ban */
#define TESTUDO_MAP_ALLOW6 "allow6"           /* LPM: net6_key -> allow_value */
#define TESTUDO_MAP_POLICY "policy"           /* array: policy_value */
#define TESTUDO_MAP_POLICY_TEXT "policy_text" /* array: policy_text; for people, the program never reads it */
#define TESTUDO_MAP_COUNTERS "counters"       /* per-CPU array: counter_value, see testudo_counter_index */
#define TESTUDO_MAP_COUNTERS_OUT "counters_out" /* per-CPU hash: the same for packets on the way out */
#define TESTUDO_MAP_TOTALS "totals"           /* per-CPU array: totals_value, see testudo_interface_slot */
#define TESTUDO_MAP_HITS "hits"               /* LRU hash: hit_key -> hit_value; drop path only */
#define TESTUDO_MAP_DROP_CLOCK "drop_clock"   /* array of 1: drop_clock; mmapable */
#define TESTUDO_MAP_BUDGETS "budgets"         /* per-CPU array: budget_value, by testudo_budget */
#define TESTUDO_MAP_EVENTS "events"           /* ring buffer: drop_event */
#define TESTUDO_MAP_NEXT_PROG "next_prog"     /* program array: what runs after us, see testudo_interface_slot */

#define TESTUDO_POLICIES 4096
/* The first rows belong to nobody: row N is (other, other) with remediation N, shared when the table is full. */
#define TESTUDO_POLICIES_SHARED 8
#define TESTUDO_COUNTERS (TESTUDO_POLICIES * 2)
#define TESTUDO_HITS 16384
#define TESTUDO_INTERFACES 1024 /* a power of two */
#define TESTUDO_EVENTS_BYTES (1u << 20)
#define TESTUDO_EVENT_HEADERS 64
#define TESTUDO_EVENT_SAMPLE 256       /* of how many drops one is told, where nobody says otherwise */
#define TESTUDO_EVENTS_A_SECOND 1000   /* at most, for each CPU */
#define TESTUDO_RESETS_A_SECOND 1000   /* likewise */
#define TESTUDO_PREFIXES 1000000
#define TESTUDO_BM24_WORDS (1u << 18)
#define TESTUDO_BM32_WORDS (1u << 14)
#define TESTUDO_FILTER_WORDS 8192 /* 64 KiB: the smallest; userspace may create a larger one */
#define TESTUDO_BANS 65536        /* where tables of bans start; userspace creates larger ones */

/* Same numbers as in decisions. */
enum testudo_remediation {
	TESTUDO_REMEDIATION_NONE = 0,
	TESTUDO_REMEDIATION_BAN = 1,
	TESTUDO_REMEDIATION_THROTTLE = 2,
	TESTUDO_REMEDIATION_CAPTCHA = 3,
	TESTUDO_REMEDIATION_LOG_ONLY = 4,
	TESTUDO_REMEDIATION_SAMPLE = 5,
	TESTUDO_REMEDIATION_RESET = 6,
};

/* What the program is loaded with; code of a feature that is off is not there (rodata `features`). */
enum testudo_feature {
	TESTUDO_FEATURE_STRICT = 1,  /* malformed frames are dropped; every frame is read up to its ports */
	TESTUDO_FEATURE_CHAIN = 2,   /* next_prog runs where a packet passes */
	TESTUDO_FEATURE_OBSERVE = 4, /* packets without a match are shown to observe() */
	TESTUDO_FEATURE_LISTS = 8,   /* lists beside the tables are asked, too */
};

struct ban_value {
	__u32 expiry_s; /* seconds, 0 = never; checked in the kernel, so that a dead daemon prolongs no ban */
	__u16 policy;   /* row in the policy array */
	__u16 length;   /* prefix length of the entry: an LPM lookup does not tell what it matched */
	__u64 tat;      /* throttle: theoretical arrival time (GCRA), ns << TESTUDO_TAT_SHIFT; one for both below */
	/* The strongest of the other decisions on this prefix. It holds where the first does not: its time is over,
	 * or its protocol and ports are not the packet's. So a daemon that died lifts no ban with another's end. */
	__u32 expiry2_s;
	__u16 policy2; /* 0 = there is none */
	__u16 reserved;
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

enum testudo_direction {
	TESTUDO_INCOMING = 1, /* packets from the address */
	TESTUDO_OUTGOING = 2, /* packets to it */
};

enum testudo_unit {
	TESTUDO_UNIT_PACKETS = 0,
	TESTUDO_UNIT_BYTES = 1,
};

/* Throttle: a packet costs units * interval >> (INTERVAL_SHIFT - TAT_SHIFT), and passes while the bucket is less
 * than `burst` ahead of now. At 100 GB/s a byte costs 655 of these units, at 1 B/s 2^46. */
#define TESTUDO_TAT_SHIFT 4       /* sixteenths of a nanosecond: they last for 36 years of uptime */
#define TESTUDO_INTERVAL_SHIFT 16
#define TESTUDO_UNITS_MAX 131071  /* bytes a frame is taken to have at most, so that the product fits */

struct policy_value {
	__u8 remediation;
	__u8 protocol;  /* as in an IP header; 0 = any */
	__u8 direction; /* bits of testudo_direction */
	__u8 unit;      /* throttle: testudo_unit */
	/* Of this host, host order, first to last; last = 0: any. A packet on its way in shows it as its destination,
	 * on its way out as its source. */
	__u16 port_first;
	__u16 port_last;
	__u32 sample; /* sample: one in so many */
	__u32 reserved;
	__u64 interval; /* throttle: ns a unit << TESTUDO_INTERVAL_SHIFT */
	__u64 burst;    /* throttle: ns << TESTUDO_TAT_SHIFT */
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

/* One interface. Packets; those below `dropped_bytes` are each part of `passed` or of `dropped`. */
struct totals_value {
	__u64 passed;
	__u64 dropped;
	__u64 dropped_bytes;
	__u64 logged;      /* passed: matched an entry that only counts (log-only, sample) */
	__u64 allowed;     /* passed: matched an entry and the allowlist */
	__u64 throttled;   /* passed: within the rate of a throttle */
	__u64 malformed;   /* cut short or not what its type says; dropped where `strict` */
	__u64 deep_tags;   /* passed: more VLAN tags than are looked behind */
	__u64 reset;       /* dropped: answered with RST */
	__u64 out_dropped; /* on the way out; not part of `dropped` */
	__u64 out_dropped_bytes;
	__u64 events_lost; /* the ring was full, or more than TESTUDO_EVENTS_A_SECOND */
};

/* What was done with a packet. */
enum testudo_verdict {
	TESTUDO_VERDICT_PASS = 0,
	TESTUDO_VERDICT_DROP = 1,
	TESTUDO_VERDICT_RESET = 2,  /* dropped; answered with RST where it is a TCP segment */
	TESTUDO_VERDICT_LOG = 3,    /* would have been dropped */
	TESTUDO_VERDICT_SAMPLE = 4, /* told, passed */
};

/* Told by the ring `events`: one in testudo_meta.event_sample drops, and what a sample entry asks for. */
struct drop_event {
	__u64 time_ns;
	__u32 ifindex;
	__u32 length; /* bytes of the frame on the wire */
	__u8 source[16]; /* IPv4 in the first four bytes */
	__u8 destination[16];
	__u16 source_port; /* host order; 0 where the packet shows none */
	__u16 destination_port;
	__u16 policy;
	__u8 family; /* 4 or 6 */
	__u8 protocol;
	__u8 verdict; /* testudo_verdict */
	__u8 direction;
	__u8 header_bytes; /* of `headers` that are the frame's first */
	__u8 reserved[5];
	__u8 headers[TESTUDO_EVENT_HEADERS];
};

/* So much of a thing a second: a window of one second and what was spent in it. */
enum testudo_budget {
	TESTUDO_BUDGET_EVENTS = 0,
	TESTUDO_BUDGET_RESETS = 1,
	TESTUDO_BUDGETS = 2,
};

struct budget_value {
	__u64 second;
	__u64 spent;
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
	__u32 prefixes4;    /* entries in net4 and net6, lists' prefixes too: 0 spares the program a look */
	__u32 prefixes6;
	__u64 bans;         /* entries in ban4, ban6 and ban6_64 */
	__u64 allowed;
	__s64 flush_mark_unix_ns;
	__u32 narrowed;     /* a policy asks for protocol or ports: only then packets are read that far */
	__u32 event_sample; /* 0 = no event of a drop */
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

/* bm32: the /32 picks a line of 64 bytes; one bit in it stands for prefixes shorter than /48, one for those within
 * the packet's /48. So one line answers, and the neighbours of a banned /48 under a large provider's /32 stay
 * innocent. `first4` and `site` are the first six bytes of an address, as they lie in memory. */
static inline __attribute__((always_inline)) __u64 testudo_bm32_hash(__u32 first4, __u64 seed)
{
	return testudo_mix64(first4 ^ seed);
}

static inline __attribute__((always_inline)) __u32 testudo_bm32_bit(__u64 hash, __u64 bits)
{
	return ((__u32)(hash >> 40) & (TESTUDO_BM32_WORDS / 8 - 1)) << 9 | ((__u32)(bits >> 20) & 511);
}

static inline __attribute__((always_inline)) __u32 testudo_bm32_bit_of_32(__u64 hash)
{
	return testudo_bm32_bit(hash, hash);
}

static inline __attribute__((always_inline)) __u32 testudo_bm32_bit_of_48(__u64 hash, __u16 site)
{
	return testudo_bm32_bit(hash, testudo_mix64(hash + 1 + site));
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

/* Row of `totals` and of `next_prog`. Two interfaces share one when their numbers differ by a multiple of 1,024,
 * which takes a thousand interfaces made between them; a hash, which could tell them apart, every packet would
 * pay. */
static inline __attribute__((always_inline)) __u32 testudo_interface_slot(__u32 ifindex)
{
	return ifindex & (TESTUDO_INTERFACES - 1);
}

#endif
