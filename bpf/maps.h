/* bpf/maps.h: the maps, named and laid out by abi.h, and what userspace fixes before the program is loaded. */
#ifndef TESTUDO_MAPS_H
#define TESTUDO_MAPS_H

#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "abi.h"
#include "list.h"

/* Read-only for the verifier, which folds them into the code. */
const volatile __u32 filter4_words = TESTUDO_FILTER_WORDS;
const volatile __u32 filter6_words = TESTUDO_FILTER_WORDS;
const volatile __u32 list4_lines = TESTUDO_LIST_LINES;
const volatile __u32 list6_lines = TESTUDO_LIST_LINES;
const volatile __u64 filter_seed = 0;
const volatile __u32 features = 0; /* of testudo_feature */

#define TESTUDO_ARRAY(name, value_type, entries, flags_)            \
	struct {                                                    \
		__uint(type, BPF_MAP_TYPE_ARRAY);                   \
		__uint(max_entries, entries);                       \
		__uint(map_flags, flags_);                       \
		__type(key, __u32);                                 \
		__type(value, value_type);                          \
	} name SEC(".maps")

/* Tables of bans take memory as they fill: most machines hold a few hundred. */
#define TESTUDO_TABLE(name, map_type, key_type, value_type, entries) \
	struct {                                                     \
		__uint(type, map_type);                              \
		__uint(max_entries, entries);                        \
		__uint(map_flags, BPF_F_NO_PREALLOC);                \
		__type(key, key_type);                               \
		__type(value, value_type);                           \
	} name SEC(".maps")

TESTUDO_ARRAY(testudo_meta, struct testudo_meta, 1, BPF_F_MMAPABLE);
TESTUDO_ARRAY(filter4, __u64, TESTUDO_FILTER_WORDS, BPF_F_MMAPABLE);
TESTUDO_ARRAY(filter6, __u64, TESTUDO_FILTER_WORDS, BPF_F_MMAPABLE);
TESTUDO_ARRAY(bm24, __u64, TESTUDO_BM24_WORDS, BPF_F_MMAPABLE);
TESTUDO_ARRAY(bm32, __u64, TESTUDO_BM32_WORDS, BPF_F_MMAPABLE);
TESTUDO_ARRAY(policy, struct policy_value, TESTUDO_POLICIES, 0);
TESTUDO_ARRAY(drop_clock, struct drop_clock, 1, BPF_F_MMAPABLE);

TESTUDO_ARRAY(list4, struct list4_line, TESTUDO_LIST_LINES, BPF_F_MMAPABLE);
TESTUDO_ARRAY(list6, struct list6_line, TESTUDO_LIST_LINES, BPF_F_MMAPABLE);

TESTUDO_TABLE(ban4, BPF_MAP_TYPE_HASH, __u32, struct ban_value, TESTUDO_BANS);
TESTUDO_TABLE(ban6, BPF_MAP_TYPE_HASH, struct ban6_key, struct ban_value, TESTUDO_BANS);
TESTUDO_TABLE(ban6_64, BPF_MAP_TYPE_HASH, __u64, struct ban_value, TESTUDO_BANS);
TESTUDO_TABLE(net4, BPF_MAP_TYPE_LPM_TRIE, struct net4_key, struct ban_value, TESTUDO_PREFIXES);
TESTUDO_TABLE(net6, BPF_MAP_TYPE_LPM_TRIE, struct net6_key, struct ban_value, TESTUDO_PREFIXES);
TESTUDO_TABLE(list_net4, BPF_MAP_TYPE_LPM_TRIE, struct net4_key, struct ban_value, TESTUDO_PREFIXES);
TESTUDO_TABLE(list_net6, BPF_MAP_TYPE_LPM_TRIE, struct net6_key, struct ban_value, TESTUDO_PREFIXES);
TESTUDO_TABLE(allow4, BPF_MAP_TYPE_LPM_TRIE, struct net4_key, struct allow_value, TESTUDO_PREFIXES);
TESTUDO_TABLE(allow6, BPF_MAP_TYPE_LPM_TRIE, struct net6_key, struct allow_value, TESTUDO_PREFIXES);

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TESTUDO_POLICIES);
	__type(key, __u32);
	__type(value, struct policy_text);
} policy_text SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TESTUDO_COUNTERS);
	__type(key, __u32);
	__type(value, struct counter_value);
} counters SEC(".maps");

/* Memory as it fills: off by default, and a row for each policy on each CPU is much for nothing. */
TESTUDO_TABLE(counters_out, BPF_MAP_TYPE_PERCPU_HASH, __u32, struct counter_value, TESTUDO_COUNTERS);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TESTUDO_INTERFACES);
	__type(key, __u32);
	__type(value, struct totals_value);
} totals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TESTUDO_BUDGETS);
	__type(key, __u32);
	__type(value, struct budget_value);
} budgets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TESTUDO_EVENTS_BYTES);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, TESTUDO_INTERFACES);
	__type(key, __u32);
	__type(value, __u32);
} next_prog SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TESTUDO_HITS);
	__type(key, struct hit_key);
	__type(value, struct hit_value);
} hits SEC(".maps");

#endif
