/* bpf/observe.h: the place of whoever learns from packets that nothing speaks about. */
#ifndef TESTUDO_OBSERVE_H
#define TESTUDO_OBSERVE_H

#include "maps.h"
#include "parse.h"

/* Called for IPv4 and IPv6 packets without a match, before they pass, and only with TESTUDO_FEATURE_OBSERVE. The
 * packet is read as far as its source; testudo_parse_transport goes on from there. */
static __always_inline void observe(struct xdp_md *ctx, struct testudo_packet *packet)
{
	(void)ctx;
	(void)packet;
}

#endif
