#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/attest/kit.h"

#define SEED "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"

static void
must(enum tee_err err, const char *what)
{
    if (err == TEE_OK)
        return;
    fprintf(stderr, "kit: %s: %s\n", what, tee_err_name(err));
    abort();
}

void
kit_spki(const uint8_t pk[32], uint8_t ret[44])
{
    memcpy(ret, test_hex("302a300506032b6570032100").p, 12);
    memcpy(ret + 12, pk, 32);
}

void
kit_k1(uint8_t sk[64])
{
    uint8_t pk[32];

    (void)crypto_sign_seed_keypair(pk, sk, test_hex(SEED).p);
}

void
kit_request(struct kit *k, const char *binding)
{
    struct att_statement *s = &k->req.statement;
    bool asked = binding != NULL;
    size_t i;

    memset(k, 0, sizeof(*k));
    for (i = 0; i < sizeof(k->root); i++)
        k->root[i] = (uint8_t)(0x40 + i);
    kit_k1(k->sk);
    kit_spki(k->sk + 32, k->spki);
    *s = (struct att_statement){ .origin = ATT_TEE,
                                 .created = KIT_CREATED,
                                 .version = "0.1.0",
                                 .did = KIT_DID,
                                 .seal_root = "simulated" };
    for (i = 0; i < sizeof(s->build_id); i++)
        s->build_id[i] = (uint8_t)i;
    k->req.platform = "simulated";
    k->req.sim_root = k->root;
    k->req.spki = (struct tee_bytes){ k->spki, sizeof(k->spki) };
    k->req.binding = tee_bytes_of(asked ? binding : "tee-v1");
    k->req.did = TEE_STR(KIT_DID);
    k->req.challenge = asked ? TEE_STR(KIT_CHALLENGE) : TEE_STR("");
    k->req.nonce = asked ? TEE_STR(KIT_NONCE) : TEE_STR("");
    tee_buf_init(&k->json, ATT_BUNDLE_MAX);
}

void
kit_collect(struct kit *k, const uint8_t *x)
{
    must(att_collect(&k->req, &k->c, NULL), "collect");
    k->b = (struct att_bundle){
        .platform = tee_bytes_of(k->c.platform),
        .binding = k->req.binding,
        .did = k->req.did,
        .challenge = k->req.challenge,
        .nonce = k->req.nonce,
        .statement = tee_buf_view(&k->c.statement),
        .spki = k->req.spki,
        .blobs = k->c.blobs,
        .created = KIT_NOW - 10,
    };
    kit_sign(k, x);
}

void
kit_make(struct kit *k, const char *binding, const uint8_t *x)
{
    kit_request(k, binding);
    kit_collect(k, x);
}

void
kit_sign(struct kit *k, const uint8_t *x)
{
    bool session = tee_bytes_equal(k->b.binding, TEE_STR("session"));
    struct tee_buf m;
    uint8_t e[32];

    must(tee_evidence_digest(&k->b.blobs, e), "digest");
    tee_buf_init(&m, 1 << 20);
    tee_pop_message(&m, session ? TEE_STR("") : k->b.nonce, e);
    (void)crypto_sign_detached(k->pop, NULL, m.p, m.len, k->sk);
    k->b.pop = (struct tee_bytes){ k->pop, sizeof(k->pop) };
    tee_buf_clear(&m);
    if (session) {
        tee_session_message(&m, k->b.did, k->b.challenge, k->b.nonce, e,
                            (struct tee_bytes){ x, x != NULL ? 32 : 0 });
        (void)crypto_sign_detached(k->session, NULL, m.p, m.len, k->sk);
        tee_buf_clear(&m);
        k->b.session_sig = (struct tee_bytes){ k->session, 64 };
        k->b.exporter_used = x != NULL;
    }
    tee_buf_clear(&k->json);
    must(att_bundle_write(&k->b, &k->json), "write");
}

void
kit_clear(struct kit *k)
{
    att_collected_clear(&k->c);
    tee_buf_clear(&k->json);
}

static char *
splice(struct tee_bytes json, size_t at, size_t cut, const char *to)
{
    size_t n = strlen(to);
    char *s = malloc(json.len + n + 1);

    if (s == NULL)
        abort();
    memcpy(s, json.p, at);
    memcpy(s + at, to, n);
    memcpy(s + at + n, json.p + at + cut, json.len - at - cut);
    s[json.len + n - cut] = '\0';
    return s;
}

char *
kit_edit(struct tee_bytes json, const char *from, const char *to)
{
    const uint8_t *at = memmem(json.p, json.len, from, strlen(from));

    if (at == NULL) {
        fprintf(stderr, "kit_edit: no %s\n", from);
        abort();
    }
    return splice(json, (size_t)(at - json.p), strlen(from), to);
}

char *
kit_set(struct tee_bytes json, const char *member, const char *value)
{
    char name[64];
    const uint8_t *at, *end;

    (void)snprintf(name, sizeof(name), "\"%s\":\"", member);
    at = memmem(json.p, json.len, name, strlen(name));
    if (at == NULL) {
        fprintf(stderr, "kit_set: no %s\n", member);
        abort();
    }
    at += strlen(name);
    end = memchr(at, '"', json.len - (size_t)(at - json.p));
    return splice(json, (size_t)(at - json.p), (size_t)(end - at), value);
}

const char *
kit_base64(struct tee_bytes v)
{
    static char ring[4][32768];
    static unsigned next;
    char *s = ring[next++ % TEE_LEN(ring)];
    struct tee_buf b;

    tee_buf_init(&b, sizeof(ring[0]) - 1);
    tee_base64(&b, v);
    must(b.err, "base64");
    memcpy(s, b.p, b.len);
    s[b.len] = '\0';
    tee_buf_clear(&b);
    return s;
}
