#include "config.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/paths.h"
#include "tests/keystore/fixture.h"

static void
must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "fixture: %s\n", what);
    abort();
}

static void
write_file(const char *path, const char *text)
{
    FILE *to = fopen(path, "w");

    must(to != NULL && fputs(text, to) >= 0 && fclose(to) == 0, path);
    must(chmod(path, 0600) == 0, path);
}

static struct fix *
load(struct fix *x)
{
    enum tee_err err = ks_conf_load(x->conf_path, &x->conf, &x->f);

    must(err == TEE_OK, x->f.text);
    must(x->conf->n == 1, "one section");
    must(x->conf->token[0].bad_line == 0, x->conf->token[0].bad.text);
    err = ks_token_new(x->conf, &x->conf->token[0], &x->t);
    must(err == TEE_OK, tee_err_name(err));
    return x;
}

static struct fix *
in_folder(const char *dir, const char *conf, const char *name,
          const char *lines)
{
    struct fix *x = calloc(1, sizeof(*x));
    char text[2048];

    must(x != NULL, "memory");
    must(ks_init() == TEE_OK, "libsodium");
    ks_stretch_cost(14);
    snprintf(x->dir, sizeof(x->dir), "%s", dir);
    snprintf(x->conf_path, sizeof(x->conf_path), "%.200s/%s", dir, conf);
    snprintf(text, sizeof(text), "log = none\n[%s]\nstate = %s/state\n%s", name,
             dir, lines);
    write_file(x->conf_path, text);
    return load(x);
}

struct fix *
fix_new(const char *name, const char *lines)
{
    static const char *base;
    static unsigned n;
    char dir[FIX_PATH];

    if (base == NULL)
        base = test_dir();
    snprintf(dir, sizeof(dir), "%.200s/%u", base, n++);
    must(mkdir(dir, 0700) == 0, dir);
    return in_folder(dir, "conf", name, lines);
}

struct fix *
fix_again(const struct fix *x)
{
    struct fix *y = calloc(1, sizeof(*y));

    must(y != NULL, "memory");
    memcpy(y->dir, x->dir, sizeof(y->dir));
    memcpy(y->conf_path, x->conf_path, sizeof(y->conf_path));
    return load(y);
}

struct fix *
fix_other(const struct fix *x, const char *lines)
{
    return in_folder(x->dir, "conf2", x->conf->token[0].name, lines);
}

void
fix_free(struct fix *x)
{
    if (x == NULL)
        return;
    (void)fix_snap(NULL);
    ks_token_free(x->t);
    ks_conf_free(x->conf);
    free(x);
}

void
fix_file(const struct fix *x, const char *end, char ret[FIX_PATH])
{
    snprintf(ret, FIX_PATH, "%.200s/state/%s.%s", x->dir,
             x->conf->token[0].name, end);
}

static struct tee_bytes
pin_of(const char *s)
{
    return s == NULL ? (struct tee_bytes){ 0 } : tee_bytes_of(s);
}

struct fix *
fix_made(const char *lines, const char *so, const char *user)
{
    struct fix *x = fix_new("agent", lines);
    enum tee_err err = ks_token_init(x->t, pin_of(so), pin_of(user), &x->f);

    must(err == TEE_OK, x->f.text);
    return x;
}

/* One snapshot is held for the tests, so that what they look at stays. */
const struct ks_snap *
fix_snap(struct fix *x)
{
    static const struct ks_snap *held;

    ks_snap_put(held);
    held = x != NULL ? ks_snap_get(x->t) : NULL;
    return held;
}

const struct ks_object *
fix_object(struct fix *x, const uint8_t uuid[16])
{
    const struct ks_snap *s = fix_snap(x);
    size_t i;

    for (i = 0; i < s->n; i++) {
        if (memcmp(s->object[i]->uuid, uuid, 16) == 0)
            return s->object[i];
    }
    return NULL;
}

enum tee_err
fix_generate(struct fix *x, enum ks_ktype type, uint8_t pub[16],
             uint8_t priv[16])
{
    const struct ks_object a = { .class = KS_PUBLIC,
                                 .flags = KS_O_MODIFIABLE | KS_O_DESTROYABLE |
                                          KS_O_VERIFY };
    const struct ks_object b = { .class = KS_PRIVATE,
                                 .flags = KS_O_MODIFIABLE | KS_O_DESTROYABLE |
                                          KS_O_SIGN };

    return ks_generate(x->t, type, &a, &b, pub, priv, &x->f);
}

static struct ks_mech
mech_of(enum ks_ktype type)
{
    if (type >= KS_P256 && type <= KS_P521)
        return (struct ks_mech){ .scheme = KS_ECDSA, .hash = KS_SHA256 };
    if (type >= KS_RSA2048 && type <= KS_RSA4096)
        return (struct ks_mech){ .scheme = KS_RSA_PKCS1, .hash = KS_SHA256 };
    if (type >= KS_MLDSA44)
        return (struct ks_mech){ .scheme = KS_MLDSA };
    return (struct ks_mech){ .scheme = KS_EDDSA };
}

static enum tee_err
verify(const struct ks_object *o, struct tee_bytes m, struct tee_bytes sig)
{
    const struct ks_mech mech = mech_of(o->ktype);
    struct ks_op op = { 0 };
    enum tee_err err;

    if (sig.len != ks_kinfo(o->ktype)->sig_len)
        return TEE_E_SIG_LEN;
    if (o->ktype == KS_ED25519)
        return o->spki.len == KS_ED25519_SPKI &&
                       crypto_sign_verify_detached(sig.p, m.p, m.len,
                                                   o->spki.p + 12) == 0
                   ? TEE_OK
                   : TEE_E_SIGNATURE;
    err = ks_verify_init(&op, o->ktype, o->spki, &mech);
    if (err == TEE_OK)
        err = ks_op_verify(&op, m, sig);
    ks_op_clear(&op);
    return err;
}

enum tee_err
fix_sign(struct fix *x, const uint8_t priv[16])
{
    static const uint8_t message[] = "attack at dawn";
    const struct tee_bytes m = { message, sizeof(message) };
    const struct ks_object *o = fix_object(x, priv);
    struct ks_key *k = NULL;
    struct ks_op op = { 0 };
    struct ks_mech mech;
    uint8_t sig[TEE_SPKI_MAX / 2]; /* RSA-4096: 512 */
    size_t n = 0;
    enum tee_err err;

    if (o == NULL)
        return TEE_E_NOTFOUND;
    err = ks_key_open(x->t, o, &k, &x->f);
    if (err != TEE_OK)
        return err;
    mech = mech_of(o->ktype);
    err = ks_sign_init(&op, k, &mech);
    if (err == TEE_OK)
        err = ks_op_sign(&op, m, sig, &n);
    ks_op_clear(&op);
    ks_key_put(k);
    return err == TEE_OK ? verify(o, m, (struct tee_bytes){ sig, n }) : err;
}

bool
fix_helper(void)
{
    if (access(tee_path_helper, X_OK) == 0)
        return true;
    test_skip("the helper is not built");
    return false;
}

bool
fix_slow(void)
{
    return secure_getenv("TEE_TEST_SLOW") != NULL;
}
