/*
 * Calls of PKCS#11 as data: read from tests/data/pkcs11/rows.txt or made from
 * the bytes of a fuzzer, performed through the module's exports, judged by a
 * model that the same file feeds.
 */
#ifndef TEE_TESTS_PKCS11_CALLS_H
#define TEE_TESTS_PKCS11_CALLS_H

#include <stdio.h>

#include "base/tee.h"
#include "pkcs11/functions.h"
#include "pkcs11/p11v3.h"
#include "tee-pkcs11/tee-pkcs11.h"

/* ---- names.c
 * ------------------------------------------------------------------
 */

enum shape { SHAPE_BOOL, SHAPE_ULONG, SHAPE_TEXT, SHAPE_BYTES };
struct attr_name {
    const char *name;
    CK_ATTRIBUTE_TYPE type;
    enum shape shape;
};
const struct attr_name *attr_by_name(const char *name); /* NULL: none */
/* One of the words of a list of numbers, or 0x..., or decimal. */
bool number_by_name(const char *word, CK_ULONG *ret);
bool code_by_name(const char *word, CK_RV *ret);
const char *code_name(CK_RV rv);

/* ---- functions
 * -------------------------------------------------------------------
 */

#define FN_N(name, params)           FN_##name,
#define FN_F(name, params, fn, args) FN_##name,
enum fn {
    TP11_FUNCTIONS_2_40(FN_N, FN_F, FN_N) TP11_FUNCTIONS_3_0(FN_N, FN_F, FN_N)
        TP11_FUNCTIONS_3_2(FN_N, FN_F, FN_N) FN_COUNT
};
#define LIST_N(name, params)           CK_RV(*name) params;
#define LIST_F(name, params, fn, args) CK_RV(*name) params;
struct list {
    CK_VERSION version;
    TP11_FUNCTIONS_2_40(LIST_N, LIST_F, LIST_N)
    TP11_FUNCTIONS_3_0(LIST_N, LIST_F, LIST_N)
    TP11_FUNCTIONS_3_2(LIST_N, LIST_F, LIST_N)
};
const char *fn_name(enum fn fn);
bool fn_by_name(const char *name, enum fn *ret);

/* ---- calls
 * ------------------------------------------------------------------------
 */

#define VARS       32 /* sessions, objects, buffers: a, b, ... by number */
#define ATTRS      24
#define VALUE_ROOM 8192

/* Pointer parameters that can be passed as NULL, by what they are for. */
#define NULL_RET  0x01u /* where a handle, list or structure goes */
#define NULL_LEN  0x02u /* the length of an output */
#define NULL_IN   0x04u
#define NULL_SIG  0x08u /* a signature to verify */
#define NULL_T    0x10u
#define NULL_MECH 0x20u
#define NULL_PIN  0x40u
#define NULL_NAME 0x80u

struct template
{
    size_t n;
    CK_ATTRIBUTE attr[ATTRS];
    uint8_t *value; /* ATTRS * VALUE_ROOM, what pValue points into */
};
struct bytes {
    uint8_t *p; /* malloc'ed */
    size_t len;
};
struct call {
    enum fn fn;
    CK_ULONG slot, session, object, flags, user, n;
    CK_MECHANISM mech;
    union {
        struct tp11_eddsa_params eddsa;
        CK_RSA_PKCS_PSS_PARAMS pss;
        uint8_t raw[64];
    } param;
    uint8_t context[300];
    struct template t, t2;
    struct bytes pin, pin2, in, sig, name;
    unsigned nulls;
    bool out_null;
    size_t room;               /* of the output; SIZE_MAX: enough */
    CK_C_INITIALIZE_ARGS args; /* C_Initialize */
    bool args_null;
    char reserved[5000];
    CK_VERSION version; /* C_GetInterface */
    bool has_version;
};
struct answer {
    CK_RV rv;
    CK_ULONG n, len, handle, handle2;
    CK_OBJECT_HANDLE found[64];
    uint8_t out[8192];
    CK_VERSION version;
    struct tp11_interface interfaces[8];
    union {
        CK_INFO info;
        CK_SLOT_INFO slot;
        CK_TOKEN_INFO token;
        CK_MECHANISM_INFO mech;
        CK_SESSION_INFO session;
        CK_SLOT_ID slots[64];
        CK_MECHANISM_TYPE mechs[64];
    } u;
};
bool call_known(enum fn fn); /* call_perform has a way to make it */
void call_init(struct call *c);
void call_clear(struct call *c);
void call_perform(const struct list *list, struct call *c, struct answer *a);

/* ---- house.c: a configuration with a token of every kind
 * ----------------------------
 */

#define HOUSE_SO   "12345678"
#define HOUSE_USER "123456"
enum house_slot {
    HOUSE_PLAIN,  /* local, no PIN, an Ed25519 pair "plain", id 01 */
    HOUSE_PINNED, /* local, PIN, the same, private */
    HOUSE_EMPTY,  /* local, never initialised */
    HOUSE_BROKEN, /* a bad section */
    HOUSE_TEE,    /* tee_generated, simulated */
    HOUSE_P256,
    HOUSE_P384,
    HOUSE_RSA,
    HOUSE_SKR,
    HOUSE_RAW, /* like plain, ec_point = raw */
    HOUSE_SLOTS
};
/* Loads a module (NULL: the one that is linked in) and makes the house in a
 * folder; not all: without what takes long. NULL, or what is wrong. */
const char *house_open(const char *module, const char *folder, bool all);
const struct list *house_list(void);
/* The module that is linked into the program, for white-box tests: it has a
 * life of its own beside the one that is loaded. */
const struct list *linked_module(void);
const char *house_conf(void);
const char *house_state(void);
/* Everything as it was made; the module is not initialised. */
bool house_restore(void);
/* The state folder can't be written by the one that house_drop makes of this
 * process: somebody else than root. */
bool house_lock(void);
bool house_unlock(void);
bool house_drop(void);
/* The store of that name loses its second half. */
bool house_truncate(const char *name);
/* conf= of that file, with OS locking. */
CK_RV house_initialize(void);
CK_RV house_initialize_with(const struct list *l);
const char *const *house_names(void); /* by slot, NULL at the end */
/* The kind could not be made (plug-in or helper not built): why, or NULL */
const char *house_missing(enum house_slot slot);

/* ---- words.c: a step of a row, as text
 * ------------------------------------------------------
 */

struct var {
    char name[16];
    CK_ULONG number;
    struct bytes bytes;
};
struct vars {
    size_t n;
    struct var v[VARS];
};
struct var *var_get(struct vars *v, const char *name); /* made when new */
void vars_clear(struct vars *v);
void vars_copy(const struct vars *from, struct vars *to);
/* "x:6162", "text", a number of bytes of filling, "@name" with "^bit" or
 * ":length". NULL, or what is wrong. */
const char *bytes_parse(const char *word, struct vars *v, struct bytes *ret);
/* A copy of the bytes, within the room; NULL, or what is wrong. */
const char *set_bytes(struct bytes *b, const void *p, size_t n);
/* A value of this shape into an attribute; NULL, or what is wrong. */
const char *value_parse(const char *word, enum shape shape, struct vars *v,
                        CK_ATTRIBUTE *a);
/* One "key=value" of a call. */
const char *word_parse(char *word, struct vars *v, struct call *c);
/* answers.c: does what the call gave fit "name=value"?  NULL: yes. */
const char *answer_fits(const char *word, const struct call *c,
                        const struct answer *a, struct vars *v);

/* ---- rows.c
 * -----------------------------------------------------------------------------------
 */

struct row {
    char id[64];
    char section[16];
    unsigned line, end; /* of the file, its steps */
};
extern struct row *rows;
extern size_t n_rows;
const char *rows_load(const char *path); /* NULL, or what is wrong with it */
/* NULL: as expected; "skip: ..."; else what was not, for people. */
const char *row_run(const struct row *r);
unsigned rows_steps(void); /* calls made so far */

/* ---- model.c
 * -------------------------------------------------------------------------------
 */

#define MODEL_SESSIONS 4200
enum model_op { OP_NONE, OP_ONE, OP_PARTS, OP_GIVEN, OP_GIVEN_PARTS };
struct model_session {
    CK_SESSION_HANDLE handle; /* 0: closed */
    CK_SLOT_ID slot;
    bool rw, find;
    enum model_op sign, verify;
    size_t sig_len;
};
struct model {
    bool initialised;
    size_t n;
    struct model_session s[MODEL_SESSIONS];
    CK_USER_TYPE login[HOUSE_SLOTS]; /* ~0UL: nobody */
    bool has_token[HOUSE_SLOTS], ready[HOUSE_SLOTS], pin[HOUSE_SLOTS];
};
void model_init(struct model *m);
void model_close(struct model *m); /* as C_Finalize, and fork, leave it */
/* One line of the file: "model FUNCTION", or a rule of it. */
const char *model_line(const char *line);
/* Is rv among what the file allows for this call in this state?  *rule: the
 * line that says so. */
bool model_allows(const struct model *m, const struct call *c, CK_RV rv,
                  const char **rule);
void model_after(struct model *m, const struct call *c, const struct answer *a);

#endif
