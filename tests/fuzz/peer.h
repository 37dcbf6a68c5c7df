/*
 * Playing the other end of a conversation: what a peer says lies ready in a
 * socket before anybody asks, so that nobody ever waits, and the clock runs so
 * fast that who would wait has missed the deadline.
 */
#ifndef TEE_TESTS_FUZZ_PEER_H
#define TEE_TESTS_FUZZ_PEER_H

#include "tests/fuzz/fuzz.h"

/* Once: the fast clock. */
void peer_clock(void);
/* Two ends with room for what a conversation says. */
void peer_sockets(int s[2]);
/* The bytes, or a frame around them; what finds no room is not said. */
void peer_say(int fd, struct tee_bytes v, bool framed);
/* A message that was accepted is written as it came. */
void peer_same_bytes(const struct tee_msg *m);

#endif
