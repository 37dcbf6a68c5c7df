/* The rules of the format beyond its syntax, one mistake at a time. */
#include "config.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "tests/keystore/store_make.h"
#include "tests/keystore/suites.h"

static const struct make local = { KS_LOCAL, MAKE_BOTH, KS_ED25519, true },
                         tee = { KS_TEE, MAKE_USER, KS_ED25519, true },
                         skr = { KS_SKR, MAKE_NONE, KS_ED25519, true },
                         rsa = { KS_LOCAL, MAKE_NONE, KS_RSA2048, false },
                         rsa_skr = { KS_SKR, MAKE_NONE, KS_RSA2048, false };

/* Places of make_store(): full ones have all but what their origin lacks. */
enum { PUBLIC, PRIVATE, CERT, DATA, HIDDEN, EPHEMERAL };

static uint8_t long_text[KS_NAME_MAX + 1];

/* ---- one object
 * ---------------------------------------------------------------
 */

static void
no_key_type(struct ks_object *o)
{
    o->ktype = KS_NONE;
}

static void
key_type_11(struct ks_object *o)
{
    o->ktype = KS_KTYPES;
}

static void
no_spki(struct ks_object *o)
{
    o->spki = (struct tee_bytes){ 0 };
}

static void
an_spki(struct ks_object *o)
{
    o->spki = TEE_STR("0");
}

static void
a_key_type(struct ks_object *o)
{
    o->ktype = KS_P256;
}

static void
not_sealed(struct ks_object *o)
{
    o->sealed = (struct tee_bytes){ 0 };
}

static void
sealed_40(struct ks_object *o)
{
    o->sealed = (struct tee_bytes){ long_text, 40 };
}

static void
sealed_39(struct ks_object *o)
{
    o->sealed = (struct tee_bytes){ long_text, 39 };
}

static void
sealed_41(struct ks_object *o)
{
    o->sealed = (struct tee_bytes){ long_text, 41 };
}

static void
a_category(struct ks_object *o)
{
    o->category = 2;
}

static void
class_4(struct ks_object *o)
{
    o->class = (enum ks_class)4;
}

static void
class_minus_1(struct ks_object *o)
{
    o->class = (enum ks_class) - 1;
}

static void
class_private(struct ks_object *o)
{
    o->class = KS_PRIVATE;
}

static void
early(struct ks_object *o)
{
    o->created = -1;
}

static void
a_boot_id(struct ks_object *o)
{
    o->boot[15] = 1;
}

static void
no_boot_id(struct ks_object *o)
{
    memset(o->boot, 0, sizeof(o->boot));
}

static void
label_255(struct ks_object *o)
{
    o->attr[KS_A_LABEL] = (struct tee_bytes){ long_text, 255 };
}

static void
label_256(struct ks_object *o)
{
    o->attr[KS_A_LABEL] = (struct tee_bytes){ long_text, 256 };
}

static void
id_256(struct ks_object *o)
{
    o->attr[KS_A_ID] = (struct tee_bytes){ long_text, 256 };
}

static void
latin1_label(struct ks_object *o)
{
    o->attr[KS_A_LABEL] = TEE_STR("caf\xe9");
}

static void
latin1_application(struct ks_object *o)
{
    o->attr[KS_A_APPLICATION] = TEE_STR("caf\xe9");
}

static void
short_date(struct ks_object *o)
{
    o->attr[KS_A_START] = TEE_STR("2026010");
}

static void
long_date(struct ks_object *o)
{
    o->attr[KS_A_END] = TEE_STR("202601010");
}

static void
a_value(struct ks_object *o)
{
    o->attr[KS_A_VALUE] = TEE_STR("");
}

static void
no_value(struct ks_object *o)
{
    o->attr[KS_A_VALUE] = (struct tee_bytes){ 0 };
}

static void
an_id(struct ks_object *o)
{
    o->attr[KS_A_ID] = TEE_STR("");
}

static void
a_url(struct ks_object *o)
{
    o->attr[KS_A_URL] = TEE_STR("https://x");
}

static void
nothing(struct ks_object *o)
{
    (void)o;
}

static const struct rule {
    const char *text; /* "": lawful */
    const struct make *of;
    unsigned at;
    uint32_t set, clear; /* flags */
    void (*change)(struct ks_object *o);
} rules[] = {
    { "", &local, PUBLIC, 0, 0, nothing },
    { "", &local, PUBLIC, 0, KS_O_VERIFY | KS_O_LOCAL, nothing },
    { "", &local, PUBLIC, KS_O_TRUSTED | KS_O_COPYABLE, 0, nothing },
    { "", &local, PUBLIC, KS_O_PRIVATE, 0, nothing },
    { "", &local, PRIVATE, 0, KS_O_MODIFIABLE | KS_O_DESTROYABLE, nothing },
    { "", &local, PRIVATE, 0, 0xf0, nothing }, /* imported */
    { "", &rsa, PRIVATE, 0, 0, sealed_41 },
    { "", &local, HIDDEN, 0, 0, sealed_40 }, /* an empty value */
    { "", &skr, PRIVATE, 0, 0, not_sealed },
    { "", &rsa_skr, PRIVATE, 0, 0, nothing },
    { "", &tee, EPHEMERAL, 0, 0, nothing },
    { "", &local, DATA, 0, 0, no_value },
    { "", &local, DATA, 0, 0, label_255 },
    { "", &local, CERT, 0, 0, no_boot_id },
    { "unknown class", &local, DATA, 0, 0, class_4 },
    { "unknown class", &local, DATA, 0, 0, class_minus_1 },
    { "flags 0x800 of a data", &local, DATA, 0x800, 0, nothing },
    { "flags 0x80 of a data", &local, DATA, KS_O_SIGN, 0, nothing },
    { "flags 0x10 of a certificate", &local, CERT, KS_O_LOCAL, 0, nothing },
    { "flags 0x400 of a certificate", &tee, CERT, KS_O_EPHEMERAL, 0, nothing },
    { "flags 0x80 of a public key", &local, PUBLIC, KS_O_SIGN, 0, nothing },
    { "flags 0x60 of a public key", &local, PUBLIC,
      KS_O_ALWAYS_SENSITIVE | KS_O_NEVER_EXTRACTABLE, 0, nothing },
    { "flags 0x100 of a private key", &local, PRIVATE, KS_O_VERIFY, 0,
      nothing },
    { "flags 0x8 of a private key", &local, PRIVATE, KS_O_COPYABLE, 0,
      nothing },
    { "flags 0x200 of a private key", &local, PRIVATE, KS_O_TRUSTED, 0,
      nothing },
    { "flags 0x100 of a private key", &local, PUBLIC, 0, 0, class_private },
    { "category of what is no certificate", &local, DATA, 0, 0, a_category },
    { "category of what is no certificate", &local, PUBLIC, 0, 0, a_category },
    { "time before the epoch", &local, DATA, 0, 0, early },
    { "a data has no attribute 1", &local, DATA, 0, 0, an_id },
    { "a public key has no attribute 9", &local, PUBLIC, 0, 0, a_value },
    { "a private key has no attribute 9", &local, PRIVATE, 0, 0, a_value },
    { "a private key has no attribute 10", &local, PRIVATE, 0, 0, a_url },
    { "label or id of more than 255 bytes", &local, DATA, 0, 0, label_256 },
    { "label or id of more than 255 bytes", &local, PUBLIC, 0, 0, id_256 },
    { "label or application is not UTF-8", &local, PUBLIC, 0, 0, latin1_label },
    { "label or application is not UTF-8", &local, DATA, 0, 0,
      latin1_application },
    { "a date is not of 8 characters", &local, CERT, 0, 0, short_date },
    { "a date is not of 8 characters", &local, PRIVATE, 0, 0, long_date },
    { "a certificate without value", &local, CERT, 0, 0, a_value },
    { "a certificate without value", &local, CERT, 0, 0, no_value },
    { "a key without known type", &local, PUBLIC, 0, 0, no_key_type },
    { "a key without known type", &local, PRIVATE, 0, 0, key_type_11 },
    { "a key without public key", &local, PRIVATE, 0, 0, no_spki },
    { "a public key of another type", &local, PRIVATE, 0, 0, an_spki },
    { "a public key of another type", &rsa, PUBLIC, 0, 0, a_key_type },
    { "key type or public key of what is no key", &local, CERT, 0, 0,
      a_key_type },
    { "key type or public key of what is no key", &local, DATA, 0, 0, an_spki },
    { "always sensitive or never extractable, but not local", &local, PRIVATE,
      0, KS_O_LOCAL, nothing },
    { "a released key is not local", &skr, PUBLIC, KS_O_LOCAL, 0, nothing },
    { "a released key is not local", &skr, PRIVATE, KS_O_LOCAL, 0, nothing },
    { "a key of tee_generated must be local", &tee, PRIVATE, 0, 0xf0, nothing },
    { "only keys of tee_generated are ephemeral", &local, PRIVATE,
      KS_O_EPHEMERAL, 0, a_boot_id },
    { "a boot id stands with ephemeral keys, and only there", &tee, PRIVATE, 0,
      0, a_boot_id },
    { "a boot id stands with ephemeral keys, and only there", &tee, DATA, 0, 0,
      a_boot_id },
    { "a boot id stands with ephemeral keys, and only there", &tee, EPHEMERAL,
      0, 0, no_boot_id },
    { "sealed value is missing", &local, PRIVATE, 0, 0, not_sealed },
    { "sealed value is missing", &tee, PRIVATE, 0, 0, not_sealed },
    { "sealed value is missing", &local, HIDDEN, 0, 0, not_sealed },
    { "sealed value of a public object", &local, PUBLIC, 0, 0, sealed_41 },
    { "sealed value of a public object", &local, DATA, 0, 0, sealed_41 },
    { "sealed value of a public object", &local, CERT, KS_O_PRIVATE, 0,
      sealed_41 },
    { "private data in clear", &local, HIDDEN, 0, 0, a_value },
    { "private data without a token key", &skr, DATA, KS_O_PRIVATE, 0,
      no_value },
    { "sealed value is too short", &local, HIDDEN, 0, 0, sealed_39 },
    { "sealed value is too short", &rsa, PRIVATE, 0, 0, sealed_40 },
    { "sealed value is not one of an Ed25519 seed", &local, PRIVATE, 0, 0,
      sealed_41 },
};

/* As the file would say it: encode lets everything through. */
static void
decoded(const struct ks_store *s, const char *text)
{
    struct ks_store *t = NULL;
    struct tee_fault f = { 0 };
    struct tee_buf file;
    enum tee_err err;

    make_encode(s, &file);
    err = ks_store_decode(tee_buf_view(&file), &t, &f);
    tee_buf_clear(&file);
    CU_ASSERT_EQUAL(err, text[0] == '\0' ? TEE_OK : TEE_E_MALFORMED);
    if (err != TEE_OK && strstr(f.text, text) == NULL) {
        printf("    \"%s\" is not in \"%s\"\n", text, f.text);
        CU_FAIL("another text");
    }
    ks_store_put(t);
}

static void
check_rule(const struct rule *r)
{
    struct ks_store *s = make_store(r->of);
    struct ks_object o = *s->object[r->at];
    struct tee_fault f = { 0 };
    enum tee_err err;

    o.flags = (o.flags | r->set) & ~r->clear;
    r->change(&o);
    err = ks_object_check(&o, s->origin, &f);
    CU_ASSERT_EQUAL(err, r->text[0] == '\0' ? TEE_OK : TEE_E_MALFORMED);
    if (strcmp(f.text, r->text) != 0) {
        printf("    \"%s\" instead of \"%s\"\n", f.text, r->text);
        CU_FAIL("another text");
    }
    CU_ASSERT_EQUAL(ks_object_check(&o, s->origin, NULL), err);
    /* what a caller gets that would add it, and what a file gets */
    CU_ASSERT_EQUAL(ks_store_set(s, &o, &f),
                    err == TEE_OK ? TEE_OK : TEE_E_ARG);
    CU_ASSERT_EQUAL(f.err, err == TEE_OK ? TEE_OK : TEE_E_ARG);
    if ((unsigned)o.class <= KS_PRIVATE && o.created >= 0) {
        s->object[r->at] = &o;
        decoded(s, err == TEE_OK ? "" : "object");
    }
    ks_store_put(s);
}

static void
test_each_rule_about_objects(void)
{
    size_t i;

    memset(long_text, 'x', sizeof(long_text));
    for (i = 0; i < TEE_LEN(rules); i++)
        check_rule(&rules[i]);
}

/* ---- the whole store
 * ------------------------------------------------------------
 */

static const uint8_t junk[KS_WRAP_MAX + 1];
#define JUNK(n)                                                                \
    {                                                                          \
        junk, n                                                                \
    }

static const struct wrap_rule {
    const char *text;
    const struct make *of;
    struct ks_wrap user, so;
} wraps[] = {
    { "",
      &local,
      { KS_WRAP_CLEAR, JUNK(32), false, 0, { 0 }, { NULL, 0 } },
      { 0 } },
    { "",
      &local,
      { KS_WRAP_PIN, JUNK(72), true, 14, { 0 }, { NULL, 0 } },
      { 0 } },
    { "",
      &local,
      { 0 },
      { KS_WRAP_PIN, JUNK(72), true, 17, { 0 }, { NULL, 0 } } },
    { "",
      &local,
      { KS_WRAP_PIN, JUNK(72), true, 15, { 0 }, { NULL, 0 } },
      { KS_WRAP_PIN, JUNK(72), true, 15, { 1 }, { NULL, 0 } } },
    { "", &tee, { KS_WRAP_ROOT, JUNK(1), false, 0, { 0 }, JUNK(0) }, { 0 } },
    { "",
      &tee,
      { KS_WRAP_ROOT, JUNK(KS_WRAP_MAX), true, 14, { 0 }, JUNK(KS_WRAP_MAX) },
      { KS_WRAP_ROOT, JUNK(1), true, 14, { 0 }, JUNK(0) } },
    { "", &tee, { 0 }, { 0 } }, /* ephemeral: TK in one process */
    { "", &skr, { 0 }, { 0 } },
    { "no wrap of the token key", &local, { 0 }, { 0 } },
    { "wrap of a kind that this origin does not have",
      &local,
      { KS_WRAP_ROOT, JUNK(72), false, 0, { 0 }, JUNK(0) },
      { 0 } },
    { "wrap of a kind that this origin does not have",
      &tee,
      { KS_WRAP_CLEAR, JUNK(32), false, 0, { 0 }, { NULL, 0 } },
      { 0 } },
    { "wrap of a kind that this origin does not have",
      &tee,
      { KS_WRAP_PIN, JUNK(72), true, 14, { 0 }, { NULL, 0 } },
      { 0 } },
    { "wrap of a kind that this origin does not have",
      &skr,
      { KS_WRAP_CLEAR, JUNK(32), false, 0, { 0 }, { NULL, 0 } },
      { 0 } },
    { "wrap of a kind that this origin does not have",
      &skr,
      { KS_WRAP_ROOT, JUNK(32), false, 0, { 0 }, JUNK(1) },
      { 0 } },
    { "wrap of a wrong shape",
      &local,
      { KS_WRAP_CLEAR, JUNK(31), false, 0, { 0 }, { NULL, 0 } },
      { 0 } },
    { "wrap of a wrong shape",
      &local,
      { KS_WRAP_CLEAR, JUNK(32), true, 14, { 0 }, { NULL, 0 } },
      { 0 } },
    { "wrap of a wrong shape",
      &local,
      { KS_WRAP_PIN, JUNK(72), false, 0, { 0 }, { NULL, 0 } },
      { 0 } },
    { "wrap of a wrong shape",
      &local,
      { KS_WRAP_PIN, JUNK(73), true, 14, { 0 }, { NULL, 0 } },
      { 0 } },
    { "root parameters stand with a root, and only there",
      &local,
      { KS_WRAP_PIN, JUNK(72), true, 14, { 0 }, JUNK(0) },
      { 0 } },
    { "root parameters stand with a root, and only there",
      &tee,
      { KS_WRAP_ROOT, JUNK(72), true, 14, { 0 }, { NULL, 0 } },
      { 0 } },
    { "key: outside of its limits",
      &tee,
      { KS_WRAP_ROOT, JUNK(0), false, 0, { 0 }, JUNK(0) },
      { 0 } },
    { "key: outside of its limits",
      &tee,
      { KS_WRAP_ROOT, JUNK(KS_WRAP_MAX + 1), false, 0, { 0 }, JUNK(0) },
      { 0 } },
    { "root parameters: outside of its limits",
      &tee,
      { KS_WRAP_ROOT, JUNK(1), false, 0, { 0 }, JUNK(KS_WRAP_MAX + 1) },
      { 0 } },
    { "second one in clear",
      &local,
      { KS_WRAP_CLEAR, JUNK(32), false, 0, { 0 }, { NULL, 0 } },
      { KS_WRAP_CLEAR, JUNK(32), false, 0, { 0 }, { NULL, 0 } } },
    { "a security officer without a PIN",
      &local,
      { 0 },
      { KS_WRAP_CLEAR, JUNK(32), false, 0, { 0 }, { NULL, 0 } } },
    { "a security officer without a PIN",
      &tee,
      { KS_WRAP_ROOT, JUNK(72), true, 14, { 0 }, JUNK(0) },
      { KS_WRAP_ROOT, JUNK(72), false, 0, { 0 }, JUNK(0) } },
    { "a security officer over a user without a PIN",
      &local,
      { KS_WRAP_CLEAR, JUNK(32), false, 0, { 0 }, { NULL, 0 } },
      { KS_WRAP_PIN, JUNK(72), true, 14, { 0 }, { NULL, 0 } } },
    { "a security officer over a user without a PIN",
      &tee,
      { KS_WRAP_ROOT, JUNK(72), false, 0, { 0 }, JUNK(0) },
      { KS_WRAP_ROOT, JUNK(72), true, 14, { 0 }, JUNK(0) } },
};

static void
test_each_rule_about_wraps(void)
{
    struct ks_store *s;
    size_t i;

    for (i = 0; i < TEE_LEN(wraps); i++) {
        s = make_store(wraps[i].of);
        s->wrap[KS_USER] = wraps[i].user;
        s->wrap[KS_SO] = wraps[i].so;
        decoded(s, wraps[i].text);
        ks_store_put(s);
    }
}

static void
test_a_uuid_stands_once(void)
{
    struct ks_store *s = make_store(&local);
    struct ks_object twice = *s->object[DATA];

    memcpy(twice.uuid, s->object[PUBLIC]->uuid, 16);
    s->object[DATA] = &twice;
    decoded(s, "two objects of the same uuid");
    memset(s->uuid, 0, 16);
    s->n = 0;
    decoded(s, "a token without uuid");
    ks_store_put(s);
}

static void
test_the_mac_stands_with_a_token_key(void)
{
    struct ks_store *s = make_store(&local);

    s->has_mac = false;
    CU_ASSERT_EQUAL(ks_store_check(s, NULL), TEE_E_MALFORMED);
    s->has_mac = true;
    CU_ASSERT_EQUAL(ks_store_check(s, NULL), TEE_OK);
    s->time = -1;
    CU_ASSERT_EQUAL(ks_store_check(s, NULL), TEE_E_MALFORMED);
    ks_store_put(s);
    s = make_store(&skr);
    CU_ASSERT_EQUAL(ks_store_check(s, NULL), TEE_OK);
    s->has_mac = true;
    CU_ASSERT_EQUAL(ks_store_check(s, NULL), TEE_E_MALFORMED);
    ks_store_put(s);
}

static void
test_objects_of_one_origin_do_not_fit_another(void)
{
    static const struct {
        const struct make *of;
        enum ks_origin to;
    } moves[] = {
        { &local, KS_TEE }, { &local, KS_SKR }, { &tee, KS_LOCAL },
        { &tee, KS_SKR },   { &skr, KS_LOCAL }, { &skr, KS_TEE },
    };
    struct ks_store *s;
    size_t i;

    for (i = 0; i < TEE_LEN(moves); i++) {
        s = make_store(moves[i].of);
        s->origin = moves[i].to;
        s->has_mac = s->origin != KS_SKR;
        CU_ASSERT_EQUAL(ks_store_check(s, NULL), TEE_E_MALFORMED);
        ks_store_put(s);
    }
}

/* ---- evidence
 * --------------------------------------------------------------------
 */

static void
one_evidence(struct ks_evidence *e, const char *text)
{
    struct ks_store *s = make_store(&tee);
    const struct ks_evidence *list[2] = { e, s->evidence[0] };
    struct tee_fault f = { 0 };

    CU_ASSERT_EQUAL(ks_store_set_evidence(s, e, &f),
                    text[0] == '\0' ? TEE_OK : TEE_E_ARG);
    s->evidence = list;
    s->n_evidence = 1;
    decoded(s, text);
    ks_store_put(s);
}

static void
test_each_rule_about_evidence(void)
{
    struct ks_store *s = make_store(&tee);
    const struct ks_evidence good = *s->evidence[0];
    struct ks_evidence e = good;
    size_t i;

    one_evidence(&e, "");
    e.platform = (struct tee_bytes){ long_text, KS_PLATFORM_MAX };
    one_evidence(&e, "");
    e.platform.len++;
    one_evidence(&e, "platform: outside of its limits");
    e = good;
    e.report_data = (struct tee_bytes){ junk, 64 };
    one_evidence(&e, "");
    e.report_data.len++;
    one_evidence(&e, "caller-controlled field: outside of its limits");
    e = good;
    e.blobs.n = 0;
    one_evidence(&e, "number of blobs or endorsements");
    e = good;
    e.endorsements.n = 0;
    one_evidence(&e, "");
    e = good;
    e.blobs.v[0].name = TEE_STR("");
    one_evidence(&e, "a blob without a name");
    e.blobs.v[0].name = e.blobs.v[1].name;
    one_evidence(&e, "names of blobs are not ascending");
    e.blobs.v[0].name = TEE_STR("report2");
    one_evidence(&e, "names of blobs are not ascending");
    e.blobs.v[0].name = TEE_STR("repor");
    one_evidence(&e, "");
    e.blobs.n = TEE_BLOBS_MAX;
    for (i = 0; i < TEE_BLOBS_MAX; i++)
        e.blobs.v[i] =
            (struct tee_blob){ { (const uint8_t *)"abcdefghijklmnop" + i, 1 },
                               { junk, 3 } };
    one_evidence(&e, "");
    e = good;
    memset(e.boot, 0, sizeof(e.boot)); /* not the one of this boot */
    one_evidence(&e, "");
    ks_store_put(s);
}

static void
test_evidence_is_about_a_private_key_of_this_store(void)
{
    struct ks_store *from = make_store(&tee), *s = from;
    struct ks_evidence e = *from->evidence[0], again = e;
    const struct ks_evidence *list[2] = { &e, &again };

    s->evidence = list;
    memcpy(e.key, s->object[PUBLIC]->uuid, 16);
    decoded(s, "evidence 0: about no private key of this file");
    memset(e.key, 0xee, 16);
    decoded(s, "evidence 0: about no private key of this file");
    memcpy(e.key, s->object[PRIVATE]->uuid, 16);
    s->n_evidence = 2;
    decoded(s, "evidence 1: second one about the same key");
    memcpy(e.key, s->object[EPHEMERAL]->uuid, 16);
    decoded(s, "");
    s = make_store(&local);
    memcpy(e.key, s->object[PRIVATE]->uuid, 16);
    s->evidence = list;
    s->n_evidence = 1;
    decoded(s, "evidence about local keys");
    ks_store_put(s);
    ks_store_put(from);
}

static const struct test tests[] = {
    { "each rule about objects", test_each_rule_about_objects },
    { "each rule about wraps", test_each_rule_about_wraps },
    { "a uuid stands once", test_a_uuid_stands_once },
    { "the MAC stands with a token key", test_the_mac_stands_with_a_token_key },
    { "objects of one origin do not fit another",
      test_objects_of_one_origin_do_not_fit_another },
    { "each rule about evidence", test_each_rule_about_evidence },
    { "evidence is about a private key of this store",
      test_evidence_is_about_a_private_key_of_this_store },
    { NULL, NULL },
};
const struct suite suite_store_check = { "store_check", tests };
