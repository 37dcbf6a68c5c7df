/* PKCS#11 URIs (RFC 7512), as the command takes them. */
#include "config.h"

#include <p11-kit/uri.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cmd.h"

/* pkcs11:token=LABEL, every byte of it escaped. */
static enum tee_err
from_label(const char *label, struct tee_buf *ret)
{
    tee_buf_text(ret, "pkcs11:token=");
    for (; *label != '\0'; label++)
        tee_buf_printf(ret, "%%%02x", (unsigned)(unsigned char)*label);
    tee_buf_u8(ret, 0);
    return ret->err;
}

static enum tee_err
parse(const char *text, struct p11_kit_uri *uri, struct tee_fault *f)
{
    int code = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri);
    bool strange =
        code == P11_KIT_URI_OK && p11_kit_uri_any_unrecognized(uri) != 0;

    /* first: the other messages repeat the URI, with the PIN in it */
    if (p11_kit_uri_get_pin_value(uri) != NULL ||
        ((code != P11_KIT_URI_OK || strange) &&
         strstr(text, "pin-value") != NULL))
        return tee_fault(f, TEE_E_ARG,
                         "pin-value: a PIN is never an argument, where every "
                         "process of this host can read it; use "
                         "pin-source=file:FILE or --pin-file FILE");
    if (code != P11_KIT_URI_OK)
        return tee_fault(f, TEE_E_ARG, "\"%s\": not a PKCS#11 URI: %s", text,
                         p11_kit_uri_message(code));
    if (strange)
        return tee_fault(f, TEE_E_ARG,
                         "\"%s\": has an attribute that is not known, so it "
                         "matches nothing; see RFC 7512",
                         text);
    return TEE_OK;
}

enum tee_err
cmd_uri_parse(const char *text, struct p11_kit_uri **ret, struct tee_fault *f)
{
    struct p11_kit_uri *uri = p11_kit_uri_new();
    struct tee_buf b;
    enum tee_err err = TEE_OK;

    tee_buf_init(&b, 1024);
    if (uri == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    if (strncmp(text, "pkcs11:", 7) != 0) {
        err = from_label(text, &b);
        if (err != TEE_OK)
            err = tee_fault(f, TEE_E_ARG, "token: the label is too long");
        text = (const char *)b.p;
    }
    if (err == TEE_OK)
        err = parse(text, uri, f);
    tee_buf_clear(&b);
    if (err != TEE_OK)
        p11_kit_uri_free(uri);
    else
        *ret = uri;
    return err;
}

enum tee_err
cmd_uri_pin_source(struct p11_kit_uri *uri, char **ret, struct tee_fault *f)
{
    const char *s = p11_kit_uri_get_pin_source(uri);

    *ret = NULL;
    if (s == NULL)
        return TEE_OK;
    if (strncmp(s, "file:", 5) == 0) {
        s += 5;
        if (strncmp(s, "//", 2) == 0) /* file:///path */
            s += 2;
    }
    if (s[0] != '/')
        return tee_fault(f, TEE_E_ARG,
                         "pin-source: must be file: and an absolute path");
    *ret = strdup(s);
    return *ret == NULL ? tee_fault(f, TEE_E_NOMEM, "no memory") : TEE_OK;
}
