#include <stddef.h>
#include <string.h>

#include "pkcs11/functions.h"
#include "pkcs11/tp11.h"

/*
 * Shims and function lists, expanded from functions.h; no logic but the
 * choice of an interface.  The three exported names are assembler labels:
 * newer headers declare two of them with types of their own.
 */

#define EXPORTED __attribute__((visibility("default")))

EXPORTED CK_RV tp11_C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR ret) __asm__(
    "C_GetFunctionList");
EXPORTED CK_RV tp11_C_GetInterfaceList(
    struct tp11_interface *list, CK_ULONG_PTR n) __asm__("C_GetInterfaceList");
EXPORTED CK_RV tp11_C_GetInterface(CK_UTF8CHAR_PTR name, CK_VERSION_PTR version,
                                   struct tp11_interface **ret,
                                   CK_FLAGS flags) __asm__("C_GetInterface");

static CK_RV
tp11_C_Initialize(CK_VOID_PTR args)
{
    struct tp11_call c;
    CK_RV rv = tp11_open_begin(&c);

    return rv != CKR_OK ? rv : tp11_open_end(&c, tp11_initialize(args));
}

static CK_RV
tp11_C_Finalize(CK_VOID_PTR reserved)
{
    struct tp11_call c;
    CK_RV rv = tp11_enter(&c);

    if (rv != CKR_OK)
        return rv;
    (void)tp11_leave(&c, CKR_OK);
    if (reserved != NULL)
        return CKR_ARGUMENTS_BAD;
    rv = tp11_close_begin(&c);
    if (rv != CKR_OK)
        return rv;
    tp11_finalize();
    tp11_close_end(&c);
    return CKR_OK;
}

/* A function is its shim; what is not offered says so once initialised. */
#define NOTHING(name, params)
#define SHIM(name, params, function, args)                                     \
    static CK_RV tp11_##name params                                            \
    {                                                                          \
        struct tp11_call call;                                                 \
        CK_RV rv = tp11_enter(&call);                                          \
                                                                               \
        return rv != CKR_OK ? rv : tp11_leave(&call, function args);           \
    }
#define STUB(name, params)                                                     \
    static CK_RV tp11_##name params                                            \
    {                                                                          \
        return not_supported();                                                \
    }

/* one body for sixty stubs */
static __attribute__((noinline)) CK_RV
not_supported(void)
{
    struct tp11_call c;
    CK_RV rv = tp11_enter(&c);

    return rv != CKR_OK ? rv : tp11_leave(&c, CKR_FUNCTION_NOT_SUPPORTED);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter" /* of stubs */
TP11_FUNCTIONS_2_40(NOTHING, SHIM, STUB)
TP11_FUNCTIONS_3_0(NOTHING, SHIM, STUB)
TP11_FUNCTIONS_3_2(NOTHING, SHIM, STUB)
#pragma GCC diagnostic pop

/* NOLINTBEGIN(bugprone-macro-parentheses): a declarator takes no more */
#define MEMBER(name, params)             CK_RV(*name) params;
#define MEMBER_F(name, params, fn, args) CK_RV(*name) params;
/* NOLINTEND(bugprone-macro-parentheses): declarators end here */
#define INIT(name, params)             .name = tp11_##name,
#define INIT_F(name, params, fn, args) .name = tp11_##name,

struct list_3_0 {
    CK_VERSION version;
    TP11_FUNCTIONS_2_40(MEMBER, MEMBER_F, MEMBER)
    TP11_FUNCTIONS_3_0(MEMBER, MEMBER_F, MEMBER)
};
struct list_3_2 {
    CK_VERSION version;
    TP11_FUNCTIONS_2_40(MEMBER, MEMBER_F, MEMBER)
    TP11_FUNCTIONS_3_0(MEMBER, MEMBER_F, MEMBER)
    TP11_FUNCTIONS_3_2(MEMBER, MEMBER_F, MEMBER)
};

/* pkcs11.md 1.2: 68, 92 and 104 members, each list begins with the shorter */
#define FIRST       offsetof(CK_FUNCTION_LIST, C_Initialize)
#define HOLDS(t, n) (sizeof(t) == FIRST + (n) * sizeof(CK_C_Initialize))
_Static_assert(HOLDS(CK_FUNCTION_LIST, 68), "PKCS#11 2.40");
_Static_assert(HOLDS(struct list_3_0, 92), "PKCS#11 3.0");
_Static_assert(HOLDS(struct list_3_2, 104), "PKCS#11 3.2");
#define SAME_PLACE(name, ...)                                                  \
    _Static_assert(offsetof(struct list_3_0, name) ==                          \
                           offsetof(CK_FUNCTION_LIST, name) &&                 \
                       offsetof(struct list_3_2, name) ==                      \
                           offsetof(CK_FUNCTION_LIST, name),                   \
                   #name);
TP11_FUNCTIONS_2_40(SAME_PLACE, SAME_PLACE, SAME_PLACE)

static const CK_FUNCTION_LIST list_2_40 = {
    .version = { 2, 40 }, TP11_FUNCTIONS_2_40(INIT, INIT_F, INIT)
};
static const struct list_3_0 list_3_0 = {
    .version = { 3, 0 },
    TP11_FUNCTIONS_2_40(INIT, INIT_F, INIT)
        TP11_FUNCTIONS_3_0(INIT, INIT_F, INIT)
};
static const struct list_3_2 list_3_2 = {
    .version = { 3, 2 },
    TP11_FUNCTIONS_2_40(INIT, INIT_F, INIT)
        TP11_FUNCTIONS_3_0(INIT, INIT_F, INIT)
            TP11_FUNCTIONS_3_2(INIT, INIT_F, INIT)
};

/* Cryptoki's pointers are not const; nobody is entitled to write there, and
 * the pages are read-only. */
#define HANDED_OUT(p) ((void *)(uintptr_t)(p))
static const char interface_name[] = "PKCS 11";

/* Highest first: the default. Not fork-safe in the sense of the flag, which
 * promises that sessions survive in the child. */
static const struct tp11_interface interfaces[] = {
    { HANDED_OUT(interface_name), HANDED_OUT(&list_3_2), 0 },
    { HANDED_OUT(interface_name), HANDED_OUT(&list_3_0), 0 },
    { HANDED_OUT(interface_name), HANDED_OUT(&list_2_40), 0 },
};

CK_RV
tp11_C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR ret)
{
    if (ret == NULL)
        return CKR_ARGUMENTS_BAD;
    *ret = HANDED_OUT(&list_2_40);
    return CKR_OK;
}

CK_RV
tp11_C_GetInterfaceList(struct tp11_interface *list, CK_ULONG_PTR n)
{
    CK_ULONG room;

    if (n == NULL)
        return CKR_ARGUMENTS_BAD;
    room = *n;
    *n = TEE_LEN(interfaces);
    if (list == NULL)
        return CKR_OK;
    if (room < TEE_LEN(interfaces))
        return CKR_BUFFER_TOO_SMALL;
    memcpy(list, interfaces, sizeof(interfaces));
    return CKR_OK;
}

static bool
version_fits(const struct tp11_interface *i, const CK_VERSION *v)
{
    const CK_VERSION *have = i->list; /* each list begins with it */

    return v == NULL || (v->major == have->major && v->minor == have->minor);
}

CK_RV
tp11_C_GetInterface(CK_UTF8CHAR_PTR name, CK_VERSION_PTR version,
                    struct tp11_interface **ret, CK_FLAGS flags)
{
    size_t i;

    if (ret == NULL)
        return CKR_ARGUMENTS_BAD;
    if (name != NULL && strcmp((const char *)name, interface_name) != 0)
        return CKR_ARGUMENTS_BAD;
    for (i = 0; i < TEE_LEN(interfaces); i++) {
        if (version_fits(&interfaces[i], version) &&
            (flags & ~interfaces[i].flags) == 0) {
            *ret = HANDED_OUT(&interfaces[i]);
            return CKR_OK;
        }
    }
    return CKR_ARGUMENTS_BAD;
}
