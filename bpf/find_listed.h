/* bpf/find_listed.h: the entries of lists that speak about one address; asked on a hit of the filter only. Part of
 * lookup.h, which includes it where a candidate is known and the walk begins. */
#ifndef TESTUDO_FIND_LISTED_H
#define TESTUDO_FIND_LISTED_H

struct listed_walk {
	struct search best;
	__u64 hash;
	__u64 high;
	__u64 low;
	__u64 epoch_s;
	__u32 address;
	__u32 length;
};

__noinline int consider_listed(struct search *best, __u32 term, __u64 epoch_s, __u32 length)
{
	if (!best || testudo_term_over(term, epoch_s, best->now_s))
		return 0;
	if (!consider_policy(best, testudo_term_policy(term), 0))
		return 0;
	best->length = length;
	best->place = PLACE_LIST;
	return 1;
}

static long listed_line4(__u32 probe, struct listed_walk *walk)
{
	__u32 at = testudo_list_line(walk->hash, probe, list4_lines);
	const struct list4_line *line = bpf_map_lookup_elem(&list4, &at);
	int open = 0, i;

	if (!line)
		return 1;
	for (i = 0; i < TESTUDO_LIST4_SLOTS; i++) {
		__u64 slot = *(volatile const __u64 *)&line->slot[i]; /* once: userspace stores meanwhile */

		open |= !slot;
		if (slot >> 32 == walk->address && slot > TESTUDO_LIST4_DEAD)
			consider_listed(&walk->best, (__u32)slot, walk->epoch_s, 32);
	}
	return open;
}

static long listed_line6(__u32 probe, struct listed_walk *walk)
{
	__u32 at = testudo_list_line(walk->hash, probe, list6_lines);
	const struct list6_line *line = bpf_map_lookup_elem(&list6, &at);
	int i;

	if (!line)
		return 1;
	for (i = 0; i < TESTUDO_LIST6_SLOTS; i++) {
		testudo_term term = *(volatile const testudo_term *)&line->term[i];

		if (term && line->length[i] == walk->length && line->key[i].high == walk->high &&
		    line->key[i].low == walk->low)
			consider_listed(&walk->best, term, walk->epoch_s, walk->length);
	}
	return !line->length[TESTUDO_LIST6_SLOTS - 1];
}

static __always_inline void find_listed4(__u32 address, struct search *best)
{
	__u32 zero = 0;
	const struct list_header *header = bpf_map_lookup_elem(&list4, &zero);
	struct listed_walk walk = {.best = *best,
				   .hash = testudo_hash4(address, filter_seed),
				   .address = address};

	if (!header)
		return;
	walk.epoch_s = header->epoch_s;
	bpf_loop(TESTUDO_LIST_PROBES, listed_line4, &walk, 0);
	*best = walk.best;
}

/* `length` 64 goes with low = 0. */
static __always_inline void find_listed6(__u64 high, __u64 low, __u32 length, struct search *best)
{
	__u32 zero = 0;
	const struct list_header *header = bpf_map_lookup_elem(&list6, &zero);
	struct listed_walk walk = {.best = *best,
				   .hash = testudo_hash6_64(high, filter_seed),
				   .high = high,
				   .low = low,
				   .length = length};

	if (!header)
		return;
	if (length == 128)
		walk.hash = testudo_hash6(walk.hash, low);
	walk.epoch_s = header->epoch_s;
	bpf_loop(TESTUDO_LIST_PROBES, listed_line6, &walk, 0);
	*best = walk.best;
}

#endif
