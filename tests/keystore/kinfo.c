/* kinfo.c: what each key type is, and which type a public key has. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/keystore/fixture.h"
#include "tests/keystore/suites.h"

static void
words(void)
{
    static const struct {
        enum ks_ktype type;
        const char *statement;
        size_t sig_len;
    } rows[] = {
        { KS_ED25519, "ed25519", 64 },     { KS_P256, "ec-p256", 64 },
        { KS_P384, "ec-p384", 96 },        { KS_P521, "ec-p521", 132 },
        { KS_RSA2048, "rsa-2048", 256 },   { KS_RSA3072, "rsa-3072", 384 },
        { KS_RSA4096, "rsa-4096", 512 },   { KS_MLDSA44, "ml-dsa-44", 2420 },
        { KS_MLDSA65, "ml-dsa-65", 3309 }, { KS_MLDSA87, "ml-dsa-87", 4627 },
    };
    size_t i;

    for (i = 0; i < TEE_LEN(rows); i++) {
        const struct ks_kinfo *k = ks_kinfo(rows[i].type);

        CU_ASSERT_STRING_EQUAL(k->statement, rows[i].statement);
        CU_ASSERT_EQUAL(k->sig_len, rows[i].sig_len);
        CU_ASSERT_STRING_EQUAL(k->word, ks_conf_type_word(rows[i].type));
    }
    CU_ASSERT_EQUAL(ks_kinfo((enum ks_ktype)99), ks_kinfo(KS_NONE));
    CU_ASSERT_STRING_EQUAL(ks_kinfo(KS_NONE)->word, "none");
}

/* A file of tests/data, as it is. */
static struct tee_bytes
data(const char *name, uint8_t *to, size_t room)
{
    const char *src = secure_getenv("srcdir");
    char path[512];
    FILE *from;
    size_t n = 0;

    snprintf(path, sizeof(path), "%s/tests/data/store/keys/%s",
             src != NULL ? src : ".", name);
    from = fopen(path, "rb");
    if (from != NULL) {
        n = fread(to, 1, room, from);
        (void)fclose(from);
    }
    CU_ASSERT_TRUE(n > 0);
    return (struct tee_bytes){ to, n };
}

static const struct {
    const char *file;
    enum ks_ktype type;
} keys[] = {
    { "p256.spki", KS_P256 },       { "p384.spki", KS_P384 },
    { "p521.spki", KS_P521 },       { "rsa2048.spki", KS_RSA2048 },
    { "rsa3072.spki", KS_RSA3072 }, { "rsa4096.spki", KS_RSA4096 },
};

static void
types(void)
{
    uint8_t room[1024], der[KS_ED25519_SPKI];
    size_t i;

    for (i = 0; i < TEE_LEN(keys); i++)
        CU_ASSERT_EQUAL(ks_spki_type(data(keys[i].file, room, sizeof(room))),
                        keys[i].type);
    memset(room, 7, 32);
    ks_ed25519_spki(room, der);
    CU_ASSERT_EQUAL(ks_spki_type((struct tee_bytes){ der, sizeof(der) }),
                    KS_ED25519);
}

static void
prefixes(void)
{
    uint8_t room[1024];
    struct tee_bytes v;
    size_t i, n;

    for (i = 0; i < TEE_LEN(keys); i++) {
        v = data(keys[i].file, room, sizeof(room) - 1);
        for (n = 0; n < v.len; n++)
            CU_ASSERT_EQUAL(ks_spki_type((struct tee_bytes){ v.p, n }),
                            KS_NONE);
        room[v.len] = 0;
        CU_ASSERT_EQUAL(ks_spki_type((struct tee_bytes){ v.p, v.len + 1 }),
                        KS_NONE);
    }
    CU_ASSERT_EQUAL(ks_spki_type((struct tee_bytes){ NULL, 0 }), KS_NONE);
}

/* Of what stands around the key, each bit counts: a changed one never makes
 * another key type of it. */
static void
flips(void)
{
    uint8_t room[1024];
    struct tee_bytes v;
    size_t i, bit;
    enum ks_ktype t;

    for (i = 0; i < TEE_LEN(keys); i++) {
        v = data(keys[i].file, room, sizeof(room));
        for (bit = 0; bit < 8 * 22; bit++) {
            room[bit / 8] ^= (uint8_t)(1u << bit % 8);
            t = ks_spki_type(v);
            CU_ASSERT_TRUE(t == KS_NONE || t == keys[i].type);
            room[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
}

static const struct test tests[] = {
    { "each type has its words and its size of signature", words },
    { "public keys of others are recognised", types },
    { "no prefix of a public key, and nothing behind it, is one", prefixes },
    { "one flipped bit makes no other type of a public key", flips },
    { NULL, NULL },
};
const struct suite suite_kinfo = { "kinfo", tests };
