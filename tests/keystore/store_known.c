/*
 * tests/data/store/: each file is made again from fixed inputs, read, written
 * and opened.  TEE_STORE_WRITE=FOLDER in the environment writes them there.
 */
#include "config.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/keystore/fixture.h"
#include "tests/keystore/store_make.h"
#include "tests/keystore/suites.h"

/* Computed from the files by Python's hashlib and hmac, not by this code. */
static const struct {
    const char *name, *mac;
} macs[] = {
    { "local-none-ed25519",
      "1b85ec39917ca06cbd3c13515b53bdc1f538a11b62732d2c1d4b20d037ad9d87" },
    { "local-both-full",
      "fcd452492be3c4e173a80568c16a6ea184a1e42b669578a86807f08f6c41fd7c" },
    { "tee_generated-user-full",
      "c869b95a2d369ed3f162e4c440eef820d8f0677e767717ab7414f154219185b3" },
};

static void
write_path(const char *path, struct tee_bytes v)
{
    FILE *fp;

    fp = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(fp);
    CU_ASSERT_EQUAL(fwrite(v.p, 1, v.len, fp), v.len);
    CU_ASSERT_EQUAL(fclose(fp), 0);
}

static void
read_known(const struct make *m, struct tee_buf *ret)
{
    char name[64], file[80];

    make_name(m, name);
    (void)snprintf(file, sizeof(file), "%s.token", name);
    if (!make_read(file, ret)) {
        printf("    %s is not there\n", file);
        CU_FAIL("a known-answer file is missing");
    }
}

static void
test_each_file_is_made_again(void)
{
    const char *dir = secure_getenv("TEE_STORE_WRITE");
    struct tee_buf made, known;
    char name[64], path[512];
    size_t i;

    for (i = 0; i < make_known_n; i++) {
        make_name(&make_known[i], name);
        make_file(&make_known[i], &made);
        (void)snprintf(path, sizeof(path), "%s/%s.token", dir ? dir : "", name);
        if (dir != NULL)
            write_path(path, tee_buf_view(&made));
        read_known(&make_known[i], &known);
        if (!tee_bytes_equal(tee_buf_view(&made), tee_buf_view(&known))) {
            printf("    %s differs\n", name);
            CU_FAIL("a known-answer file differs");
        }
        tee_buf_clear(&made);
        tee_buf_clear(&known);
    }
}

/* With the token key, and without it: the same bytes. */
static void
encode_both_ways(const struct ks_store *s, struct tee_bytes file)
{
    struct tee_buf again;
    uint8_t key[32];

    CU_ASSERT_EQUAL(ks_store_encode(s, NULL, &again), TEE_OK);
    CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&again), file));
    tee_buf_clear(&again);
    if (s->origin == KS_SKR)
        return;
    make_mac_key(s, key);
    CU_ASSERT_EQUAL(ks_store_authentic(s, key, NULL), TEE_OK);
    CU_ASSERT_EQUAL(ks_store_encode(s, key, &again), TEE_OK);
    CU_ASSERT_TRUE(tee_bytes_equal(tee_buf_view(&again), file));
    tee_buf_clear(&again);
}

static void
test_each_file_is_read_and_written_alike(void)
{
    struct ks_store *s = NULL;
    struct tee_fault f = { 0 };
    struct tee_buf known;
    size_t i;

    for (i = 0; i < make_known_n; i++) {
        read_known(&make_known[i], &known);
        if (ks_store_decode(tee_buf_view(&known), &s, &f) != TEE_OK) {
            printf("    %s\n", f.text);
            CU_FAIL_FATAL("a known-answer file is refused");
        }
        CU_ASSERT_EQUAL(s->origin, make_known[i].origin);
        CU_ASSERT_EQUAL(s->has_mac, s->origin != KS_SKR);
        CU_ASSERT_EQUAL(s->object[1]->ktype, make_known[i].type);
        encode_both_ways(s, tee_buf_view(&known));
        ks_store_put(s);
        tee_buf_clear(&known);
    }
}

/* mac = HMAC over the array [magic, 1, body], all of it by hand. */
static void
check_mac(const struct ks_store *s)
{
    static const char head[] = "\x83\x70tee-pkcs11.store\x01";
    struct tee_buf text;
    uint8_t key[32], mac[32];

    tee_buf_init(&text, KS_STORE_MAX);
    tee_buf_put(&text, head, sizeof(head) - 1);
    CU_ASSERT_TRUE_FATAL(s->body.len > 255 && s->body.len < 65536);
    tee_buf_u8(&text, 0x59); /* byte string, two bytes of length */
    tee_buf_be16(&text, (uint16_t)s->body.len);
    tee_buf_bytes(&text, s->body);
    make_mac_key(s, key);
    make_hmac((struct tee_bytes){ key, 32 }, tee_buf_view(&text), mac);
    CU_ASSERT_EQUAL(sodium_memcmp(mac, s->mac, 32), 0);
    tee_buf_clear(&text);
}

static void
test_each_mac_is_the_one_of_the_document(void)
{
    struct ks_store *s = NULL;
    struct tee_buf known;
    size_t i;

    for (i = 0; i < make_known_n; i++) {
        if (make_known[i].origin == KS_SKR)
            continue;
        read_known(&make_known[i], &known);
        CU_ASSERT_EQUAL_FATAL(ks_store_decode(tee_buf_view(&known), &s, NULL),
                              TEE_OK);
        check_mac(s);
        ks_store_put(s);
        tee_buf_clear(&known);
    }
}

static void
test_macs_that_another_program_computed(void)
{
    struct ks_store *s = NULL;
    char file[80], hex[65];
    struct tee_buf known;
    size_t i;

    for (i = 0; i < TEE_LEN(macs); i++) {
        (void)snprintf(file, sizeof(file), "%s.token", macs[i].name);
        CU_ASSERT_TRUE_FATAL(make_read(file, &known));
        CU_ASSERT_EQUAL_FATAL(ks_store_decode(tee_buf_view(&known), &s, NULL),
                              TEE_OK);
        tee_hex((struct tee_bytes){ s->mac, 32 }, hex);
        CU_ASSERT_STRING_EQUAL(hex, macs[i].mac);
        ks_store_put(s);
        tee_buf_clear(&known);
    }
}

static void
test_each_sealed_value_opens_under_its_own_object_only(void)
{
    struct ks_store *s;
    struct ks_object moved;
    struct tee_buf plain;
    size_t i, k;

    for (i = 0; i < make_known_n; i++) {
        if (make_known[i].origin == KS_SKR)
            continue;
        s = make_store(&make_known[i]);
        for (k = 0; k < s->n; k++) {
            if (s->object[k]->sealed.p == NULL)
                continue;
            CU_ASSERT_TRUE(make_unseal(s, s->object[k], &plain));
            CU_ASSERT_TRUE(plain.len > 0);
            tee_buf_clear(&plain);
            moved = *s->object[k];
            moved.uuid[0] ^= 1;
            CU_ASSERT_FALSE(make_unseal(s, &moved, &plain));
            moved = *s->object[k];
            moved.flags ^= KS_O_LOCAL;
            CU_ASSERT_FALSE(make_unseal(s, &moved, &plain));
        }
        ks_store_put(s);
    }
}

static void
test_the_pins_open_the_wraps(void)
{
    const struct make both = { KS_LOCAL, MAKE_BOTH, KS_ED25519, false },
                      none = { KS_LOCAL, MAKE_NONE, KS_ED25519, false };
    struct ks_store *s = make_store(&both);
    uint8_t tk[32] = { 0 };

    CU_ASSERT_TRUE(make_unwrap(s, KS_USER, MAKE_USER_PIN, tk));
    CU_ASSERT_EQUAL(sodium_memcmp(tk, make_tk, 32), 0);
    memset(tk, 0, sizeof(tk));
    CU_ASSERT_TRUE(make_unwrap(s, KS_SO, MAKE_SO_PIN, tk));
    CU_ASSERT_EQUAL(sodium_memcmp(tk, make_tk, 32), 0);
    CU_ASSERT_FALSE(make_unwrap(s, KS_USER, MAKE_SO_PIN, tk));
    ks_store_put(s);
    s = make_store(&none);
    CU_ASSERT_TRUE(make_unwrap(s, KS_USER, NULL, tk));
    CU_ASSERT_EQUAL(sodium_memcmp(tk, make_tk, 32), 0);
    ks_store_put(s);
}

/* ---- the same files, opened by the keystore
 * --------------------------------------
 */

static void
put_known(const struct fix *x, const struct make *m)
{
    struct tee_buf known;
    char path[FIX_PATH];

    (void)snprintf(path, sizeof(path), "%.200s/state", x->dir);
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0700), 0);
    read_known(m, &known);
    fix_file(x, "token", path);
    write_path(path, tee_buf_view(&known));
    CU_ASSERT_EQUAL(chmod(path, 0600), 0);
    tee_buf_clear(&known);
}

/* The plug-in recomputes the public half; without it there is Ed25519 alone. */
static enum tee_err
open_known(struct fix *x, const uint8_t uuid[16])
{
    const struct ks_object *o = fix_object(x, uuid);
    struct ks_key *k = NULL;
    enum tee_err err;

    CU_ASSERT_PTR_NOT_NULL_FATAL(o);
    err = ks_key_open(x->t, o, &k, &x->f);
    ks_key_put(k);
    return err == TEE_E_UNAVAIL && o->ktype != KS_ED25519 ? TEE_OK : err;
}

/* Unwraps TK, checks the MAC, unseals the key, recomputes its public half. */
static void
use_known(const struct make *m)
{
    bool pin = m->pin != MAKE_NONE;
    struct fix *x = fix_new("agent", pin ? FIX_PIN : FIX_LOCAL);
    struct ks_store *s = make_store(m);
    const uint8_t *key = s->object[1]->uuid;

    put_known(x, m);
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    if (pin) {
        CHECK_ERR(open_known(x, key), TEE_E_LOGIN);
        CHECK_ERR(ks_login(x->t, KS_USER, TEE_STR("123457"), &x->f), TEE_E_PIN);
        CHECK_ERR(ks_login(x->t, KS_USER, TEE_STR(MAKE_USER_PIN), &x->f),
                  TEE_OK);
    }
    CHECK_ERR(open_known(x, key), TEE_OK);
    if (m->type == KS_ED25519)
        CHECK_ERR(fix_sign(x, key), TEE_OK);
    ks_store_put(s);
    fix_free(x);
}

static void
test_keys_of_known_answers_open_and_sign(void)
{
    size_t i;

    for (i = 0; i < make_known_n; i++) {
        if (make_known[i].origin == KS_LOCAL &&
            make_known[i].type != KS_MLDSA44)
            use_known(&make_known[i]);
    }
}

/* local-both: all ten tries of the SO are used up. */
static void
test_a_locked_role_of_a_known_answer_stays_locked(void)
{
    const struct make both = { KS_LOCAL, MAKE_BOTH, KS_ED25519, false };
    struct fix *x = fix_new("agent", FIX_PIN);

    put_known(x, &both);
    CHECK_ERR(ks_token_refresh(x->t, &x->f), TEE_OK);
    CU_ASSERT_EQUAL(fix_snap(x)->so_tries, 0);
    CHECK_ERR(ks_login(x->t, KS_SO, TEE_STR(MAKE_SO_PIN), &x->f),
              TEE_E_PIN_LOCKED);
    fix_free(x);
}

static const struct test tests[] = {
    { "each known-answer file is made again byte for byte",
      test_each_file_is_made_again },
    { "each known-answer file is read and written alike",
      test_each_file_is_read_and_written_alike },
    { "each MAC is the one of the document",
      test_each_mac_is_the_one_of_the_document },
    { "MACs that another program computed",
      test_macs_that_another_program_computed },
    { "each sealed value opens under its own object only",
      test_each_sealed_value_opens_under_its_own_object_only },
    { "the PINs open the wraps", test_the_pins_open_the_wraps },
    { "keys of known answers open and sign",
      test_keys_of_known_answers_open_and_sign },
    { "a locked role of a known answer stays locked",
      test_a_locked_role_of_a_known_answer_stays_locked },
    { NULL, NULL },
};
const struct suite suite_store_known = { "store_known", tests };
