/* bpf/act.h: what is done with a packet that has an entry in force, on its way in or out. */
#ifndef TESTUDO_ACT_H
#define TESTUDO_ACT_H

#include "event.h"
#include "throttle.h"

/* The strongest entry in force for the packet. Its ports count where a policy asks for them. */
static __always_inline int search_entry(const struct testudo_packet *packet, __u32 hints, __u8 direction,
					struct search *search)
{
	search->protocol = packet->protocol;
	search->flags = packet->flags;
	search->port = direction == TESTUDO_INCOMING ? packet->destination_port : packet->source_port;
	search->direction = direction;
	search->now_ns = bpf_ktime_get_boot_ns();
	search->now_s = search->now_ns / NS_PER_S;
	if (packet->kind == TESTUDO_KIND_IP4)
		return find4(packet->address4, hints, search);
	return find6(packet->high, packet->low, hints, search);
}

static __always_inline int allowed(const struct testudo_packet *packet)
{
	if (packet->kind == TESTUDO_KIND_IP4)
		return allowed4(packet->address4);
	return allowed6(packet->high, packet->low);
}

/* What the entry asks for, without doing it. */
__noinline int judge(const struct search *found, const struct testudo_packet *packet, __u64 bytes)
{
	__u32 row;
	const struct policy_value *rule;
	struct ban_value *entry;

	if (!found || !packet)
		return TESTUDO_VERDICT_PASS;
	row = found->policy;
	rule = bpf_map_lookup_elem(&policy, &row);
	if (!rule)
		return TESTUDO_VERDICT_PASS;
	switch (found->remediation) {
	case TESTUDO_REMEDIATION_BAN:
		return TESTUDO_VERDICT_DROP;
	case TESTUDO_REMEDIATION_RESET:
		return TESTUDO_VERDICT_RESET;
	case TESTUDO_REMEDIATION_SAMPLE:
		return one_in(rule->sample) ? TESTUDO_VERDICT_SAMPLE : TESTUDO_VERDICT_LOG;
	case TESTUDO_REMEDIATION_THROTTLE:
		entry = entry_of(found, packet);
		if (!entry || throttle_lets(entry, rule, found->now_ns, bytes))
			return TESTUDO_VERDICT_PASS;
		return TESTUDO_VERDICT_DROP;
	default:
		return TESTUDO_VERDICT_LOG;
	}
}

static __always_inline void count_drop(const struct search *found, __u64 bytes, struct totals_value *total)
{
	mark_drop(found->now_ns);
	if (found->direction == TESTUDO_OUTGOING) {
		total->out_dropped += 1;
		total->out_dropped_bytes += bytes;
	} else {
		total->dropped += 1;
		total->dropped_bytes += bytes;
	}
}

__noinline int count(const struct search *found, const struct testudo_packet *packet, __u64 bytes, __u32 verdict,
		     struct totals_value *total)
{
	if (!found || !packet || !total)
		return 0;
	if (verdict == TESTUDO_VERDICT_PASS) {
		total->throttled += 1;
		return 0;
	}
	count_policy(found->policy, packet->kind == TESTUDO_KIND_IP6, found->direction == TESTUDO_OUTGOING, bytes);
	count_hit(packet, found, bytes);
	if (verdict == TESTUDO_VERDICT_LOG || verdict == TESTUDO_VERDICT_SAMPLE)
		total->logged += 1;
	else
		count_drop(found, bytes, total);
	return 0;
}

/* Whether this packet is one of those that are told. */
static __always_inline int worth_an_event(__u32 verdict, const struct testudo_meta *meta)
{
	if (verdict == TESTUDO_VERDICT_SAMPLE)
		return 1;
	return verdict != TESTUDO_VERDICT_PASS && one_in(meta->event_sample);
}

#endif
