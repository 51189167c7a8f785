/* bpf/testudo.bpf.c: the walk of a packet: parse, look up, act, count. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "act.h"

SEC("xdp.frags")
int testudo(struct xdp_md *ctx)
{
	struct testudo_source source = {};
	struct candidate best = {};
	__u32 zero = 0;
	struct totals_value *total = bpf_map_lookup_elem(&totals, &zero);
	const struct testudo_meta *meta = bpf_map_lookup_elem(&testudo_meta, &zero);
	int allowed = 0;

	if (!total || !meta)
		return XDP_PASS;
	testudo_parse((void *)(long)ctx->data, (void *)(long)ctx->data_end, &source);
	if (source.kind == TESTUDO_KIND_IP4)
		find4(source.address4, meta, &best);
	else if (source.kind == TESTUDO_KIND_IP6)
		find6(source.high, source.low, meta, &best);
	else if (source.kind == TESTUDO_KIND_MALFORMED)
		total->malformed += 1;

	if (!best.severity) {
		total->passed += 1;
		return XDP_PASS;
	}
	/* After the match, since nearly every packet is on neither list; before any remediation: an operator whom a
	 * bad list has locked out cannot repair it over the same wire. */
	if (source.kind == TESTUDO_KIND_IP4)
		allowed = allowed4(source.address4);
	else
		allowed = allowed6(source.high, source.low);
	if (allowed) {
		total->allowed += 1;
		total->passed += 1;
		return XDP_PASS;
	}
	return act(ctx, &source, &best, total);
}

char _license[] SEC("license") = "Dual MIT/GPL";
