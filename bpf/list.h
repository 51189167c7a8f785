/* bpf/list.h: the place of lists beside the tables of bans. */
#ifndef TESTUDO_LIST_H
#define TESTUDO_LIST_H

#include "maps.h"

/* Asked after a hit in filter4, whose bits lists share, and only with TESTUDO_FEATURE_LISTS. The row of the policy
 * of the entry in force for this address, 0 = none. Lists have no token buckets: their policies never throttle. */
static __always_inline __u32 in_list4(__u32 address)
{
	(void)address;
	return 0;
}

#endif
