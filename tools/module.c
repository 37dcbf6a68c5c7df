/*
 * The module, as any consumer uses it: dlopen, C_GetFunctionList, a
 * session.  Nothing here knows how the module works inside.
 */
#include "config.h"

#include <dlfcn.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>
#include <stdlib.h>
#include <string.h>

#include "base/paths.h"
#include "tee-pkcs11/tee-pkcs11.h"
#include "tools/cmd.h"

/* What a return code means here; other codes in p11-kit's words. */
static const struct {
    CK_RV rv;
    const char *text;
} codes[] = {
    { CKR_ACTION_PROHIBITED, "prohibited: hardware is never asked about a "
                             "local key" },
    { CKR_DEVICE_ERROR, "the token or its platform failed" },
    { CKR_FUNCTION_REJECTED, "refused" },
    { CKR_PIN_INCORRECT, "wrong PIN" },
    { CKR_PIN_LOCKED, "the PIN is locked after too many wrong tries" },
    { CKR_USER_NOT_LOGGED_IN, "the token wants its PIN first" },
    { CKR_TOKEN_WRITE_PROTECTED,
      "the store is read-only, so a login cannot be counted" },
    { CKR_TEMPLATE_INCOMPLETE,
      "no DID, neither in the configuration nor given; use --did" },
    { CKR_ATTRIBUTE_VALUE_INVALID,
      "a value is not lawful (nonce 1 to 1024 bytes; a DID that is not the "
      "configured one; an exporter outside --format session)" },
};

enum tee_err
module_fault(struct tee_fault *f, CK_RV rv, const char *what)
{
    size_t i;

    for (i = 0; i < TEE_LEN(codes); i++) {
        if (codes[i].rv == rv)
            return tee_fault(f, TEE_E_PEER, "%s: %s (0x%lx)", what,
                             codes[i].text, (unsigned long)rv);
    }
    return tee_fault(f, TEE_E_PEER, "%s: %s (0x%lx)", what,
                     p11_kit_strerror(rv), (unsigned long)rv);
}

/* --conf reaches the module through the variable: its init string has no place
 * for a path with blanks. */
static enum tee_err
initialise(struct module *m, const char *conf, struct tee_fault *f)
{
    CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
    CK_RV rv;

    if (conf != NULL && setenv("TEE_PKCS11_CONF", conf, 1) != 0)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    rv = m->f->C_Initialize(&args);
    if (rv != CKR_OK)
        return module_fault(f, rv, "C_Initialize");
    m->initialised = true;
    return TEE_OK;
}

enum tee_err
module_open(struct module *m, const char *path, const char *conf,
            struct tee_fault *f)
{
    CK_RV (*list)(CK_FUNCTION_LIST **) = NULL;
    void *sym;
    CK_RV rv;

    *m = (struct module){ 0 };
    if (path == NULL)
        path = tee_path_module;
    if (strchr(path, '/') == NULL)
        return tee_fault(f, TEE_E_ARG,
                         "--module %s: name the file with its folder", path);
    m->so = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (m->so == NULL)
        return tee_fault(f, TEE_E_NOTFOUND, "module: %s", dlerror());
    sym = dlsym(m->so, "C_GetFunctionList");
    if (sym == NULL)
        return tee_fault(f, TEE_E_PEER, "%s: not a PKCS#11 module", path);
    memcpy(&list, &sym, sizeof(list));
    rv = list(&m->f);
    if (rv != CKR_OK)
        return module_fault(f, rv, path);
    return initialise(m, conf, f);
}

void
module_close(struct module *m)
{
    if (m->session != 0)
        (void)m->f->C_CloseSession(m->session);
    if (m->initialised)
        (void)m->f->C_Finalize(NULL);
    if (m->so != NULL)
        (void)dlclose(m->so);
    *m = (struct module){ 0 };
}

/* ---- the token ------------------------------------------------------------
 */

static enum tee_err
slots(struct module *m, CK_SLOT_ID *ret, CK_ULONG *n, struct tee_fault *f)
{
    CK_RV rv = m->f->C_GetSlotList(CK_TRUE, ret, n);

    return rv == CKR_OK ? TEE_OK : module_fault(f, rv, "C_GetSlotList");
}

static enum tee_err
token_fault(const char *uri, unsigned found, CK_ULONG n, struct tee_fault *f)
{
    if (found > 1)
        return tee_fault(f, TEE_E_ARG,
                         "\"%s\": names %u tokens; say which (token=, "
                         "serial=)",
                         uri, found);
    return tee_fault(f, TEE_E_NOTFOUND,
                     "\"%s\": names no token, the configuration has %lu; "
                     "\"tee-pkcs11 status\" lists them",
                     uri, n);
}

enum tee_err
module_token(struct module *m, struct p11_kit_uri *uri, const char *text,
             struct tee_fault *f)
{
    CK_SLOT_ID slot[MODULE_SLOTS], the = 0;
    CK_ULONG n = MODULE_SLOTS, i;
    CK_TOKEN_INFO info;
    unsigned found = 0;
    enum tee_err err;
    CK_RV rv;

    err = slots(m, slot, &n, f);
    if (err != TEE_OK)
        return err;
    for (i = 0; i < n; i++) {
        if (m->f->C_GetTokenInfo(slot[i], &info) != CKR_OK ||
            p11_kit_uri_match_token_info(uri, &info) == 0)
            continue;
        the = slot[i];
        m->token_flags = info.flags;
        found++;
    }
    if (found != 1)
        return token_fault(text, found, n, f);
    if ((m->token_flags & CKF_TOKEN_INITIALIZED) == 0)
        return tee_fault(f, TEE_E_STATE,
                         "\"%s\": the token has no store yet; \"tee-pkcs11 "
                         "status\" says what to do",
                         text);
    rv = m->f->C_OpenSession(the, CKF_SERIAL_SESSION, NULL, NULL, &m->session);
    return rv == CKR_OK ? TEE_OK : module_fault(f, rv, "C_OpenSession");
}

enum tee_err
module_login(struct module *m, struct tee_bytes pin, struct tee_fault *f)
{
    CK_UTF8CHAR *p = NULL;
    CK_RV rv;

    /* the module's type has no const; it does not write there */
    memcpy(&p, &pin.p, sizeof(p));
    rv = m->f->C_Login(m->session, CKU_USER, p, pin.len);
    if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
        return TEE_OK;
    return module_fault(f, rv, "C_Login");
}

/* ---- objects --------------------------------------------------------------
 */

enum tee_err
module_read(struct module *m, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type,
            struct tee_buf *ret, struct tee_fault *f)
{
    CK_ATTRIBUTE a = { type, NULL, 0 };
    CK_RV rv = m->f->C_GetAttributeValue(m->session, o, &a, 1);
    void *p;

    if (rv != CKR_OK)
        return module_fault(f, rv, "C_GetAttributeValue");
    if (a.ulValueLen > MODULE_VALUE_MAX)
        return tee_fault(f, TEE_E_TOOBIG, "the module's answer is too big");
    p = calloc(1, a.ulValueLen + 1);
    if (p == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    a.pValue = p;
    rv = m->f->C_GetAttributeValue(m->session, o, &a, 1);
    if (rv == CKR_OK) {
        tee_buf_init(ret, MODULE_VALUE_MAX + 1);
        tee_buf_put(ret, p, a.ulValueLen);
        if (ret->err != TEE_OK)
            rv = CKR_HOST_MEMORY;
    }
    free(p);
    return rv == CKR_OK ? TEE_OK : module_fault(f, rv, "C_GetAttributeValue");
}

/* The public keys that the URI's label and id select: they are visible
 * without a login, and share CKA_ID with the private half. */
enum tee_err
module_key(struct module *m, struct p11_kit_uri *uri, const char *text,
           CK_OBJECT_HANDLE *ret, struct tee_fault *f)
{
    CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
    CK_ATTRIBUTE t[3] = { { CKA_CLASS, &class, sizeof(class) } };
    const CK_ATTRIBUTE *label = p11_kit_uri_get_attribute(uri, CKA_LABEL),
                       *id = p11_kit_uri_get_attribute(uri, CKA_ID);
    CK_OBJECT_HANDLE o[2];
    CK_ULONG n = 1, found = 0;
    CK_RV rv;

    if (label != NULL)
        t[n++] = *label;
    if (id != NULL)
        t[n++] = *id;
    rv = m->f->C_FindObjectsInit(m->session, t, n);
    if (rv != CKR_OK)
        return module_fault(f, rv, "C_FindObjectsInit");
    rv = m->f->C_FindObjects(m->session, o, 2, &found);
    (void)m->f->C_FindObjectsFinal(m->session);
    if (rv != CKR_OK)
        return module_fault(f, rv, "C_FindObjects");
    if (found == 0)
        return tee_fault(f, TEE_E_NOTFOUND, "\"%s\": no such key on that token",
                         text);
    if (found > 1)
        return tee_fault(f, TEE_E_ARG,
                         "\"%s\": names several keys; say which (object=, "
                         "id=)",
                         text);
    *ret = o[0];
    return TEE_OK;
}
