#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "tee-pkcs11/attest.h"

#define ROUNDS 20
#define DID    "did:mesh:0123456789abcdef0123456789abcdef"

/*
 * An attested session: the evidence is there already, the key signs over each
 * challenge, and the verifier judges the whole.
 */
struct meeting {
    CK_FUNCTION_LIST *f;
    CK_SESSION_HANDLE session;
    unsigned long n; /* no nonce comes twice */
    char nonce[32];
    unsigned char id[64]; /* CKA_ID of the key */
    CK_ULONG id_len;
    unsigned char exporter[32], bundle[65536];
    CK_ULONG len;
};

static void
answer(struct meeting *m)
{
    CK_OBJECT_CLASS class = CKO_TEE_EVIDENCE;
    CK_BBOOL no = CK_FALSE;
    char binding[] = "session", challenge[] = "bench";
    CK_ATTRIBUTE t[] = {
        { CKA_CLASS, &class, sizeof(class) },
        { CKA_TOKEN, &no, sizeof(no) },
        { CKA_TEE_KEY_REF, m->id, m->id_len },
        { CKA_TEE_BINDING, binding, sizeof(binding) - 1 },
        { CKA_TEE_CHALLENGE_ID, challenge, sizeof(challenge) - 1 },
        { CKA_TEE_NONCE, m->nonce, strlen(m->nonce) },
        { CKA_TEE_TLS_EXPORTER, m->exporter, sizeof(m->exporter) },
    };
    CK_ATTRIBUTE value = { CKA_VALUE, m->bundle, sizeof(m->bundle) };
    CK_OBJECT_HANDLE o;

    bench_check(m->f->C_CreateObject(m->session, t, 7, &o), "C_CreateObject");
    bench_check(m->f->C_GetAttributeValue(m->session, o, &value, 1),
                "CKA_VALUE");
    bench_check(m->f->C_DestroyObject(m->session, o), "C_DestroyObject");
    m->len = value.ulValueLen;
}

static void
judge(const struct meeting *m)
{
    att_options *o = att_options_new();
    att_result *r = NULL;

    if (o == NULL ||
        att_options_challenge(o, DID, "bench", m->nonce) != ATT_OK ||
        att_options_exporter(o, m->exporter, sizeof(m->exporter)) != ATT_OK ||
        att_verify(m->bundle, m->len, o, &r) != ATT_OK)
        bench_die("session: cannot be judged");
    if (att_result_verdict(r) != ATT_SIMULATED)
        bench_die("session: %s", att_result_text(r));
    att_result_free(r);
    att_options_free(o);
}

static void
run_meeting(void *meeting)
{
    struct meeting *m = meeting;

    (void)snprintf(m->nonce, sizeof(m->nonce), "nonce-%016lx", ++m->n);
    answer(m);
    judge(m);
}

static void
run_answer(void *meeting)
{
    answer(meeting);
}

static void
prepare(struct meeting *m, CK_FUNCTION_LIST *f)
{
    struct bench_key k = { .f = f, .session = bench_open(f, "tee") };
    CK_ATTRIBUTE a = { CKA_ID, m->id, sizeof(m->id) };

    bench_key(&k, "tee");
    bench_check(f->C_GetAttributeValue(k.session, k.private, &a, 1), "CKA_ID");
    m->f = f;
    m->session = k.session;
    m->id_len = a.ulValueLen;
}

void
bench_session(const struct bench *b)
{
    static struct bench_racer whole, half;
    static struct meeting m;
    struct bench_racer *const all[] = { &whole, &half };

    prepare(&m, b->ours);
    whole = (struct bench_racer){
        .run = run_meeting, .arg = &m, .samples = 20, .batch = 1
    };
    half = whole;
    half.run = run_answer;
    bench_race(all, 2, ROUNDS);
    bench_row("session", "ours", bench_median(whole.p50, ROUNDS) / 1e6);
    bench_note("session", "the answer %.3f ms; simulated evidence",
               bench_median(half.p50, ROUNDS) / 1e6);
    bench_check(b->ours->C_CloseSession(m.session), "C_CloseSession");
}
