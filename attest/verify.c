/*
 * Judging a bundle.  The verifier derives, it never copies: what the bundle
 * says about itself is a claim; what signatures prove is a fact.  Each step
 * leaves a fact, and a failed one does not end the judgement, so that the
 * gravest break decides and the others can be read as well.
 */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define TEE_ATTEST_INTERNAL
#include "attest/att.h"

#define SKEW     120 /* seconds, trust rules section 8 */
#define LIFETIME 300 /* of claims, identity reference section 4.4 */
#define LAST     (253402300799 - LIFETIME) /* year 9999: times can be written */

struct judge {
    const struct att_options *o;
    struct att_result *r;
    struct att_bundle b;
    const struct att_layout *l;
    struct att_key key;
    struct att_statement st;
    int64_t now;
    uint8_t hash[32]; /* of the key, as in statement and binding */
    uint8_t e[32];    /* evidence digest */
    uint8_t s[32];    /* of the statement's bytes as carried */
    uint8_t field[64];
    bool said;      /* the statement is well formed and about this key */
    bool possessed; /* pop */
    bool answered;  /* session signature */
    bool asked;     /* the bundle answers the verifier's own nonce */
    bool bound;     /* the whole field of signed evidence matched */
    bool expected;  /* the key is the one that the verifier named */
    bool nomem;     /* there is no judgement */
};

#define REFUSE(j, err, ...) att_break((j)->r, ATT_REFUSED, err, __VA_ARGS__)
#define UNSURE(j, err, ...)                                                    \
    att_break((j)->r, ATT_NOT_APPRAISED, err, __VA_ARGS__)
#define PASS(j, name, ...) att_fact((j)->r, name, ATT_PASSED, __VA_ARGS__)
#define LEFT(j, name, ...) att_fact((j)->r, name, ATT_NOT_CHECKED, __VA_ARGS__)

static bool
same(struct tee_bytes a, struct tee_bytes b)
{
    return a.len == b.len && sodium_memcmp(a.p, b.p, a.len) == 0;
}

/* ---- the key ----------------------------------------------------------------
 */

static void
judge_expected(struct judge *j)
{
    struct tee_bytes want = { j->o->spki, j->o->spki_len };

    if (j->o->spki == NULL) {
        LEFT(j, "enrolled", "key not enrolled: nobody said whose key this is");
    } else if (!same(want, j->b.spki)) {
        REFUSE(j, TEE_E_SPKI, "enrolled",
               "the evidence is about another key than the expected one");
    } else {
        j->expected = true;
        PASS(j, "enrolled", "the key is the expected one");
    }
}

/* false: there is no key that anything could be checked with */
static bool
judge_key(struct judge *j)
{
    char hex[65];

    if (att_key_parse(j->b.spki, &j->key) != TEE_OK) {
        REFUSE(j, TEE_E_MALFORMED, "key",
               "the public key is of no known type, or no key at all (small "
               "order, not canonical, wrong size)");
        return false;
    }
    if (!tee_bytes_equal(j->b.key_type, tee_bytes_of(j->key.kind->word))) {
        REFUSE(j, TEE_E_SPKI, "key", "the public key is %s, not what is said",
               j->key.kind->word);
        return false;
    }
    tee_key_hash(j->b.spki, j->hash);
    tee_hex((struct tee_bytes){ j->hash, 32 }, hex);
    PASS(j, "key", "%s, SHA-256 %s", j->key.kind->word, hex);
    judge_expected(j);
    return true;
}

/* ---- what was asked
 * -----------------------------------------------------------
 */

/* One of did, challenge, nonce: the verifier's own against the bundle's. */
static bool
asked_for(struct judge *j, const char *what, const char *want,
          struct tee_bytes has)
{
    if (want == NULL || same(tee_bytes_of(want), has))
        return true;
    if (has.len == 0)
        REFUSE(j, TEE_E_REPORT_DATA, "challenge",
               "a %s was asked for, the evidence answers none", what);
    else
        REFUSE(j, TEE_E_REPORT_DATA, "challenge",
               "the evidence answers another %s than the one asked for", what);
    return false;
}

static void
judge_challenge(struct judge *j)
{
    bool did = asked_for(j, "DID", j->o->did, j->b.did);
    bool challenge = asked_for(j, "challenge", j->o->challenge, j->b.challenge);
    bool nonce = asked_for(j, "nonce", j->o->nonce, j->b.nonce);

    if (!did || !challenge || !nonce)
        return;
    if (j->o->nonce != NULL) {
        j->asked = true;
        PASS(j, "challenge",
             "the evidence answers the nonce that was asked%s%s",
             j->o->challenge != NULL ? ", with its challenge" : "",
             j->o->did != NULL ? ", for the DID" : "");
    } else if (j->o->did != NULL || j->o->challenge != NULL) {
        PASS(j, "challenge", "what was given is what the evidence says");
    } else {
        LEFT(j, "challenge", "nothing was given to compare");
    }
}

/* ---- the statement
 * ------------------------------------------------------------
 */

static bool
not_yet(const struct judge *j, int64_t t)
{
    return t > j->now + SKEW;
}

static const char *
statement_fault(const struct judge *j, enum tee_err *err)
{
    const struct att_statement *st = &j->st;

    *err = TEE_E_SPKI;
    if (sodium_memcmp(st->key_sha256, j->hash, 32) != 0 ||
        strcmp(st->key_type, j->key.kind->word) != 0)
        return "the key statement is about another key";
    *err = TEE_E_REPORT_DATA;
    if (st->did[0] != '\0' && j->b.did.len > 0 &&
        !same(tee_bytes_of(st->did), j->b.did))
        return "the key statement names another DID than the binding";
    /* Without a challenge B is zero, and a session signs its DID itself. */
    if (!j->l->challenge && j->b.nonce.len == 0 && j->b.did.len > 0 &&
        st->did[0] == '\0')
        return "the binding names a DID that nothing signed holds";
    *err = TEE_E_NOT_YET_VALID;
    if (not_yet(j, st->created))
        return "the key statement says that the key will be created later";
    return NULL;
}

static void
judge_statement(struct judge *j)
{
    struct tee_fault f;
    enum tee_err err;
    const char *why;

    if (!j->l->statement) {
        LEFT(j, "statement", "the binding %s covers no key statement",
             j->l->word);
        return;
    }
    /* As carried: what was signed is these bytes and no other form of them. */
    tee_sha256(j->b.statement, j->s);
    err = att_statement_parse(j->b.statement, &j->st, &f);
    if (err != TEE_OK) {
        j->nomem = j->nomem || err == TEE_E_NOMEM;
        REFUSE(j, err, "statement", "%s", f.text);
        return;
    }
    why = statement_fault(j, &err);
    if (why != NULL) {
        REFUSE(j, err, "statement", "%s", why);
        return;
    }
    j->said = true;
    PASS(j, "statement", "well formed, about this key; claims origin %s",
         j->st.origin == ATT_SKR ? "skr" : "tee_generated");
}

/* ---- what the bound key signed
 * ------------------------------------------------
 */

/* By the bound key over what m holds, which is cleared. */
static enum tee_err
signed_by_key(struct judge *j, struct tee_buf *m, struct tee_bytes sig)
{
    enum tee_err err = m->err;

    if (err == TEE_OK)
        err = att_sig_verify(&j->key, tee_buf_view(m), sig);
    tee_buf_clear(m);
    j->nomem = j->nomem || err == TEE_E_NOMEM;
    return err;
}

static void
judge_possession(struct judge *j)
{
    /* Under a session `pop` belongs to evidence that no nonce asked for. */
    struct tee_bytes nonce = tee_bytes_equal(j->b.binding, TEE_STR("session"))
                                 ? TEE_STR("")
                                 : j->b.nonce;
    struct tee_buf m;
    enum tee_err err;

    if (j->b.pop.len == 0) {
        REFUSE(j, TEE_E_POSSESSION, "possession",
               "no proof of possession: whoever made this only knows the key");
        return;
    }
    tee_buf_init(&m, 2048);
    tee_pop_message(&m, nonce, j->e);
    err = signed_by_key(j, &m, j->b.pop);
    if (err == TEE_E_UNSUPPORTED)
        UNSURE(j, err, "possession",
               "unsupported: this build can't verify signatures of %s",
               j->key.kind->word);
    else if (err != TEE_OK)
        REFUSE(j, TEE_E_POSSESSION, "possession",
               "the proof of possession is not this key's over this evidence");
    else
        PASS(j, "possession", "signed by the bound key over this evidence");
    j->possessed = err == TEE_OK;
}

/* Whether the exporter that is to be checked with is the right kind. */
static bool
exporter_fits(struct judge *j)
{
    bool have = j->o->has_exporter, used = j->b.exporter_used;

    if (have && j->b.session_sig.len == 0) {
        UNSURE(j, TEE_E_NOT_CHECKED, "session",
               "a TLS exporter was given, but evidence with the binding %s is "
               "tied to no connection",
               j->l->word);
        return false;
    }
    if (have && !used) {
        REFUSE(j, TEE_E_POSSESSION, "session",
               "the session is tied to no TLS connection: it can be relayed");
        return false;
    }
    if (!have && used) {
        UNSURE(j, TEE_E_NOT_CHECKED, "session",
               "the session is tied to a TLS connection; without its exporter "
               "it can't be checked");
        return false;
    }
    return true;
}

static void
judge_session(struct judge *j)
{
    struct tee_bytes x = { j->o->exporter, j->o->has_exporter ? 32 : 0 };
    struct tee_buf m;
    enum tee_err err;

    if (!exporter_fits(j) || j->b.session_sig.len == 0)
        return;
    tee_buf_init(&m, (size_t)3 * UINT16_MAX + 256);
    tee_session_message(&m, j->b.did, j->b.challenge, j->b.nonce, j->e, x);
    err = signed_by_key(j, &m, j->b.session_sig);
    if (err == TEE_E_UNSUPPORTED)
        UNSURE(j, err, "session",
               "unsupported: this build can't verify signatures of %s",
               j->key.kind->word);
    else if (err != TEE_OK)
        REFUSE(
            j, TEE_E_POSSESSION, "session",
            "the session's signature is not this key's over this challenge%s",
            j->o->has_exporter ? " and this connection" : "");
    else
        PASS(j, "session", "the key answered the challenge itself%s",
             j->o->has_exporter ? ", on this connection" : "");
    j->answered = err == TEE_OK;
}

/* ---- the field
 * ------------------------------------------------------------------
 */

/* What the evidence has to carry; false: it can't be said. */
static bool
field_wanted(const struct judge *j, uint8_t ret[64])
{
    uint8_t b[32] = { 0 };

    if (!j->l->known)
        return false;
    if (j->l->bound && j->b.nonce.len > 0 &&
        tee_binding_hash(j->b.did, j->b.challenge, j->b.nonce, j->hash, b) !=
            TEE_OK)
        return false;
    return att_field(j->l->word, b, j->s, ret) == TEE_OK;
}

/* `has`, from evidence whose signature is good, against all 64 bytes. */
static void
judge_field(struct judge *j, const uint8_t has[64])
{
    uint8_t want[64];

    if (!field_wanted(j, want)) {
        UNSURE(j, TEE_E_UNSUPPORTED, "binding",
               "unsupported: the binding %s is not part of this version",
               j->l->word);
    } else if (sodium_memcmp(want, has, 64) != 0) {
        REFUSE(j, TEE_E_REPORT_DATA, "binding",
               "the evidence's field is not that of this key, statement and "
               "challenge");
    } else {
        j->bound = true;
        PASS(j, "binding", "%s: all 64 bytes of the field match", j->l->word);
    }
}

/* ---- platforms
 * --------------------------------------------------------------------
 */

static const char *
sim_fault(const struct judge *j)
{
    if (j->b.blobs.n != 1 ||
        !tee_bytes_equal(j->b.blobs.v[0].name, TEE_STR(ATT_SIM_BLOB)))
        return "a simulated bundle carries simulated evidence and nothing else";
    if (j->b.endorsements.n > 0 || j->b.token.len > 0)
        return "simulated evidence has no endorsements and no token";
    if (j->said && (j->st.origin != ATT_TEE ||
                    (j->st.seal_root[0] != '\0' &&
                     strcmp(j->st.seal_root, ATT_SIM_PLATFORM) != 0)))
        return "simulated evidence about a key that is sealed to hardware or "
               "was released";
    return NULL;
}

static void
sim_absent(struct judge *j)
{
    static const char *const names[] = { "chain", "revocation", "tcb", "debug",
                                         "measurement" };
    size_t i;

    for (i = 0; i < TEE_LEN(names); i++)
        LEFT(j, names[i], "simulated evidence has none");
    LEFT(j, "workload_measured", "none");
}

static void
judge_sim(struct judge *j)
{
    const char *why = sim_fault(j);
    struct tee_fault f;
    struct att_sim sim;
    enum tee_err err;

    if (why != NULL) {
        REFUSE(j, TEE_E_MALFORMED, "platform", "%s", why);
        return;
    }
    err = att_sim_verify(j->b.blobs.v[0].data, &sim, &f);
    if (err != TEE_OK) {
        REFUSE(j, err, "signature", "%s", f.text);
        return;
    }
    PASS(j, "signature", "right, by a key that anchors nothing");
    sim_absent(j);
    judge_field(j, sim.field);
    att_break(j->r, ATT_SIMULATED, TEE_E_SIMULATED, "platform",
              "simulated evidence: nothing in it is about hardware");
}

static bool
carries_simulated(const struct judge *j)
{
    size_t i;

    for (i = 0; i < j->b.blobs.n; i++) {
        if (att_sim_marked(j->b.blobs.v[i].data) ||
            tee_bytes_equal(j->b.blobs.v[i].name, TEE_STR(ATT_SIM_BLOB)))
            return true;
    }
    return false;
}

/* Every platform but `simulated`: none can be verified in this version. */
static void
judge_other(struct judge *j)
{
    char shown[TEE_ESCAPED];

    tee_escape(j->b.platform, shown);
    if (carries_simulated(j))
        REFUSE(j, TEE_E_MALFORMED, "platform",
               "simulated evidence that says it is of the platform %s", shown);
    else if (att_platform_name(j->b.platform).len == 0)
        UNSURE(j, TEE_E_UNSUPPORTED, "platform",
               "unsupported: \"%s\" names no platform", shown);
    else
        UNSURE(j, TEE_E_UNSUPPORTED, "platform",
               "unsupported: evidence of the platform %s can't be verified by "
               "this version",
               shown);
}

static void
judge_evidence(struct judge *j)
{
    if (tee_bytes_equal(j->b.platform, TEE_STR(ATT_SIM_PLATFORM)))
        judge_sim(j);
    else
        judge_other(j);
}

/* ---- freshness, claims, policy
 * -------------------------------------------------
 */

static int
judge_freshness(struct judge *j)
{
    if (j->o->nonce == NULL) {
        if (j->o->stale_ok)
            LEFT(j, "freshness", "none: stale evidence was said to be fine");
        else
            UNSURE(j, TEE_E_NOT_CHECKED, "freshness",
                   "no nonce was given: this may be a recording; ask with a "
                   "nonce of your own, or say that stale evidence will do");
        return ATT_F_NONE;
    }
    if (j->asked && j->bound && j->answered) {
        PASS(j, "freshness",
             "key-signed: evidence of this boot, and the key "
             "signed the nonce");
        return ATT_F_KEY_SIGNED;
    }
    if (j->asked && j->bound && j->b.session_sig.len == 0) {
        PASS(j, "freshness", "nonce");
        return ATT_F_NONCE;
    }
    LEFT(j, "freshness", "none: nothing that was signed holds the nonce");
    return ATT_F_NONE;
}

/* Nothing that this version can verify makes a key more than `local`. */
static void
derive(struct judge *j)
{
    struct att_claims *c = &j->r->claims;
    struct tee_bytes name = att_platform_name(j->b.platform);

    /* Of evidence that was not verified the platform is a word, no claim. */
    if (j->bound && name.len > 0 && name.len < sizeof(c->platform))
        memcpy(c->platform, name.p, name.len);
    c->report_data_match = j->bound;
    c->value[ATT_C_FRESHNESS] = judge_freshness(j);
    c->verified_at = j->now;
    c->expires_at = j->now + LIFETIME;
    c->has_expiry = true;
    att_claims_derive(c);
    LEFT(j, "key_origin", "local: %s",
         j->said ? "what the key statement says is not proven (origin_proof "
                   "none)"
                 : "no key statement was proven (origin_proof none)");
}

static void
judge_created(struct judge *j)
{
    char text[21];

    if (tee_time_text(j->b.created, text) != TEE_OK) /* the reader saw to it */
        text[0] = '\0';
    if (not_yet(j, j->b.created))
        REFUSE(j, TEE_E_NOT_YET_VALID, "created",
               "the bundle says that it will be made later, %s", text);
    else
        LEFT(j, "created", "%s, says the bundle: a claim", text);
}

static void
judge_policy(struct judge *j)
{
    const char *why;

    if (j->o->policy == NULL) {
        LEFT(j, "policy", "none was given");
        return;
    }
    if (j->r->verdict == ATT_REFUSED || j->r->verdict == ATT_NOT_APPRAISED) {
        LEFT(j, "policy", "not asked: there are no verified claims");
        return;
    }
    why = att_policy_judge(j->o->policy, &j->r->claims, j->now);
    if (why != NULL)
        REFUSE(j, TEE_E_POLICY_DENIED, "policy", "the policy denies: %s", why);
    else
        PASS(j, "policy", "the policy allows");
}

/* ---- sentences
 * --------------------------------------------------------------------
 */

static void
say_proves(const struct judge *j)
{
    char hex[65];

    if (j->r->verdict == ATT_REFUSED || !j->possessed)
        return;
    tee_hex((struct tee_bytes){ j->hash, 32 }, hex);
    att_line(j->r, ATT_PROVES,
             "Whoever made this evidence could sign with the %s key %s.",
             j->key.kind->word, hex);
    if (j->asked && j->answered)
        att_line(j->r, ATT_PROVES,
                 "The key itself signed your nonce: the answer is no "
                 "recording%s.",
                 j->o->has_exporter ? ", and it belongs to your TLS connection"
                                    : "");
    else if (j->asked && j->bound)
        att_line(j->r, ATT_PROVES,
                 "It was made after you chose your nonce: it is no recording.");
    if (j->expected)
        att_line(j->r, ATT_PROVES, "The key is the one that you expected.");
}

static void
say_trusts(const struct judge *j)
{
    if (j->r->verdict == ATT_SIMULATED)
        att_line(j->r, ATT_TRUSTS,
                 "Whoever can read the simulated root file, or makes one: that "
                 "is anybody. The key in the evidence anchors nothing.");
    att_line(j->r, ATT_TRUSTS, "The clock that this was judged by.");
}

static void
say_not(const struct judge *j)
{
    struct att_result *r = j->r;

    if (r->verdict == ATT_REFUSED)
        att_line(r, ATT_DOES_NOT_PROVE, "Anything: the evidence was refused.");
    if (r->verdict == ATT_SIMULATED)
        att_line(r, ATT_DOES_NOT_PROVE,
                 "That there is any TEE, or that the key lives in one: the "
                 "evidence is simulated.");
    else
        att_line(r, ATT_DOES_NOT_PROVE,
                 "That there is any TEE, or that the key lives in one: no "
                 "hardware evidence was verified.");
    if (j->said)
        att_line(r, ATT_DOES_NOT_PROVE,
                 "What the key statement says of origin, extractability, "
                 "module and configuration: it is the word of whoever made "
                 "the evidence.");
    if (!j->expected)
        att_line(r, ATT_DOES_NOT_PROVE,
                 "Whose key it is: key not enrolled. A DID is not derived from "
                 "a key; name the key that you expect.");
    if (r->claims.value[ATT_C_FRESHNESS] == ATT_F_NONE)
        att_line(r, ATT_DOES_NOT_PROVE,
                 "When it was made: it may be a recording.");
    if (!j->o->has_exporter || !j->answered)
        att_line(r, ATT_DOES_NOT_PROVE,
                 "That the peer you talk to holds the key: without the TLS "
                 "exporter an answer can be relayed.");
}

/* ---- all of it
 * ----------------------------------------------------------------------
 */

static void
judge_bundle(struct judge *j)
{
    j->l = att_layout(j->b.binding); /* the reader knows it */
    if (!judge_key(j))
        return;
    judge_challenge(j);
    judge_statement(j);
    if (tee_evidence_digest(&j->b.blobs, j->e) != TEE_OK) {
        REFUSE(j, TEE_E_MALFORMED, "possession", "evidence without an order");
        return;
    }
    judge_possession(j);
    judge_session(j);
    judge_evidence(j);
    judge_created(j);
    derive(j);
    judge_policy(j);
}

static enum tee_err
judge_all(struct judge *j, struct tee_bytes bundle)
{
    struct tee_fault f;
    enum tee_err err = att_bundle_parse(bundle, &j->b, &f);

    if (err == TEE_E_NOMEM)
        return err;
    if (err != TEE_OK) {
        REFUSE(j, err, "bundle", "%s", f.text);
        return TEE_OK;
    }
    PASS(j, "bundle", "tee-pkcs11.evidence/v1");
    judge_bundle(j);
    /* `verified` needs a platform that can be verified, and references. */
    if (j->r->verdict == ATT_VERIFIED)
        UNSURE(j, TEE_E_NOT_CHECKED, "platform", "nothing was verified");
    return TEE_OK;
}

enum tee_err
att_judge(struct tee_bytes bundle, const struct att_options *o,
          struct att_result *r)
{
    struct judge *j = calloc(1, sizeof(*j));
    enum tee_err err;

    if (j == NULL)
        return TEE_E_NOMEM;
    j->o = o;
    j->r = r;
    j->now = o->has_now ? o->now : tee_clock.wall();
    j->now = j->now < 0 ? 0 : j->now > LAST ? LAST : j->now;
    r->claims.verified_at = j->now;
    err = judge_all(j, bundle);
    if (err == TEE_OK) {
        say_proves(j);
        say_trusts(j);
        say_not(j);
    }
    if (j->nomem)
        err = TEE_E_NOMEM;
    att_bundle_clear(&j->b);
    free(j);
    return err;
}
