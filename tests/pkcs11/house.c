#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/pkcs11/calls.h"

/*
 * A configuration with a token of every kind, made once through the module
 * itself and put back before each row.
 */

#define FILES 32

static const char *const names[] = {
    [HOUSE_PLAIN] = "plain", [HOUSE_PINNED] = "pinned",
    [HOUSE_EMPTY] = "empty", [HOUSE_BROKEN] = "broken",
    [HOUSE_TEE] = "tee",     [HOUSE_P256] = "p256",
    [HOUSE_P384] = "p384",   [HOUSE_RSA] = "rsa",
    [HOUSE_SKR] = "skr",     [HOUSE_RAW] = "raw",
    [HOUSE_SLOTS] = NULL,
};
static const char *const sections[HOUSE_SLOTS] = {
    [HOUSE_PLAIN] = "key_origin = local\n",
    [HOUSE_PINNED] = "key_origin = local\npin = yes\n",
    [HOUSE_EMPTY] = "key_origin = local\n",
    [HOUSE_BROKEN] = "key_orgin = local\n",
    [HOUSE_TEE] = "key_origin = tee_generated\nplatform = simulated\n"
                  "did = did:mesh:0123456789abcdef0123456789abcdef\n",
    [HOUSE_P256] = "key_origin = local\nkey_type = p256\n",
    [HOUSE_P384] = "key_origin = local\nkey_type = p384\n",
    [HOUSE_RSA] = "key_origin = local\nkey_type = rsa2048\n",
    [HOUSE_SKR] = "key_origin = skr\nplatform = azure-cvm-sev-snp\n"
                  "maa_url = https://example.attest.azure.net\n"
                  "akv_key = https://example.managedhsm.azure.net/keys/k\n",
    [HOUSE_RAW] = "key_origin = local\nec_point = raw\n",
};
/* RFC 8032 section 7.1, test 1 */
static const char public_key[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n";

static const struct list *list;
static char dir[256], conf[300], state[300], missing[HOUSE_SLOTS][200];
static struct {
    char name[256];
    struct bytes bytes;
} files[FILES];
static size_t n_files;

const char *const *
house_names(void)
{
    return names;
}

const struct list *
house_list(void)
{
    return list;
}

const char *
house_conf(void)
{
    return conf;
}

const char *
house_state(void)
{
    return state;
}

const char *
house_missing(enum house_slot slot)
{
    return missing[slot][0] != '\0' ? missing[slot] : NULL;
}

/* ---- files
 * --------------------------------------------------------------------------
 */

static bool
put_file(const char *folder, const char *name, struct bytes b, mode_t mode)
{
    char path[600];
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return false;
    n = write(fd, b.p, b.len);
    return close(fd) == 0 && n == (ssize_t)b.len;
}

static bool
get_file(const char *folder, const char *name, struct bytes *ret)
{
    char path[600];
    struct stat st;
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        return false;
    ret->len = (size_t)st.st_size;
    ret->p = malloc(ret->len + 1);
    n = ret->p != NULL ? read(fd, ret->p, ret->len) : -1;
    return close(fd) == 0 && n == (ssize_t)ret->len;
}

/* Calls f for each file of the state folder. */
static bool
each_file(bool (*f)(const char *name))
{
    struct dirent *e;
    bool ok = true;
    DIR *d = opendir(state);

    if (d == NULL)
        return false;
    while (ok && (e = readdir(d)) != NULL) {
        if (e->d_name[0] != '.')
            ok = f(e->d_name);
    }
    closedir(d);
    return ok;
}

static bool
remember(const char *name)
{
    if (n_files == FILES)
        return false;
    snprintf(files[n_files].name, sizeof(files[0].name), "%s", name);
    return get_file(state, name, &files[n_files++].bytes);
}

static bool
remove_file(const char *name)
{
    char path[600];

    snprintf(path, sizeof(path), "%s/%s", state, name);
    return unlink(path) == 0;
}

bool
house_restore(void)
{
    size_t i;
    bool ok = each_file(remove_file);

    for (i = 0; ok && i < n_files; i++)
        ok = put_file(state, files[i].name, files[i].bytes, 0600);
    return ok;
}

bool
house_truncate(const char *name)
{
    char path[600];
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s.token", state, name);
    return stat(path, &st) == 0 && truncate(path, st.st_size / 2) == 0;
}

/* ---- somebody who may not write
 * ------------------------------------------------------
 */

#define NOBODY 65534

static uid_t owner;

static bool
give_file(const char *name)
{
    char path[600];

    snprintf(path, sizeof(path), "%s/%s", state, name);
    return chown(path, owner, owner) == 0;
}

static bool
give(uid_t to)
{
    owner = to;
    return geteuid() != 0 ||
           (chown(state, to, to) == 0 && each_file(give_file));
}

bool
house_lock(void)
{
    return give(NOBODY) && chmod(state, 0500) == 0;
}

bool
house_unlock(void)
{
    return chmod(state, 0700) == 0 && give(0);
}

bool
house_drop(void)
{
    return geteuid() != 0 ||
           (setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
            setresuid(NOBODY, NOBODY, NOBODY) == 0);
}

static bool
write_conf(void)
{
    struct bytes b = { 0 };
    char text[2048];
    size_t n = 0, i;

    n += (size_t)snprintf(text, sizeof(text), "log = none\n");
    for (i = 0; i < HOUSE_SLOTS; i++) {
        n +=
            (size_t)snprintf(text + n, sizeof(text) - n, "[%s]\nstate = %s\n%s",
                             names[i], state, sections[i]);
        if (i == HOUSE_SKR)
            n += (size_t)snprintf(text + n, sizeof(text) - n,
                                  "public_key = %s/skr.pub\n", dir);
    }
    b.p = (uint8_t *)text;
    b.len = n;
    if (!put_file(dir, "tee.conf", b, 0644))
        return false;
    snprintf(text, sizeof(text), "%s", public_key);
    b.len = strlen(text);
    return put_file(dir, "skr.pub", b, 0644);
}

/* ---- tokens
 * --------------------------------------------------------------------------
 */

CK_RV
house_initialize(void)
{
    return house_initialize_with(list);
}

CK_RV
house_initialize_with(const struct list *l)
{
    char reserved[400];
    CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK,
                                  .pReserved = reserved };

    snprintf(reserved, sizeof(reserved), "conf=%s", conf);
    return l->C_Initialize(&args);
}

static CK_UTF8CHAR_PTR
text(const char *s)
{
    return (CK_UTF8CHAR_PTR)(uintptr_t)s;
}

static CK_RV
set_pins(CK_SLOT_ID slot)
{
    CK_SESSION_HANDLE s;
    CK_RV rv;

    rv = list->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
                             NULL, &s);
    if (rv == CKR_OK)
        rv = list->C_Login(s, CKU_SO, text(HOUSE_SO), strlen(HOUSE_SO));
    if (rv == CKR_OK)
        rv = list->C_InitPIN(s, text(HOUSE_USER), strlen(HOUSE_USER));
    if (rv == CKR_OK)
        rv = list->C_CloseAllSessions(slot);
    return rv;
}

static void
key_templates(enum house_slot slot, CK_MECHANISM *m, CK_ATTRIBUTE *a)
{
    static CK_ULONG bits = 2048;
    static char ed[] = "\x06\x03\x2b\x65\x70",
                p256[] = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07",
                p384[] = "\x06\x05\x2b\x81\x04\x00\x22";

    *m = (CK_MECHANISM){ CKM_EC_KEY_PAIR_GEN, NULL, 0 };
    *a = (CK_ATTRIBUTE){ CKA_EC_PARAMS, p256, 10 };
    if (slot == HOUSE_P256)
        return;
    *a = (CK_ATTRIBUTE){ CKA_EC_PARAMS, p384, 7 };
    if (slot == HOUSE_P384)
        return;
    m->mechanism = CKM_RSA_PKCS_KEY_PAIR_GEN;
    *a = (CK_ATTRIBUTE){ CKA_MODULUS_BITS, &bits, sizeof(bits) };
    if (slot == HOUSE_RSA)
        return;
    m->mechanism = CKM_EC_EDWARDS_KEY_PAIR_GEN;
    *a = (CK_ATTRIBUTE){ CKA_EC_PARAMS, ed, 5 };
}

static CK_RV
make_key(enum house_slot slot)
{
    CK_BBOOL yes = CK_TRUE;
    CK_BYTE id = 1;
    CK_ATTRIBUTE pub[] = { { CKA_TOKEN, &yes, 1 },
                           { CKA_ID, &id, 1 },
                           { CKA_LABEL, text(names[slot]),
                             strlen(names[slot]) },
                           { 0 } };
    CK_OBJECT_HANDLE a, b;
    CK_SESSION_HANDLE s;
    CK_MECHANISM m;
    CK_RV rv;

    key_templates(slot, &m, &pub[3]);
    rv = list->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
                             NULL, &s);
    if (rv == CKR_OK && slot == HOUSE_PINNED)
        rv = list->C_Login(s, CKU_USER, text(HOUSE_USER), strlen(HOUSE_USER));
    if (rv == CKR_OK)
        rv = list->C_GenerateKeyPair(s, &m, pub, 4, pub, 3, &a, &b);
    if (rv == CKR_OK)
        rv = list->C_CloseSession(s);
    return rv;
}

static CK_RV
make_token(enum house_slot slot)
{
    CK_UTF8CHAR label[32];
    CK_RV rv;

    memset(label, ' ', sizeof(label));
    memcpy(label, names[slot], strlen(names[slot]));
    rv = list->C_InitToken(slot, text(HOUSE_SO), strlen(HOUSE_SO), label);
    if (rv == CKR_OK && slot == HOUSE_PINNED)
        rv = set_pins(slot);
    return rv == CKR_OK ? make_key(slot) : rv;
}

/* What the plug-in or the helper would make may not be there; the rest must. */
static const char *
make_tokens(bool all)
{
    static const enum house_slot made[] = { HOUSE_PLAIN, HOUSE_PINNED,
                                            HOUSE_TEE,   HOUSE_P256,
                                            HOUSE_P384,  HOUSE_RSA,
                                            HOUSE_RAW };
    enum house_slot slot;
    char file[64];
    size_t i;
    CK_RV rv;

    for (i = 0; i < TEE_LEN(made); i++) {
        slot = made[i];
        if (!all &&
            (slot == HOUSE_TEE || slot == HOUSE_P384 || slot == HOUSE_RSA)) {
            snprintf(missing[slot], sizeof(missing[slot]), "not wanted");
            continue;
        }
        rv = make_token(slot);
        if (rv == CKR_OK)
            continue;
        snprintf(missing[slot], sizeof(missing[slot]),
                 "no token \"%s\": %s (the %s)", names[slot], code_name(rv),
                 slot == HOUSE_TEE ? "helper" : "plug-in");
        if (slot == HOUSE_PLAIN || slot == HOUSE_PINNED || slot == HOUSE_RAW)
            return missing[slot];
        /* half of a token is none */
        snprintf(file, sizeof(file), "%s.token", names[slot]);
        (void)remove_file(file);
    }
    return NULL;
}

/* ---- the module
 * --------------------------------------------------------------------------
 */

typedef CK_RV get_interface(CK_UTF8CHAR_PTR, CK_VERSION_PTR,
                            struct tp11_interface **, CK_FLAGS);
get_interface linked_get_interface __asm__("C_GetInterface");

static get_interface *
loaded_get_interface(const char *path)
{
    void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL), *f;
    get_interface *get = NULL;

    f = lib != NULL ? dlsym(lib, "C_GetInterface") : NULL;
    memcpy(&get, &f, sizeof(f));
    return get;
}

const struct list *
linked_module(void)
{
    struct tp11_interface *i;

    if (linked_get_interface(NULL, NULL, &i, 0) != CKR_OK)
        abort();
    return i->list;
}

const char *
house_open(const char *module, const char *folder, bool all)
{
    struct tp11_interface *i;
    get_interface *get =
        module != NULL ? loaded_get_interface(module) : linked_get_interface;
    const char *wrong;

    if (get == NULL)
        return "the module can't be loaded";
    if (get(NULL, NULL, &i, 0) != CKR_OK)
        return "no interface";
    list = i->list;
    snprintf(dir, sizeof(dir), "%s", folder);
    snprintf(conf, sizeof(conf), "%s/tee.conf", dir);
    snprintf(state, sizeof(state), "%s/state", dir);
    if (chmod(dir, 0755) != 0 || mkdir(state, 0700) != 0 || !write_conf())
        return "no configuration";
    if (house_initialize() != CKR_OK)
        return "C_Initialize";
    wrong = make_tokens(all);
    (void)list->C_Finalize(NULL);
    if (wrong == NULL && !each_file(remember))
        wrong = "the state folder";
    return wrong;
}
