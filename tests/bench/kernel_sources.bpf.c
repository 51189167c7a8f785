/* Sources for measuring: each program gives the frame another source and hands it on, to the program under test
 * (a tail call) or onto a wire (a redirect). One address alone would show nothing but a warm cache. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/abi.h"

const volatile __u64 sources = 0; /* a power of two of them, 0 = all there are */
const volatile __u32 banned = 0;  /* 1: those that userspace banned, 0: innocent ones */
const volatile __u32 wire = 0;    /* interface that send4 sends to */

__u64 state = 88172645463325252ULL;
__u64 passed = 0, dropped = 0; /* of plain4 */

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} under_test SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct ban_value);
} plain SEC(".maps");

static __always_inline __u64 next(void)
{
	__u64 x = state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	state = x;
	return testudo_mix64(sources ? (x & (sources - 1)) + 0x1234567 : x);
}

/* As kernel_bench.h makes them: 11.0.0.0 to 125.255.255.255, where no address is special; the last bit tells the
 * banned from the innocent. */
static __always_inline __u32 source4(void)
{
	__u32 address = 0x0b000000 + (__u32)((next() >> 32) * 0x73000000 >> 32);

	return bpf_htonl(banned ? address | 1 : address & ~1u);
}

static __always_inline int give4(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);
	__u32 sum = 0;
	int i;

	if ((void *)(ip + 1) > end)
		return 0;
	ip->saddr = source4();
	ip->check = 0;
	for (i = 0; i < 10; i++)
		sum += ((__u16 *)ip)[i];
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~((sum & 0xffff) + (sum >> 16));
	return 1;
}

SEC("xdp.frags")
int test4(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + sizeof(struct ethhdr);

	if ((void *)(ip + 1) > end)
		return XDP_ABORTED;
	ip->saddr = source4();
	bpf_tail_call(ctx, &under_test, 0);
	return XDP_ABORTED;
}

SEC("xdp.frags")
int test6(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u64 *source = data + sizeof(struct ethhdr) + 8;
	__u64 x = next();

	if ((void *)(source + 2) > end)
		return XDP_ABORTED;
	/* 2a00::/16 and up; the eighth byte is even for the innocent. */
	source[0] = (x & ~0xffULL & ~(1ULL << 56)) | 0x2a;
	source[1] = x * 0x9e3779b97f4a7c15ULL;
	bpf_tail_call(ctx, &under_test, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int send4(struct xdp_md *ctx)
{
	return give4(ctx) ? bpf_redirect(wire, 0) : XDP_ABORTED;
}

/* What most XDP blocklists are: every packet asks a hash. */
SEC("xdp.frags")
int plain4(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof *eth;

	if ((void *)(ip + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	if (bpf_map_lookup_elem(&plain, &ip->saddr)) {
		dropped += 1;
		return XDP_DROP;
	}
	passed += 1;
	return XDP_PASS;
}

SEC("xdp.frags")
int nothing(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
