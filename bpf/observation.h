/* bpf/observation.h: what the program tells of sources that send too much of something: the layout of its events.
 *
 * Part of the contract of abi.h. Addresses are in network order, times CLOCK_BOOTTIME.
 */
#ifndef TESTUDO_OBSERVATION_H
#define TESTUDO_OBSERVATION_H

#include <linux/types.h>

#define TESTUDO_MAP_OBSERVE "observe_config"     /* array of 1: observe_config; mmapable */
#define TESTUDO_MAP_SOURCES "sources"            /* LRU hash: source_key -> source_value */
#define TESTUDO_MAP_OBSERVATIONS "observations"  /* ring buffer: testudo_observation */
#define TESTUDO_MAP_OBSERVE_LOAD "observe_load"  /* per-CPU array of 1: observe_load */

#define TESTUDO_SOURCES 65536
#define TESTUDO_OBSERVATIONS_BYTES (1u << 18)

enum testudo_observation_kind {
	TESTUDO_OBSERVED_SYN = 0,       /* TCP segments that ask for a connection */
	TESTUDO_OBSERVED_PORTS = 1,     /* distinct ports they ask for */
	TESTUDO_OBSERVED_UDP = 2,       /* datagrams; counted by samples */
	TESTUDO_OBSERVED_ICMP = 3,      /* likewise */
	TESTUDO_OBSERVED_BAD_FLAGS = 4, /* TCP flags that no stack sends: none, FIN alone, SYN+FIN, SYN+RST … */
	TESTUDO_OBSERVED_KINDS = 5,
};

/* A single address, or its /24 (IPv4) or /64 (IPv6). */
struct source_key {
	__u8 address[16]; /* IPv4 in the first four bytes; zero behind the prefix */
	__u16 family;     /* 4 or 6 */
	__u16 length;
};

struct source_value {
	__u32 window; /* number of the window that the counts are of */
	__u32 told;   /* bit N: kind N was told in this window */
	__u32 count[TESTUDO_OBSERVED_KINDS];
	__u32 reserved;
	__u64 ports[4]; /* bit N: a port whose low eight bits are N */
};

/* Written by userspace, read at the next packet. */
struct observe_config {
	__u32 window_s;                            /* 1 to 3,600 */
	__u32 syn_exact;                           /* SYNs a second and CPU that are counted one by one; above it
						    * one of 64, so that a flood of ever new sources stays cheap */
	__u32 threshold[TESTUDO_OBSERVED_KINDS];   /* of one address, in a window; 0 = never told */
	__u32 networks[TESTUDO_OBSERVED_KINDS];    /* the same of its network */
};

struct observe_load {
	__u64 second;    /* that the two below are of */
	__u32 syns;
	__u32 reserved;
	__u64 sampled;   /* SYNs that were not looked at because of syn_exact */
	__u64 seen;      /* packets that were counted for a source */
	__u64 lost;      /* observations that found the ring full */

};

/* A packet that is looked at costs a microsecond. So of SYNs past syn_exact one in STEP is, and past MANY times
 * syn_exact one in STEP_MANY; of datagrams one in STEP, and of UDP with a threshold of at least MANY one in STEP_MANY:
 * some thirty samples, then, still stand behind what is told. */
#define TESTUDO_SYN_STEP 64
#define TESTUDO_SYN_STEP_MANY 1024
#define TESTUDO_SYN_MANY 16
#define TESTUDO_DATAGRAM_STEP 64
#define TESTUDO_DATAGRAM_STEP_MANY 1024
#define TESTUDO_DATAGRAM_MANY 32768

struct testudo_observation {
	__u64 time_ns;
	struct source_key source;
	__u32 ifindex;
	__u32 kind;
	__u32 count; /* in this window so far */
	__u32 ports;
	__u32 window_s;
	__u16 port; /* of the packet that crossed the threshold; 0 = none */
	__u16 reserved;
};

#endif
