/*
 * Origin `skr`: the key comes from a key service after attestation.  This
 * version releases nothing; what it can show is the public key of the
 * configuration.
 *
 * And the tokens of a service (via = unix:), whose store is not ours to open.
 */
#include "config.h"

#include <string.h>
#include <sys/stat.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

#define FILE_MAX 16384

static enum tee_err
not_released(const struct ks_conf_token *c, struct tee_fault *f)
{
    (void)c;
    return tee_fault(f, TEE_E_UNSUPPORTED,
                     "unsupported: key_origin = skr: built without azure");
}

static enum tee_err
no_service(const struct ks_conf_token *c, struct tee_fault *f)
{
    (void)c;
    return tee_fault(f, TEE_E_UNSUPPORTED,
                     "unsupported: via = unix: the service is not part of "
                     "this version");
}

static void
key_stat(const struct ks_conf_token *c, struct ks_stamp *ret)
{
    struct stat st;

    *ret = (struct ks_stamp){ 0 };
    if (c->public_key == NULL || lstat(c->public_key, &st) != 0)
        return;
    ret->there = true;
    ret->dev = st.st_dev;
    ret->ino = st.st_ino;
    ret->mtime = st.st_mtim;
    ret->ctime = st.st_ctim;
    ret->size = st.st_size;
}

/* PEM or DER, of the type that the configuration says. */
static enum tee_err
read_key(const struct ks_conf_token *c, struct tee_buf *ret,
         struct tee_fault *f)
{
    struct tee_buf file;
    enum tee_err err;

    tee_buf_init(ret, FILE_MAX);
    err = tee_file_read(c->public_key, &tee_rule_public, FILE_MAX, &file, f);
    if (err != TEE_OK)
        return err == TEE_E_NOTFOUND ? TEE_E_CONFIG : err;
    if (ks_spki_type(tee_buf_view(&file)) != KS_NONE)
        tee_buf_bytes(ret, tee_buf_view(&file));
    else
        err = tee_pem_decode(tee_buf_view(&file), "PUBLIC KEY", ret);
    tee_buf_clear(&file);
    if (err == TEE_OK)
        err = ret->err;
    if (err != TEE_OK || ks_spki_type(tee_buf_view(ret)) != c->key_type)
        return tee_fault(f, TEE_E_CONFIG,
                         "%s: must be a public key (PEM or DER "
                         "SubjectPublicKeyInfo) of type %s",
                         c->public_key, ks_kinfo(c->key_type)->word);
    return TEE_OK;
}

/* The same at each start: there is no store that could remember them. */
static void
name_object(struct ks_object *o, const char *what, const uint8_t spki_hash[32])
{
    struct tee_buf b;
    uint8_t h[32];

    tee_buf_init(&b, 128);
    tee_buf_text(&b, "tee-pkcs11/skr/");
    tee_buf_text(&b, what);
    tee_buf_put(&b, spki_hash, 32);
    tee_sha256(tee_buf_view(&b), h);
    tee_buf_clear(&b);
    memcpy(o->uuid, h, sizeof(o->uuid));
}

static enum tee_err
fill(const struct ks_conf_token *c, struct tee_bytes spki, struct ks_store *s,
     struct tee_fault *f)
{
    struct ks_object pub = { .class = KS_PUBLIC, .flags = KS_O_VERIFY };
    struct ks_object priv = { .class = KS_PRIVATE, .flags = KS_O_SIGN };
    uint8_t h[32];
    enum tee_err err;

    tee_sha256(spki, h);
    pub.ktype = priv.ktype = c->key_type;
    pub.spki = priv.spki = spki;
    pub.attr[KS_A_LABEL] = priv.attr[KS_A_LABEL] = tee_bytes_of(c->label);
    pub.attr[KS_A_ID] = priv.attr[KS_A_ID] = (struct tee_bytes){ h, 20 };
    name_object(&pub, "public", h);
    name_object(&priv, "private", h);
    s->origin = KS_SKR;
    err = ks_store_set(s, &pub, f);
    if (err == TEE_OK)
        err = ks_store_set(s, &priv, f);
    return err;
}

static enum tee_err
key_load(const struct ks_conf_token *c, struct ks_store **ret,
         struct ks_stamp *stamp, struct tee_fault *f)
{
    struct ks_store *s = NULL;
    struct tee_buf spki;
    enum tee_err err;

    key_stat(c, stamp);
    err = read_key(c, &spki, f);
    if (err == TEE_OK)
        err = ks_store_new(&s);
    if (err == TEE_OK)
        err = fill(c, tee_buf_view(&spki), s, f);
    tee_buf_clear(&spki);
    if (err != TEE_OK) {
        ks_store_put(s);
        return err;
    }
    *ret = s;
    return TEE_OK;
}

static void
no_stat(const struct ks_conf_token *c, struct ks_stamp *ret)
{
    (void)c;
    *ret = (struct ks_stamp){ 0 };
}

static enum tee_err
no_load(const struct ks_conf_token *c, struct ks_store **ret,
        struct ks_stamp *stamp, struct tee_fault *f)
{
    (void)c;
    (void)ret;
    (void)stamp;
    (void)f;
    return TEE_E_NOTFOUND;
}

const struct ks_ops ks_ops_skr = {
    .ready = not_released,
    .stat = key_stat,
    .load = key_load,
};

const struct ks_ops ks_ops_service = {
    .ready = no_service,
    .stat = no_stat,
    .load = no_load,
};
