/* bpf/lookup.h: which entry in force, if any, speaks about this packet.
 *
 * In two steps. hints4 and hints6 run for every packet and touch one word of a filter, and one bit of a bitmap
 * when prefixes exist: nearly always they say no, and the packet is innocent. find4 and find6 run on a hit. A hit
 * in the exact table never ends the search: a false positive, an expired entry, one that throttles or one that is
 * narrowed to other ports must not shield an address inside a banned range.
 */
#ifndef TESTUDO_LOOKUP_H
#define TESTUDO_LOOKUP_H

#include "maps.h"
#include "parse.h"

#define NS_PER_S 1000000000ULL

/* Where the entry that was found lies; its token bucket is looked for there again. */
enum place {
	PLACE_NONE,
	PLACE_BAN4,
	PLACE_BAN6,
	PLACE_BAN6_64,
	PLACE_NET4,
	PLACE_NET6,
	PLACE_LIST, /* a list: no token bucket */
};

enum hint {
	HINT_EXACT = 1,    /* the filter may hold the address itself */
	HINT_EXACT_64 = 2, /* … its /64 */
	HINT_PREFIX = 4,   /* the bitmap may hold a prefix around it */
};

/* The most severe valid entry found so far; `severity` 0 = none. Scalars only, since it crosses callbacks. */
struct search {
	__u64 now_ns;
	__u64 now_s;
	__u32 policy;
	__u32 severity;
	__u32 remediation;
	__u32 length;
	__u32 place;
	/* The packet, as far as terms ask for it. */
	__u16 port; /* of this host */
	__u16 flags;
	__u8 protocol;
	__u8 direction;
};

#define SEVERITY_MAX 5

static __always_inline __u32 severity_of(__u32 remediation)
{
	switch (remediation) {
	case TESTUDO_REMEDIATION_BAN:
		return SEVERITY_MAX;
	case TESTUDO_REMEDIATION_RESET:
		return 4; /* silence tells less than RST */
	case TESTUDO_REMEDIATION_THROTTLE:
		return 3;
	case TESTUDO_REMEDIATION_LOG_ONLY:
		return 2;
	case TESTUDO_REMEDIATION_SAMPLE:
		return 1;
	default:
		return 0; /* captcha is for web servers */
	}
}

/* Whether the packet is one that the policy narrows itself to. A later fragment has a protocol but no ports: an
 * entry narrowed to ports lets it pass, and nothing comes of it, since the first fragment was dropped. A packet
 * that hides its ports (cut short, endless extension headers) fits: an honest sender makes none. */
static __always_inline int fits(const struct policy_value *rule, const struct search *search)
{
	if (!(rule->direction & search->direction))
		return 0;
	if (!rule->protocol && !rule->port_last)
		return 1;
	if (search->flags & TESTUDO_PACKET_HIDES && !(search->flags & TESTUDO_PACKET_PORTS))
		return 1;
	if (rule->protocol && rule->protocol != search->protocol)
		return 0;
	if (!rule->port_last)
		return 1;
	return search->flags & TESTUDO_PACKET_PORTS && search->port >= rule->port_first &&
	       search->port <= rule->port_last;
}

/* Functions that are not inlined are verified once each, on their own: inlined into every way that leads to them,
 * they would cost the verifier half a million steps. They run on a hit only. */

/* A candidate: the policy of one decision and its end. */
static __always_inline int consider_policy(struct search *best, __u32 row, __u32 expiry_s)
{
	const struct policy_value *rule;
	__u32 severity;

	if (expiry_s && expiry_s <= best->now_s)
		return 0;
	rule = bpf_map_lookup_elem(&policy, &row);
	if (!rule)
		return 0;
	severity = severity_of(rule->remediation);
	if (severity <= best->severity || !fits(rule, best))
		return 0;
	best->severity = severity;
	best->policy = row;
	best->remediation = rule->remediation;
	return 1;
}

__noinline int consider(struct search *best, const struct ban_value *entry, __u32 place)
{
	int taken;

	if (!best || !entry)
		return 0;
	taken = consider_policy(best, entry->policy, entry->expiry_s);
	if (entry->policy2)
		taken |= consider_policy(best, entry->policy2, entry->expiry2_s);
	if (taken) {
		best->length = entry->length;
		best->place = place;
	}
	return taken;
}

#include "find_listed.h"

/* Whether a prefix is looked for among the decisions or among the lists. */
enum tries {
	TRIES_BANS,
	TRIES_LISTS,
};

/* The trie gives the longest match; asked again with one bit less it gives the next. At most as many steps as
 * there are lengths. */
struct walk4 {
	struct search best;
	struct net4_key key;
	__u32 tries;
};

static long step4(__u32 index, struct walk4 *walk)
{
	const struct ban_value *entry = walk->tries == TRIES_BANS ? bpf_map_lookup_elem(&net4, &walk->key)
								   : bpf_map_lookup_elem(&list_net4, &walk->key);

	(void)index;
	if (!entry)
		return 1;
	consider(&walk->best, entry, walk->tries == TRIES_BANS ? PLACE_NET4 : PLACE_LIST);
	if (!entry->length || entry->length > 32 || walk->best.severity == SEVERITY_MAX)
		return 1;
	walk->key.length = entry->length - 1;
	return 0;
}

struct walk6 {
	struct search best;
	struct net6_key key;
	__u32 tries;
};

static long step6(__u32 index, struct walk6 *walk)
{
	const struct ban_value *entry = walk->tries == TRIES_BANS ? bpf_map_lookup_elem(&net6, &walk->key)
								   : bpf_map_lookup_elem(&list_net6, &walk->key);

	(void)index;
	if (!entry)
		return 1;
	consider(&walk->best, entry, walk->tries == TRIES_BANS ? PLACE_NET6 : PLACE_LIST);
	if (!entry->length || entry->length > 128 || walk->best.severity == SEVERITY_MAX)
		return 1;
	walk->key.length = entry->length - 1;
	return 0;
}

static __always_inline int touches_prefix4(__u32 address)
{
	__u32 net = __builtin_bswap32(address) >> 8;
	__u32 index = net >> 6;
	const __u64 *word = bpf_map_lookup_elem(&bm24, &index);

	return word && (*word >> (net & 63) & 1);
}

static __always_inline int bm32_has(__u32 bit)
{
	__u32 index = bit >> 6;
	const __u64 *word = bpf_map_lookup_elem(&bm32, &index);

	return word && (*word >> (bit & 63) & 1);
}

static __always_inline int touches_prefix6(__u64 high)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	__u64 hash = testudo_bm32_hash((__u32)high, filter_seed);
	__u16 site = (__u16)(high >> 32);
#else
	__u64 hash = testudo_bm32_hash((__u32)(high >> 32), filter_seed);
	__u16 site = (__u16)(high >> 16);
#endif

	return bm32_has(testudo_bm32_bit_of_32(hash)) || bm32_has(testudo_bm32_bit_of_48(hash, site));
}

static __always_inline __u32 hints4(__u32 address, const struct testudo_meta *meta)
{
	__u64 hash = testudo_hash4(address, filter_seed);
	__u64 bits = testudo_filter_bits(hash);
	__u32 index = testudo_filter_word(hash, filter4_words);
	const __u64 *word = bpf_map_lookup_elem(&filter4, &index);
	__u32 hints = 0;

	if (word && (*word & bits) == bits)
		hints |= HINT_EXACT;
	if (meta->prefixes4 && touches_prefix4(address))
		hints |= HINT_PREFIX;
	return hints;
}

static __always_inline __u32 hints6(__u64 high, __u64 low, const struct testudo_meta *meta)
{
	__u64 hash64 = testudo_hash6_64(high, filter_seed);
	__u64 bits64 = testudo_filter_bits(hash64);
	__u64 bits = testudo_filter_bits(testudo_hash6(hash64, low));
	__u32 index = testudo_filter_word(hash64, filter6_words);
	const __u64 *word = bpf_map_lookup_elem(&filter6, &index);
	__u32 hints = 0;

	if (word && (*word & bits) == bits)
		hints |= HINT_EXACT;
	if (word && (*word & bits64) == bits64)
		hints |= HINT_EXACT_64;
	if (meta->prefixes6 && touches_prefix6(high))
		hints |= HINT_PREFIX;
	return hints;
}

__noinline int find4(__u32 address, __u32 hints, struct search *best)
{
	if (!best)
		return 0;
	if (hints & HINT_EXACT) {
		const struct ban_value *entry = bpf_map_lookup_elem(&ban4, &address);

		if (entry)
			consider(best, entry, PLACE_BAN4);
		if (features & TESTUDO_FEATURE_LISTS && best->severity < SEVERITY_MAX)
			find_listed4(address, best);
	}
	if (hints & HINT_PREFIX && best->severity < SEVERITY_MAX) {
		struct walk4 walk = {.best = *best, .key = {.length = 32, .address = address}};

		bpf_loop(33, step4, &walk, 0);
		if (features & TESTUDO_FEATURE_LISTS && walk.best.severity < SEVERITY_MAX) {
			walk.key.length = 32;
			walk.tries = TRIES_LISTS;
			bpf_loop(33, step4, &walk, 0);
		}
		*best = walk.best;
	}
	return best->severity;
}

__noinline int find6(__u64 high, __u64 low, __u32 hints, struct search *best)
{
	if (!best)
		return 0;
	if (hints & HINT_EXACT) {
		struct ban6_key key = {.high = high, .low = low};
		const struct ban_value *entry = bpf_map_lookup_elem(&ban6, &key);

		if (entry)
			consider(best, entry, PLACE_BAN6);
		if (features & TESTUDO_FEATURE_LISTS && best->severity < SEVERITY_MAX)
			find_listed6(high, low, 128, best);
	}
	if (hints & HINT_EXACT_64 && best->severity < SEVERITY_MAX) {
		const struct ban_value *entry = bpf_map_lookup_elem(&ban6_64, &high);

		if (entry)
			consider(best, entry, PLACE_BAN6_64);
		if (features & TESTUDO_FEATURE_LISTS && best->severity < SEVERITY_MAX)
			find_listed6(high, 0, 64, best);
	}
	if (hints & HINT_PREFIX && best->severity < SEVERITY_MAX) {
		struct walk6 walk = {.best = *best, .key = {.length = 128}};

		__builtin_memcpy(walk.key.address, &high, 8);
		__builtin_memcpy(walk.key.address + 8, &low, 8);
		bpf_loop(129, step6, &walk, 0);
		if (features & TESTUDO_FEATURE_LISTS && walk.best.severity < SEVERITY_MAX) {
			walk.key.length = 128;
			walk.tries = TRIES_LISTS;
			bpf_loop(129, step6, &walk, 0);
		}
		*best = walk.best;
	}
	return best->severity;
}

/* The entry's own value, wherever it lies: for what a packet changes in it. 0 when it went meanwhile. */
static __always_inline struct ban_value *entry_of(const struct search *found, const struct testudo_packet *packet)
{
	struct net4_key key4 = {.length = found->length, .address = packet->address4};
	struct ban6_key exact6 = {.high = packet->high, .low = packet->low};
	struct net6_key key6 = {.length = found->length};

	switch (found->place) {
	case PLACE_BAN4:
		return bpf_map_lookup_elem(&ban4, &key4.address);
	case PLACE_NET4:
		return bpf_map_lookup_elem(&net4, &key4);
	case PLACE_BAN6:
		return bpf_map_lookup_elem(&ban6, &exact6);
	case PLACE_BAN6_64:
		return bpf_map_lookup_elem(&ban6_64, &exact6.high);
	case PLACE_NET6:
		__builtin_memcpy(key6.address, &exact6, 16);
		return bpf_map_lookup_elem(&net6, &key6);
	default:
		return 0;
	}
}

static __always_inline int allowed4(__u32 address)
{
	struct net4_key key = {.length = 32, .address = address};

	return bpf_map_lookup_elem(&allow4, &key) != 0;
}

static __always_inline int allowed6(__u64 high, __u64 low)
{
	struct net6_key key = {.length = 128};

	__builtin_memcpy(key.address, &high, 8);
	__builtin_memcpy(key.address + 8, &low, 8);
	return bpf_map_lookup_elem(&allow6, &key) != 0;
}

#endif
