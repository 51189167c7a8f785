/* bpf/throttle.h: a token bucket in one number (GCRA).
 *
 * The entry remembers when its bucket will be empty again ("theoretical arrival time", tat). A packet passes while
 * that lies less than `burst` ahead of now, and moves it on by its cost. So with N packets of burst, N pass at
 * once, then one each interval; a frame of more bytes than are left passes, and the next ones wait for it.
 * One bucket an entry: the addresses of a throttled prefix share it.
 */
#ifndef TESTUDO_THROTTLE_H
#define TESTUDO_THROTTLE_H

#include "lookup.h"

#define THROTTLE_TRIES 4

static __always_inline int throttle_lets(struct ban_value *entry, const struct policy_value *rule, __u64 now_ns,
					 __u64 bytes)
{
	__u64 now = now_ns << TESTUDO_TAT_SHIFT;
	__u64 units = 1, cost;
	int i;

	if (rule->unit == TESTUDO_UNIT_BYTES)
		units = bytes < TESTUDO_UNITS_MAX ? bytes : TESTUDO_UNITS_MAX;
	cost = units * rule->interval >> (TESTUDO_INTERVAL_SHIFT - TESTUDO_TAT_SHIFT);
	for (i = 0; i < THROTTLE_TRIES; i++) {
		__u64 seen = *(volatile __u64 *)&entry->tat;
		__u64 from = seen > now ? seen : now;

		if (from - now >= rule->burst)
			return 0;
		if (__sync_val_compare_and_swap(&entry->tat, seen, from + cost) == seen)
			return 1;
	}
	return 0; /* other CPUs took what there was */
}

#endif
