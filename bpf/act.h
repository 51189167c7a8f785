/* bpf/act.h: what is done with a packet whose source has an entry in force. */
#ifndef TESTUDO_ACT_H
#define TESTUDO_ACT_H

#include "count.h"

static __always_inline int act(struct xdp_md *ctx, const struct testudo_source *source,
			       const struct candidate *entry, struct totals_value *total)
{
	__u64 bytes = bpf_xdp_get_buff_len(ctx); /* all fragments of a large frame */

	count_policy(entry->policy, source->kind == TESTUDO_KIND_IP6, bytes);
	count_hit(source, entry, bytes);
	if (entry->remediation == TESTUDO_REMEDIATION_BAN) {
		mark_drop(entry->now_ns);
		total->dropped += 1;
		total->dropped_bytes += bytes;
		return XDP_DROP;
	}
	total->logged += 1;
	total->passed += 1;
	return XDP_PASS;
}

#endif
