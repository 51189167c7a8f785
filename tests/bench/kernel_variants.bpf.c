/* Ways to ask about a packet's source, each as a program of its own that makes its sources itself: what was
 * measured before one of them went into bpf/lookup.h. Run by kernel_variants.cpp; never attached. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "bpf/list.h"

const volatile __u32 filter_words = TESTUDO_FILTER_WORDS;
const volatile __u32 list4_lines = TESTUDO_LIST_LINES;
const volatile __u32 list6_lines = TESTUDO_LIST_LINES;
const volatile __u64 seed = 0;
const volatile __u64 sources = 0; /* a power of two of them, 0 = all there are */
const volatile __u32 networks6 = 0; /* a power of two /32s that IPv6 sources come from, 0 = all of 2000::/3 */

__u64 state = 88172645463325252ULL;
__u64 hits = 0;

#define MAP(name, map_type, key_type, value_type, entries, flags)  \
	struct {                                                    \
		__uint(type, map_type);                             \
		__uint(max_entries, entries);                       \
		__uint(map_flags, flags);                           \
		__type(key, key_type);                              \
		__type(value, value_type);                          \
	} name SEC(".maps")

struct word_pair {
	__u64 bans, lists;
};

MAP(filter_a, BPF_MAP_TYPE_ARRAY, __u32, __u64, 1, BPF_F_MMAPABLE);
MAP(filter_b, BPF_MAP_TYPE_ARRAY, __u32, __u64, 1, BPF_F_MMAPABLE);
MAP(filter_pair, BPF_MAP_TYPE_ARRAY, __u32, struct word_pair, 1, BPF_F_MMAPABLE);
MAP(bans4, BPF_MAP_TYPE_HASH, __u32, struct ban_value, 65536, BPF_F_NO_PREALLOC);
MAP(plain4, BPF_MAP_TYPE_HASH, __u32, __u32, 65536, BPF_F_NO_PREALLOC);
MAP(hash6, BPF_MAP_TYPE_HASH, struct ban6_key, __u64, 65536, BPF_F_NO_PREALLOC);
MAP(list4, BPF_MAP_TYPE_ARRAY, __u32, struct list4_line, 1, BPF_F_MMAPABLE);
MAP(list6, BPF_MAP_TYPE_ARRAY, __u32, struct list6_line, 1, BPF_F_MMAPABLE);
MAP(trie6, BPF_MAP_TYPE_LPM_TRIE, struct net6_key, __u32, 1000000, BPF_F_NO_PREALLOC);
MAP(gate_small, BPF_MAP_TYPE_ARRAY, __u32, __u64, 1 << 10, BPF_F_MMAPABLE); /* 8 KiB: hashed /32s */
MAP(gate_large, BPF_MAP_TYPE_ARRAY, __u32, __u64, 1 << 14, BPF_F_MMAPABLE); /* 128 KiB: the same */
MAP(gate_line, BPF_MAP_TYPE_ARRAY, __u32, __u64, 1 << 14, BPF_F_MMAPABLE); /* 128 KiB: line by /32, bit by /48 */
MAP(gate_word, BPF_MAP_TYPE_ARRAY, __u32, __u64, 1 << 14, BPF_F_MMAPABLE); /* 128 KiB: word by /32, bit by /48 */

static __always_inline __u64 next(void)
{
	__u64 x = state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	state = x;
	return sources ? testudo_mix64((x & (sources - 1)) + 0x1234567) : testudo_mix64(x);
}

/* Even: those in the tables are odd. */
static __always_inline __u32 source4(void)
{
	return (__u32)next() & ~(1u << 24);
}

static __always_inline __u64 source6(void)
{
	__u64 x = next();
	__u32 network = (__u32)(x >> 32);

	if (networks6)
		network = (__u32)testudo_mix64((network & (networks6 - 1)) + 77);
	/* In memory order: 2000::/3, then the rest; even in the eighth byte. */
	return (__u64)((network & ~0xe0u) | 0x20u) | (x << 32 & ~(1ULL << 56));
}

static __always_inline int found(void)
{
	hits += 1;
	return XDP_DROP;
}

SEC("xdp")
int generator4(struct xdp_md *ctx)
{
	return source4() == 1 ? XDP_DROP : XDP_PASS;
}

SEC("xdp")
int plain_hash(struct xdp_md *ctx)
{
	__u32 address = source4();

	return bpf_map_lookup_elem(&plain4, &address) ? found() : XDP_PASS;
}

struct walk {
	__u64 hash;
	__u64 high;
	__u32 address;
	__u32 term;
};

static long step4(__u32 probe, struct walk *walk)
{
	__u32 at = testudo_list_line(walk->hash, probe, list4_lines);
	const struct list4_line *line = bpf_map_lookup_elem(&list4, &at);
	int open = 0, i;

	if (!line)
		return 1;
	for (i = 0; i < TESTUDO_LIST4_SLOTS; i++) {
		__u64 slot = *(volatile const __u64 *)&line->slot[i];

		open |= !slot;
		if (slot >> 32 == walk->address)
			walk->term = (__u32)slot;
	}
	return open;
}

static __always_inline int behind4(__u32 address, __u64 hash)
{
	struct walk walk = {.hash = hash, .address = address};

	bpf_loop(TESTUDO_LIST_PROBES, step4, &walk, 0);
	if (walk.term)
		return found();
	return bpf_map_lookup_elem(&bans4, &address) ? found() : XDP_PASS;
}

SEC("xdp")
int filter_shared(struct xdp_md *ctx)
{
	__u32 address = source4();
	__u64 hash = testudo_hash4(address, seed), bits = testudo_filter_bits(hash);
	__u32 index = testudo_filter_word(hash, filter_words);
	const __u64 *word = bpf_map_lookup_elem(&filter_a, &index);

	if (!word || (*word & bits) != bits)
		return XDP_PASS;
	return behind4(address, hash);
}

SEC("xdp")
int filter_own(struct xdp_md *ctx)
{
	__u32 address = source4();
	__u64 hash = testudo_hash4(address, seed), bits = testudo_filter_bits(hash);
	__u32 index = testudo_filter_word(hash, filter_words);
	__u32 index_bans = testudo_filter_word(hash, TESTUDO_FILTER_WORDS);
	const __u64 *lists = bpf_map_lookup_elem(&filter_a, &index);
	const __u64 *bans = bpf_map_lookup_elem(&filter_b, &index_bans);

	if (lists && (*lists & bits) == bits)
		return behind4(address, hash);
	if (bans && (*bans & bits) == bits)
		return bpf_map_lookup_elem(&bans4, &address) ? found() : XDP_PASS;
	return XDP_PASS;
}

SEC("xdp")
int filter_pairs(struct xdp_md *ctx)
{
	__u32 address = source4();
	__u64 hash = testudo_hash4(address, seed), bits = testudo_filter_bits(hash);
	__u32 index = testudo_filter_word(hash, filter_words);
	const struct word_pair *pair = bpf_map_lookup_elem(&filter_pair, &index);

	if (pair && (pair->lists & bits) == bits)
		return behind4(address, hash);
	if (pair && (pair->bans & bits) == bits)
		return bpf_map_lookup_elem(&bans4, &address) ? found() : XDP_PASS;
	return XDP_PASS;
}

SEC("xdp")
int generator6(struct xdp_md *ctx)
{
	return source6() == 1 ? XDP_DROP : XDP_PASS;
}

static __always_inline int look_up_trie(__u64 high)
{
	struct net6_key key = {.length = 128};

	__builtin_memcpy(key.address, &high, 8);
	return bpf_map_lookup_elem(&trie6, &key) ? found() : XDP_PASS;
}

SEC("xdp")
int gate_none(struct xdp_md *ctx)
{
	return look_up_trie(source6());
}

SEC("xdp")
int gate_32_8k(struct xdp_md *ctx)
{
	__u64 high = source6();
	__u32 bit = (__u32)(testudo_mix64((__u32)high ^ seed) >> 40) & ((1 << 16) - 1), index = bit >> 6;
	const __u64 *word = bpf_map_lookup_elem(&gate_small, &index);

	return word && (*word >> (bit & 63) & 1) ? look_up_trie(high) : XDP_PASS;
}

SEC("xdp")
int gate_32_128k(struct xdp_md *ctx)
{
	__u64 high = source6();
	__u32 bit = (__u32)(testudo_mix64((__u32)high ^ seed) >> 40) & ((1 << 20) - 1), index = bit >> 6;
	const __u64 *word = bpf_map_lookup_elem(&gate_large, &index);

	return word && (*word >> (bit & 63) & 1) ? look_up_trie(high) : XDP_PASS;
}

/* The /32 picks a word; in it one bit stands for a prefix shorter than /48, one for this /48. */
SEC("xdp")
int gate_48_128k(struct xdp_md *ctx)
{
	__u64 high = source6();
	__u64 hash = testudo_mix64((__u32)high ^ seed);
	__u64 hash48 = testudo_mix64(hash ^ (high >> 32 & 0xffff));
	__u32 index = (__u32)(hash >> 40) & ((1 << 14) - 1);
	__u64 bits = 1ULL << (hash >> 34 & 63) | 1ULL << (hash48 >> 34 & 63);
	const __u64 *word = bpf_map_lookup_elem(&gate_word, &index);

	return word && (*word & bits) ? look_up_trie(high) : XDP_PASS;
}

/* The /32 picks a line of 64 bytes; bits in it as above. */
SEC("xdp")
int gate_48_line(struct xdp_md *ctx)
{
	__u64 high = source6();
	__u64 hash = testudo_bm32_hash((__u32)high, seed);
	__u32 net = testudo_bm32_bit_of_32(hash), site = testudo_bm32_bit_of_48(hash, (__u16)(high >> 32));
	__u32 at = net >> 6, also = site >> 6;
	const __u64 *word = bpf_map_lookup_elem(&gate_line, &at);

	if (word && (*word >> (net & 63) & 1))
		return look_up_trie(high);
	word = bpf_map_lookup_elem(&gate_line, &also);
	return word && (*word >> (site & 63) & 1) ? look_up_trie(high) : XDP_PASS;
}

static long step6(__u32 probe, struct walk *walk)
{
	__u32 at = testudo_list_line(walk->hash, probe, list6_lines);
	const struct list6_line *line = bpf_map_lookup_elem(&list6, &at);
	int i;

	if (!line)
		return 1;
	for (i = 0; i < TESTUDO_LIST6_SLOTS; i++)
		if (line->key[i].high == walk->high && line->length[i] == 64)
			walk->term = line->term[i];
	return !line->length[TESTUDO_LIST6_SLOTS - 1];
}

/* Sources that are in the table: bit 56 is set. */
SEC("xdp")
int hit6_hash(struct xdp_md *ctx)
{
	struct ban6_key key = {.high = source6() | 1ULL << 56};

	return bpf_map_lookup_elem(&hash6, &key) ? found() : XDP_PASS;
}

SEC("xdp")
int hit6_own(struct xdp_md *ctx)
{
	struct walk walk = {.high = source6() | 1ULL << 56};

	walk.hash = testudo_hash6_64(walk.high, seed);
	bpf_loop(TESTUDO_LIST_PROBES, step6, &walk, 0);
	return walk.term ? found() : XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
