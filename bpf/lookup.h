/* bpf/lookup.h: which entry in force, if any, speaks about this source.
 *
 * An innocent packet touches one word of a filter, and one bit of bm24 when prefixes exist. Everything else here
 * runs on a hit. A hit in the exact table never ends the search: a false positive, an expired entry or one that
 * only logs must not shield an address inside a banned range.
 */
#ifndef TESTUDO_LOOKUP_H
#define TESTUDO_LOOKUP_H

#include "maps.h"
#include "parse.h"

#define NS_PER_S 1000000000ULL

/* The most severe valid entry found so far; `severity` 0 = none. Scalars only, since it crosses callbacks. */
struct candidate {
	__u64 now_ns; /* 0 until an entry is found: reading the clock costs more than the rest of the walk */
	__u32 policy;
	__u32 severity;
	__u32 remediation;
	__u32 length;
};

static __always_inline __u32 severity_of(__u32 remediation)
{
	switch (remediation) {
	case TESTUDO_REMEDIATION_BAN:
		return 3;
	case TESTUDO_REMEDIATION_THROTTLE:
		return 2;
	case TESTUDO_REMEDIATION_LOG_ONLY:
		return 1;
	default:
		return 0; /* captcha is for web servers */
	}
}

static __always_inline void consider(struct candidate *best, const struct ban_value *entry)
{
	__u32 row = entry->policy;
	const struct policy_value *rule;
	__u32 severity;

	if (!best->now_ns)
		best->now_ns = bpf_ktime_get_boot_ns();
	if (entry->expiry_s && entry->expiry_s <= best->now_ns / NS_PER_S)
		return;
	rule = bpf_map_lookup_elem(&policy, &row);
	if (!rule)
		return;
	severity = severity_of(rule->remediation);
	if (severity <= best->severity)
		return;
	best->severity = severity;
	best->policy = row;
	best->remediation = rule->remediation;
	best->length = entry->length;
}

/* The trie gives the longest match; asked again with one bit less it gives the next. At most as many steps as
 * there are lengths. */
struct walk4 {
	struct candidate best;
	struct net4_key key;
};

static long step4(__u32 index, struct walk4 *walk)
{
	const struct ban_value *entry = bpf_map_lookup_elem(&net4, &walk->key);

	(void)index;
	if (!entry)
		return 1;
	consider(&walk->best, entry);
	if (!entry->length || entry->length > 32 || walk->best.severity == 3)
		return 1;
	walk->key.length = entry->length - 1;
	return 0;
}

struct walk6 {
	struct candidate best;
	struct net6_key key;
};

static long step6(__u32 index, struct walk6 *walk)
{
	const struct ban_value *entry = bpf_map_lookup_elem(&net6, &walk->key);

	(void)index;
	if (!entry)
		return 1;
	consider(&walk->best, entry);
	if (!entry->length || entry->length > 128 || walk->best.severity == 3)
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

static __always_inline void find4(__u32 address, const struct testudo_meta *meta, struct candidate *best)
{
	__u64 hash = testudo_hash4(address, filter_seed);
	__u64 bits = testudo_filter_bits(hash);
	__u32 index = testudo_filter_word(hash, filter4_words);
	const __u64 *word = bpf_map_lookup_elem(&filter4, &index);

	if (word && (*word & bits) == bits) {
		const struct ban_value *entry = bpf_map_lookup_elem(&ban4, &address);

		if (entry)
			consider(best, entry);
	}
	if (meta->prefixes4 && best->severity < 3 && touches_prefix4(address)) {
		struct walk4 walk = {.best = *best, .key = {.length = 32, .address = address}};

		bpf_loop(33, step4, &walk, 0);
		*best = walk.best;
	}
}

static __always_inline void find6(__u64 high, __u64 low, const struct testudo_meta *meta, struct candidate *best)
{
	__u64 hash64 = testudo_hash6_64(high, filter_seed);
	__u64 bits64 = testudo_filter_bits(hash64);
	__u64 bits = testudo_filter_bits(testudo_hash6(hash64, low));
	__u32 index = testudo_filter_word(hash64, filter6_words);
	const __u64 *word = bpf_map_lookup_elem(&filter6, &index);

	if (word && (*word & bits) == bits) {
		struct ban6_key key = {.high = high, .low = low};
		const struct ban_value *entry = bpf_map_lookup_elem(&ban6, &key);

		if (entry)
			consider(best, entry);
	}
	if (word && (*word & bits64) == bits64) {
		const struct ban_value *entry = bpf_map_lookup_elem(&ban6_64, &high);

		if (entry)
			consider(best, entry);
	}
	if (meta->prefixes6 && best->severity < 3) {
		struct walk6 walk = {.best = *best, .key = {.length = 128}};

		__builtin_memcpy(walk.key.address, &high, 8);
		__builtin_memcpy(walk.key.address + 8, &low, 8);
		bpf_loop(129, step6, &walk, 0);
		*best = walk.best;
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
