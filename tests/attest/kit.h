/*
 * A bundle as the module makes it: key K1 and the challenge A2 of the
 * identity reference, the simulated root 40 41 .. 5f.
 */
#ifndef TEE_TESTS_ATTEST_KIT_H
#define TEE_TESTS_ATTEST_KIT_H

#define TEE_ATTEST_INTERNAL
#include "attest/att.h"
#include "tests/support/test.h"

#define KIT_DID       "did:mesh:0123456789abcdef0123456789abcdef"
#define KIT_CHALLENGE "challenge_00112233aabbccdd"
#define KIT_NONCE                                                              \
    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KIT_K1                                                                 \
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
#define KIT_K1_HASH                                                            \
    "21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9"
#define KIT_CREATED 1767225600 /* 2026-01-01T00:00:00Z, of the key */
#define KIT_NOW     1767312000 /* a day later */

/* Fills a char array. */
#define SET(to, s) (void)snprintf(to, sizeof(to), "%s", s)

struct kit {
    struct att_collect_req req;
    struct att_collected c;
    struct att_bundle b;
    struct tee_buf json;
    uint8_t root[32], spki[44], sk[64], pop[64], session[64];
};

/* DER SubjectPublicKeyInfo of a raw Ed25519 key. */
void kit_spki(const uint8_t pk[32], uint8_t ret[44]);
/* Secret key of K1, for libsodium. */
void kit_k1(uint8_t sk[64]);
/* Request for evidence about K1 with the challenge of A2. */
void kit_request(struct kit *k, const char *binding);
/* Evidence as requested, signed by K1, and its JSON. x: exporter, or NULL. */
void kit_collect(struct kit *k, const uint8_t *x);
/* The two together. */
void kit_make(struct kit *k, const char *binding, const uint8_t *x);
/* Signs pop (and session) anew over what k->b holds, writes the JSON. */
void kit_sign(struct kit *k, const uint8_t *x);
void kit_clear(struct kit *k);

/* json with the one occurrence of from replaced; free().  Aborts without. */
char *kit_edit(struct tee_bytes json, const char *from, const char *to);
/* json with the value of a string member replaced, wherever it stands. */
char *kit_set(struct tee_bytes json, const char *member, const char *value);
/* base64 into a static ring of texts */
const char *kit_base64(struct tee_bytes v);

#endif
