/* bpf/count.h: what was done, per CPU; summed by userspace when somebody asks. */
#ifndef TESTUDO_COUNT_H
#define TESTUDO_COUNT_H

#include "lookup.h"

/* The shared line of drop_clock is written once in this time, not by every CPU on every packet. */
#define DROP_CLOCK_STEP_NS 1000000ULL

static __always_inline void count_policy(__u32 row, int is_v6, int outgoing, __u64 bytes)
{
	__u32 index = testudo_counter_index(row, is_v6);
	struct counter_value *counter;

	if (outgoing)
		counter = bpf_map_lookup_elem(&counters_out, &index);
	else
		counter = bpf_map_lookup_elem(&counters, &index);
	if (counter) {
		counter->packets += 1;
		counter->bytes += bytes;
	} else if (outgoing) {
		struct counter_value first = {.packets = 1, .bytes = bytes};

		bpf_map_update_elem(&counters_out, &index, &first, BPF_NOEXIST);
	}
}

/* Takes one out of this CPU's budget for this second; false when it is spent. */
static __always_inline int may_spend(__u32 which, __u64 a_second, __u64 now_s)
{
	struct budget_value *budget = bpf_map_lookup_elem(&budgets, &which);

	if (!budget)
		return 0;
	if (budget->second != now_s) {
		budget->second = now_s;
		budget->spent = 0;
	}
	if (budget->spent >= a_second)
		return 0;
	budget->spent += 1;
	return 1;
}

/* Clears the bits of one half of an IPv6 address behind the prefix; `length` counts within this half. */
static __always_inline __u64 mask_half(__u64 half, __u32 length)
{
	if (length == 0)
		return 0;
	if (length >= 64)
		return half;
	return half & __builtin_bswap64(~0ULL << (64 - length));
}

static __always_inline void hit_key_of(const struct testudo_packet *packet, __u32 length, struct hit_key *key)
{
	__u64 high, low = 0;

	key->length = length;
	if (packet->kind == TESTUDO_KIND_IP4) {
		key->family = 4;
		high = mask_half(packet->address4, length);
	} else {
		key->family = 6;
		high = mask_half(packet->high, length);
		low = length > 64 ? mask_half(packet->low, length - 64) : 0;
	}
	__builtin_memcpy(key->address, &high, 8);
	__builtin_memcpy(key->address + 8, &low, 8);
}

static __always_inline void count_hit(const struct testudo_packet *packet, const struct search *entry, __u64 bytes)
{
	struct hit_key key;
	struct hit_value *hit;

	hit_key_of(packet, entry->length, &key);
	hit = bpf_map_lookup_elem(&hits, &key);
	if (hit) {
		__sync_fetch_and_add(&hit->packets, 1);
		__sync_fetch_and_add(&hit->bytes, bytes);
		hit->last_ns = entry->now_ns;
	} else {
		struct hit_value first = {.packets = 1, .bytes = bytes, .last_ns = entry->now_ns};

		bpf_map_update_elem(&hits, &key, &first, BPF_ANY);
	}
}

static __always_inline void mark_drop(__u64 now_ns)
{
	__u32 zero = 0;
	struct drop_clock *clock = bpf_map_lookup_elem(&drop_clock, &zero);

	if (!clock)
		return;
	if (!clock->first_ns)
		__sync_val_compare_and_swap(&clock->first_ns, 0, now_ns);
	if (now_ns - clock->last_ns >= DROP_CLOCK_STEP_NS)
		clock->last_ns = now_ns;
}

#endif
