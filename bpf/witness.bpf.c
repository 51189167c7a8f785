/* bpf/witness.bpf.c: whose handshakes with this host were completed, and when.
 *
 *   accepted connection -> ask for its changes of state -> ESTABLISHED: note the address -> CLOSE: note the end
 *
 * Runs for the sockets of one cgroup and all below it (the root: everybody's, in every network namespace). Costs
 * a packet nothing; an accepted connection pays two looks into a map. An address gets in by a completed handshake
 * alone, so that nobody gets in who does not read what is sent to him.
 */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "witness.h"

#define FAMILY_INET 2
#define FAMILY_INET6 10
#define NS_PER_S 1000000000ULL

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TESTUDO_WITNESSES);
	__type(key, __u32);
	__type(value, struct witness_value);
} witness4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TESTUDO_WITNESSES);
	__type(key, struct witness6_key);
	__type(value, struct witness_value);
} witness6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TESTUDO_WITNESS_SLICES * 2);
	__type(key, __u32);
	__type(value, struct witness_pace);
} witness_pace SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct witness_meta);
} witness_meta SEC(".maps");

struct peer {
	__u32 address4;
	struct witness6_key key6;
	int is_v6;
};

/* Each field of the context must be read at its own fixed offset: the compiler may not choose one by a pointer. */
static __always_inline __u32 read_once(__u32 value)
{
	asm volatile("" : "+r"(value));
	return value;
}

/* False for this machine's own talk with itself, which would only push others out. */
static __always_inline int peer_of(struct bpf_sock_ops *ops, struct peer *peer)
{
	__u32 address4 = read_once(ops->remote_ip4);
	__u32 w0 = read_once(ops->remote_ip6[0]), w1 = read_once(ops->remote_ip6[1]);
	__u32 w2 = read_once(ops->remote_ip6[2]), w3 = read_once(ops->remote_ip6[3]);

	if (ops->family == FAMILY_INET6) {
		if (w0 == 0 && w1 == 0 && w2 == bpf_htonl(0xffff)) {
			address4 = w3; /* IPv4 on a socket of both families */
		} else {
			peer->is_v6 = 1;
			peer->key6.words[0] = w0;
			peer->key6.words[1] = w1;
			return w0 != 0 || w1 != 0 || w2 != 0;
		}
	} else if (ops->family != FAMILY_INET) {
		return 0;
	}
	peer->is_v6 = 0;
	peer->address4 = address4;
	return (bpf_ntohl(address4) >> 24) != 127;
}

static __always_inline struct witness_value *find(const struct peer *peer)
{
	return peer->is_v6 ? bpf_map_lookup_elem(&witness6, &peer->key6)
			   : bpf_map_lookup_elem(&witness4, &peer->address4);
}

static __always_inline void count_fresh(__u32 now_s, int is_v6)
{
	__u32 slice = now_s / TESTUDO_WITNESS_PACE_S, row = testudo_witness_pace_row(slice, is_v6);
	struct witness_pace *pace = bpf_map_lookup_elem(&witness_pace, &row);

	if (!pace)
		return;
	if (pace->slice != slice) {
		/* Two CPUs may both begin a slice: a few counts are lost. */
		pace->fresh = 0;
		pace->slice = slice;
	}
	__sync_fetch_and_add(&pace->fresh, 1);
}

static __always_inline void opened(struct bpf_sock_ops *ops, const struct peer *peer, __u32 now_s)
{
	struct witness_value fresh = {.last_s = now_s, .open = 1, .port = ops->local_port};
	struct witness_value *known = find(peer);
	long err;

	if (!known) {
		err = peer->is_v6 ? bpf_map_update_elem(&witness6, &peer->key6, &fresh, BPF_NOEXIST)
				  : bpf_map_update_elem(&witness4, &peer->address4, &fresh, BPF_NOEXIST);
		if (!err) {
			count_fresh(now_s, peer->is_v6);
			return;
		}
		known = find(peer); /* another CPU was faster */
		if (!known)
			return;
	}
	known->last_s = now_s;
	known->port = ops->local_port;
	__sync_fetch_and_add(&known->open, 1);
}

/* Only what is known is touched: with TCP Fast Open a connection may end whose handshake never did. */
static __always_inline void closed(const struct peer *peer, __u32 now_s)
{
	struct witness_value *known = find(peer);

	if (!known)
		return;
	known->last_s = now_s;
	if (known->open > 0)
		__sync_fetch_and_add(&known->open, -1);
}

SEC("sockops")
int testudo_witness(struct bpf_sock_ops *ops)
{
	struct peer peer = {};
	__u32 now_s;

	/* `reply` stays as it is: other programs may share this cgroup. */
	if (ops->op == BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB) {
		/* Said before the last step of a handshake, and with TCP Fast Open before the client has proved
		 * anything: the change of state is what counts. */
		bpf_sock_ops_cb_flags_set(ops, ops->bpf_sock_ops_cb_flags | BPF_SOCK_OPS_STATE_CB_FLAG);
		return 1;
	}
	if (ops->op != BPF_SOCK_OPS_STATE_CB)
		return 1;
	if (ops->args[1] == BPF_TCP_ESTABLISHED ? ops->args[0] != BPF_TCP_SYN_RECV
						: ops->args[1] != BPF_TCP_CLOSE || ops->args[0] == BPF_TCP_SYN_RECV)
		return 1;
	if (!peer_of(ops, &peer))
		return 1;
	now_s = bpf_ktime_get_boot_ns() / NS_PER_S;
	if (ops->args[1] == BPF_TCP_ESTABLISHED)
		opened(ops, &peer, now_s);
	else
		closed(&peer, now_s);
	return 1;
}
