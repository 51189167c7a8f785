/* bpf/list.h: the table of the big lists: how an entry lies in it, and where. Compiled both ways.
 *
 *   list4: line 0 header │ line 1 … │ each line 64 bytes = 8 slots of one u64: {address 32│policy 12│expiry 20}
 *   list6: line 0 header │ line 1 … │ each line 64 bytes = 3 slots: {high 64, low 64}, length 8, {policy│expiry} 32
 *
 * An entry lies in its home line or, where that was full, in the next of a sequence of its own: neighbours fill up
 * together, and four of them in a row lost entries at half load. A line with an empty slot ends the search:
 * nothing ever went past it. Userspace writes while packets read:
 * - a slot of list4 is one store, so a packet sees the old entry or the new one, never half of each;
 * - a slot of list6 gets its key first and its term last, and a key stays until the table is built anew: a dead
 *   slot (term 0) is used again by the same key only;
 * - a slot becomes empty again only in a line that has another empty one; in a full line it becomes dead;
 * - no entry ever moves, so none can be missed.
 * The same address may stand there once for each list: every entry of it is a candidate.
 *
 * Ends count from the epoch in the table's own header, which travels with the table when another takes its
 * place. What lies behind the last tick is over for good, so that nothing forgotten comes back to life.
 */
#ifndef TESTUDO_LIST_H
#define TESTUDO_LIST_H

#include "abi.h"

#define TESTUDO_MAP_LIST4 "list4"         /* array: list4_line, the first a list_header; mmapable */
#define TESTUDO_MAP_LIST6 "list6"         /* array: list6_line, likewise */
#define TESTUDO_MAP_LIST_NET4 "list_net4" /* LPM: net4_key -> ban_value: lists' prefixes */
#define TESTUDO_MAP_LIST_NET6 "list_net6" /* LPM: net6_key -> ban_value */

#define TESTUDO_LIST_PROBES 16 /* lines that an entry may lie in; one in twelve needs a second */
#define TESTUDO_LIST4_SLOTS 8
#define TESTUDO_LIST6_SLOTS 3
#define TESTUDO_LIST_LINES 64 /* the smallest table: one page */
#define TESTUDO_LIST_TICK_S 16
#define TESTUDO_LIST_TICKS (1u << 20) /* 194 days; an end later than that is renewed by userspace */
#define TESTUDO_LIST4_DEAD 1ULL       /* a slot that is free but not empty: policy 0 is nobody's */

/* Policy and end of an entry: policy in the upper 12 of 32 bits, tick of the end in the lower 20, 0 = never. */
typedef __u32 testudo_term;

struct list_header {
	__u64 epoch_s;    /* CLOCK_BOOTTIME second of tick 0, a multiple of the tick */
	__u64 generation; /* of the table: raised with each that is swapped in */
	__u64 made_unix_ns;
	__u64 entries;
	__u64 reserved[4];
};

struct list4_line {
	__u64 slot[TESTUDO_LIST4_SLOTS];
};

struct list6_line {
	struct ban6_key key[TESTUDO_LIST6_SLOTS]; /* a /64 has low = 0 */
	testudo_term term[TESTUDO_LIST6_SLOTS];
	__u8 length[TESTUDO_LIST6_SLOTS]; /* 64 or 128; 0 = empty */
	__u8 reserved;
};

static inline __attribute__((always_inline)) testudo_term testudo_list_term(__u32 policy, __u32 tick)
{
	return policy << 20 | tick;
}

static inline __attribute__((always_inline)) __u32 testudo_term_policy(testudo_term term)
{
	return term >> 20;
}

static inline __attribute__((always_inline)) __u32 testudo_term_tick(testudo_term term)
{
	return term & (TESTUDO_LIST_TICKS - 1);
}

static inline __attribute__((always_inline)) __u64 testudo_list4_slot(__u32 address, testudo_term term)
{
	return (__u64)address << 32 | term;
}

static inline __attribute__((always_inline)) int testudo_term_over(testudo_term term, __u64 epoch_s, __u64 now_s)
{
	return testudo_term_tick(term) && epoch_s + (__u64)testudo_term_tick(term) * TESTUDO_LIST_TICK_S <= now_s;
}

/* The line of probe 0, 1 …, behind the header. `lines` is the size of the array. Each probe is a hash of its own:
 * fixed steps run in circles of two or three lines for some addresses, and those find no room. */
static inline __attribute__((always_inline)) __u32 testudo_list_line(__u64 hash, __u32 probe, __u32 lines)
{
	__u32 at = (__u32)(probe ? testudo_mix64(hash + probe) : hash);

	return 1 + (__u32)(((__u64)at * (lines - 1)) >> 32);
}

#endif
