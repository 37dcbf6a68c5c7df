/*
 * pkcs11/: Cryptoki on top of keystore/.
 *
 * Knows calls, handles, templates and return codes; files, keys, PINs and
 * evidence are keystore/'s.  Everything here may be called from any thread
 * between tp11_enter and tp11_leave, which entry.c puts around each call.
 *
 * Locks, in this order: the session table, a token, a session, a token's view
 * pointer.  None is held across a file, a frame or a key derivation: such
 * calls take what they need under the session's lock, let go, and look the
 * session up again afterwards.  Whoever waits in C_Finalize waits for calls,
 * not for locks (lock.c).
 */
#ifndef TEE_PKCS11_TP11_H
#define TEE_PKCS11_TP11_H

#include <pthread.h>
#include <stdatomic.h>

#include "keystore/ks.h"
#include "pkcs11/p11v3.h"
#include "tee-pkcs11/tee-pkcs11.h"

#define TP11_NAME       "tee-pkcs11"
#define TP11_SESSIONS   4096 /* design section 3 */
#define TP11_SEARCH_MAX 64   /* attributes of one search template */
#define TP11_LABEL_MAX  255  /* OpenSSH reads into 255 bytes */
#define TP11_ID_MAX     255

/* ---- rv.c ------------------------------------------------------------------
 */

/* The one map from errors to return codes. */
CK_RV tp11_rv(enum tee_err err);

/* ---- lock.c: who is inside, fork, C_Initialize against C_Finalize ----------
 */

struct tp11_call {
    atomic_uint *gate; /* where this thread is counted */
    int cancel, err_no;
};
/*
 * Around every call: CKR_CRYPTOKI_NOT_INITIALIZED unless this very process
 * initialised the module (a child of fork did not), CKR_FUNCTION_FAILED when
 * this thread is inside already.  No system call, no lock.
 */
CK_RV tp11_enter(struct tp11_call *c);
/* Restores errno and the thread's cancellation state; gives rv back. */
CK_RV tp11_leave(struct tp11_call *c, CK_RV rv);
/* Around C_Initialize: CKR_OK, and nobody else is in or comes in until
 * tp11_open_end.  CKR_CRYPTOKI_ALREADY_INITIALIZED; CKR_HOST_MEMORY. */
CK_RV tp11_open_begin(struct tp11_call *c);
CK_RV tp11_open_end(struct tp11_call *c, CK_RV rv);
/* Around C_Finalize: new calls are refused, those inside have ended. */
CK_RV tp11_close_begin(struct tp11_call *c);
void tp11_close_end(struct tp11_call *c);

void tp11_lock_init(pthread_mutex_t *m); /* also over a dead one, after fork */
void tp11_lock(pthread_mutex_t *m);
void tp11_unlock(pthread_mutex_t *m);

/* ---- handle.c: object handles and hash tables
 * --------------------------------
 */

/* Never 0, never given twice in the life of the process. */
CK_OBJECT_HANDLE tp11_handle_next(void);

/* Items by the hash of one of their values; equal ones keep their order. */
struct tp11_index {
    uint32_t *slot; /* item + 1, 0: empty */
    uint32_t mask;
};
uint32_t tp11_hash(struct tee_bytes v);
TEE_MUST_USE enum tee_err tp11_index_init(struct tp11_index *x, size_t items);
void tp11_index_clear(struct tp11_index *x);
void tp11_index_add(struct tp11_index *x, uint32_t hash, uint32_t item);
/* Walks the items that may have that hash: *at starts as the hash.  false:
 * no more.  The caller compares. */
bool tp11_index_next(const struct tp11_index *x, uint32_t *at, uint32_t *item);

/* ---- view.c: the objects of a token at one moment
 * -----------------------------
 */

enum tp11_kind {
    TP11_STORED,   /* in the store */
    TP11_SESSION,  /* in memory: key, certificate or data */
    TP11_REQUEST,  /* CKO_TEE_EVIDENCE */
    TP11_PROFILE,  /* CKO_PROFILE */
    TP11_EVIDENCE, /* the data object tee-evidence */
    TP11_STATUS    /* the data object tee-status */
};
#define TP11_EVIDENCE_NAME "tee-evidence"
#define TP11_STATUS_NAME   "tee-status"

/* What the caller of an evidence request gave. */
enum tp11_given {
    TP11_G_KEY_REF,
    TP11_G_DID,
    TP11_G_CHALLENGE,
    TP11_G_NONCE,
    TP11_G_EXPORTER,
    TP11_G_BINDING,
    TP11_G_INPUT,
    TP11_G_COUNT
};

/* A session object: never changed once it is in a token's list, counted. */
struct tp11_memory {
    atomic_uint refs;
    CK_OBJECT_HANDLE handle;
    CK_SESSION_HANDLE session; /* that made it; it goes with that one */
    enum tp11_kind kind;       /* TP11_SESSION, TP11_REQUEST */
    struct ks_object object;
    struct ks_key *key;           /* private keys */
    struct tp11_memory *holder;   /* NULL, or who holds `key` for this one */
    const struct ks_evidence *ev; /* requests */
    struct tee_bytes given[TP11_G_COUNT];
    struct tp11_memory *next;
    uint8_t *own; /* what the views above point at */
    size_t own_len;
};
/* Copies object and given; takes key, holder and ev over, also on failure. */
TEE_MUST_USE enum tee_err tp11_memory_new(const struct tp11_memory *from,
                                          struct tp11_memory **ret);
void tp11_memory_get(struct tp11_memory *m);
void tp11_memory_put(struct tp11_memory *m); /* NULL ok */

/* Parts of a key or certificate, views into its DER or into `point`. */
struct tp11_parts {
    struct tee_bytes spki, params, point, modulus, exponent, value;
    struct tee_bytes subject, issuer, serial;
    uint8_t point_der[140]; /* 04 81 85 04 X Y of P-521 */
    uint8_t check[3];
};
struct tp11_object {
    CK_OBJECT_HANDLE handle;
    enum tp11_kind kind;
    const struct ks_object *o; /* NULL: profile, evidence, status */
    const struct ks_evidence *ev;
    struct tp11_memory *memory; /* TP11_SESSION, TP11_REQUEST */
    CK_ULONG profile;
    char unique[40]; /* CKA_UNIQUE_ID */
    struct tp11_parts part;
};
struct tp11_token;
struct tp11_view {
    atomic_uint refs;
    uint64_t seq;
    const struct ks_snap *snap;
    size_t n;
    struct tp11_object *object;
    struct tp11_index by_handle, by_id, by_label, by_unique;
};
/* A view of the snapshot and the list; handles of what `old` (NULL ok) has
 * already are kept, or all but those of private objects. */
TEE_MUST_USE enum tee_err tp11_view_new(const struct tp11_token *t,
                                        const struct tp11_view *old,
                                        bool renew_private,
                                        struct tp11_view **ret);
void tp11_view_get(struct tp11_view *v);
void tp11_view_put(struct tp11_view *v); /* NULL ok */
const struct tp11_object *tp11_view_find(const struct tp11_view *v,
                                         CK_OBJECT_HANDLE h); /* NULL: none */
const struct tp11_object *tp11_view_uuid(const struct tp11_view *v,
                                         const uint8_t uuid[16]);

/* der.c: NULL-safe parsers of what the parts need; false: not that. */
bool tp11_parts_of_spki(enum ks_ktype t, struct tee_bytes spki, bool raw_point,
                        struct tp11_parts *ret);
bool tp11_parts_of_cert(struct tee_bytes der, struct tp11_parts *ret);
/* Named curve or PrintableString of CKA_EC_PARAMS; KS_NONE: another curve. */
enum ks_ktype tp11_curve(struct tee_bytes params);
/* First three bytes of SHA-1: CKA_CHECK_VALUE of a certificate, nothing else.
 */
void tp11_check_value(struct tee_bytes v, uint8_t ret[3]);

/* ---- slot.c: slots and tokens
 * ---------------------------------------------------
 */

enum tp11_login { TP11_PUBLIC, TP11_USER, TP11_SO };

struct tp11_token {
    CK_SLOT_ID id;
    const struct ks_conf_token *conf;
    struct ks_token *ks;  /* NULL: bad section, no token in the slot */
    pthread_mutex_t lock; /* of the next six */
    unsigned sessions, rw_sessions;
    unsigned n_memory;
    struct tp11_memory *memory;
    bool changed;       /* the list did, since the view */
    bool renew_private; /* handles of private objects, in the next view */
    _Atomic enum tp11_login login; /* written under lock */
    pthread_mutex_t view_lock;     /* of view; taken last */
    struct tp11_view *view;
    _Atomic uint64_t seq; /* of view */
};
/* Text in Cryptoki's blank-padded fields. */
void tp11_pad(CK_UTF8CHAR *to, size_t room, const char *text);
/* NULL: no such slot. */
struct tp11_token *tp11_slot(CK_SLOT_ID id);
/* CKR_SLOT_ID_INVALID, CKR_TOKEN_NOT_PRESENT. */
CK_RV tp11_slot_token(CK_SLOT_ID id, struct tp11_token **ret);
/* Builds the slots of a configuration; ids survive in a static table. */
TEE_MUST_USE enum tee_err tp11_slots_open(const struct ks_conf *conf);
void tp11_slots_close(void);
void tp11_slots_abandon(void); /* in a child of fork */

/* token.c: what a token holds while the module is initialised */
void tp11_token_open(struct tp11_token *t);
void tp11_token_close(struct tp11_token *t);
/* A new view when the snapshot or the list changed; memory only. */
TEE_MUST_USE enum tee_err tp11_token_update(struct tp11_token *t);
/* The same where failing changes nothing: the next call tries again. */
void tp11_token_changed(struct tp11_token *t);
/* One stat of the store (a reload if it changed) and that.  What the reload
 * finds wrong is also what the next private operation answers. */
enum tee_err tp11_token_refresh(struct tp11_token *t);
struct tp11_view *tp11_token_view(struct tp11_token *t); /* +1, NULL ok */
bool tp11_token_writable(struct tp11_token *t);
/* Would this application see a private object now? */
bool tp11_sees_private(const struct tp11_token *t);
/* Adds to the token's list, taking m over; CKR_DEVICE_MEMORY over 1000. */
CK_RV tp11_memory_add(struct tp11_token *t, struct tp11_memory *m);
/* Removes those of a session (0: all private ones). */
void tp11_memory_drop(struct tp11_token *t, CK_SESSION_HANDLE of);
/* Takes old out, puts new (NULL: nothing) in its place. */
CK_RV tp11_memory_swap(struct tp11_token *t, const struct tp11_memory *old,
                       struct tp11_memory *new);

/* ---- session.c
 * --------------------------------------------------------------------
 */

/* A signature or verification in progress. */
struct tp11_op {
    bool active;
    bool parts;      /* C_SignUpdate came */
    bool given;      /* C_VerifySignatureInit: the signature came first */
    bool private;    /* by a private object: ends at logout */
    size_t sig_len;  /* signing: of the signature; given: of `sig` */
    uint8_t *sig;    /* given */
    struct ks_op op; /* not copied, not moved */
};
#define TP11_FOUND 16
struct tp11_find {
    bool active;
    size_t n, next;
    CK_OBJECT_HANDLE few[TP11_FOUND];
    CK_OBJECT_HANDLE *many; /* when they are more */
};
/* A value that the length query promised (pkcs11.md 10.3). */
struct tp11_pin {
    CK_OBJECT_HANDLE object;
    int64_t until;  /* tee_clock.mono_ms() */
    uint32_t asked; /* attributes whose length was asked and not yet read */
    const struct ks_evidence *ev;
    struct tee_buf text; /* CKA_TEE_LAST_ERROR, tee-status */
    struct tp11_pin *next;
};
struct tp11_session {
    pthread_mutex_t lock;
    CK_SESSION_HANDLE handle; /* 0: free */
    CK_SESSION_HANDLE last;   /* given out for this place before */
    struct tp11_token *token;
    struct tp11_view *view; /* +1, as of the last call */
    struct tp11_op sign, verify;
    struct tp11_find find;
    struct tp11_pin *pins;
    uint32_t next_free;
    bool rw;
};
/* Locked, with an up-to-date view (memory, no stat). */
CK_RV tp11_session_take(CK_SESSION_HANDLE h, struct tp11_session **ret);
void tp11_session_give(struct tp11_session *s);
/* The object that a handle names, if this application may see it.
 * CKR_OBJECT_HANDLE_INVALID, CKR_USER_NOT_LOGGED_IN. */
CK_RV tp11_session_object(const struct tp11_session *s, CK_OBJECT_HANDLE h,
                          const struct tp11_object **ret);
void tp11_op_end(struct tp11_op *op);
/* sign.c: one part; CKR_TOKEN_RESOURCE_EXCEEDED over 16 MiB. */
CK_RV tp11_op_update(struct tp11_op *op, const CK_BYTE *in, CK_ULONG len);
void tp11_find_end(struct tp11_find *f);
void tp11_sessions_close(struct tp11_token *t); /* NULL: of every token */
void tp11_sessions_abandon(void);               /* in a child of fork */
/* Ends operations with private keys. */
void tp11_sessions_logged_out(struct tp11_token *t);
unsigned tp11_sessions_used(void);

/* What a call remembers of a session while it holds no lock. */
struct tp11_away {
    CK_SESSION_HANDLE session;
    struct tp11_token *token;
    struct tp11_view *view; /* +1 */
    bool rw;
};
CK_RV tp11_go_away(CK_SESSION_HANDLE h, struct tp11_away *ret);
void tp11_away_end(struct tp11_away *a);

/* ---- mech.c
 * -----------------------------------------------------------------------
 */

enum tp11_family { TP11_EDWARDS, TP11_EC, TP11_RSA, TP11_MLDSA, TP11_FAMILIES };
enum tp11_family tp11_family(enum ks_ktype t); /* TP11_FAMILIES: none */
CK_KEY_TYPE tp11_key_type(enum ks_ktype t);
CK_MECHANISM_TYPE tp11_gen_mechanism(enum ks_ktype t);
/* Which family a key-pair generation makes; TP11_FAMILIES: not one. */
enum tp11_family tp11_gen_family(CK_MECHANISM_TYPE m);
/* Mechanisms of a key type: value of CKA_ALLOWED_MECHANISMS. */
struct tee_bytes tp11_allowed(enum ks_ktype t);
/* m for signing or verifying with a key of that type, parameter judged. May
 * load the plug-in (Ed25519 with a context): no lock is held.
 * CKR_MECHANISM_INVALID, CKR_KEY_TYPE_INCONSISTENT,
 * CKR_MECHANISM_PARAM_INVALID. */
CK_RV tp11_mech_parse(const CK_MECHANISM *m, enum ks_ktype t,
                      struct ks_mech *ret);
/* Row i of what the token offers; false: no more. */
bool tp11_mech_at(const struct tp11_token *t, size_t i, CK_MECHANISM_TYPE *ret,
                  CK_MECHANISM_INFO *info);

/* ---- attrs.c, vendor.c: reading
 * -------------------------------------------------------
 */

/* Who reads, and what the value is written into when it has no memory. */
struct tp11_reader {
    const struct tp11_token *token;
    const struct tp11_object *object;
    const struct tp11_pin *pin;   /* NULL: none */
    const struct tee_buf *opened; /* clear value of private data, NULL: not */
    CK_ULONG number;
    CK_BBOOL truth;
    char platform[32];
    struct tee_buf made; /* a value made for this read; empty: it was not */
};
enum tp11_got { TP11_GOT, TP11_ABSENT, TP11_SENSITIVE, TP11_NOMEM };
void tp11_reader_init(struct tp11_reader *r, const struct tp11_token *t,
                      const struct tp11_object *o);
void tp11_reader_clear(struct tp11_reader *r);
/* *ret is good until the next read with the same r. */
enum tp11_got tp11_attr_get(struct tp11_reader *r, CK_ATTRIBUTE_TYPE type,
                            struct tee_bytes *ret);
bool tp11_attr_matches(const struct tp11_token *t, const struct tp11_object *o,
                       const CK_ATTRIBUTE *a);
/* Getters of vendor.c, rows of the table in attrs.c. */
typedef enum tp11_got tp11_getter(struct tp11_reader *r, uintptr_t arg,
                                  struct tee_bytes *ret);
tp11_getter tp11_vendor_origin, tp11_vendor_bound, tp11_vendor_platform,
    tp11_vendor_evidence, tp11_vendor_type, tp11_vendor_time, tp11_vendor_raw,
    tp11_vendor_endorsements, tp11_vendor_error, tp11_vendor_given,
    tp11_vendor_status;
/* Bit of an attribute that is pinned by its length query, 0: of none. */
uint32_t tp11_pin_bit(const struct tp11_object *o, CK_ATTRIBUTE_TYPE type);

/* ---- template.c: reading what the caller wants
 * --------------------------------------
 */

struct tp11_template {
    CK_ATTRIBUTE_PTR t;
    CK_ULONG n;
};
/* What a template is for; rows in template.c say what it may hold. */
enum tp11_use {
    TP11_USE_DATA, /* C_CreateObject, in the order of enum ks_class */
    TP11_USE_CERT,
    TP11_USE_PUBLIC,
    TP11_USE_PRIVATE,
    TP11_USE_GEN_PUBLIC, /* C_GenerateKeyPair */
    TP11_USE_GEN_PRIVATE,
    TP11_USE_REQUEST,  /* C_CreateObject of CKO_TEE_EVIDENCE */
    TP11_USE_SET_DATA, /* C_SetAttributeValue, in the same order */
    TP11_USE_SET_CERT,
    TP11_USE_SET_PUBLIC,
    TP11_USE_SET_PRIVATE,
    TP11_USE_COPY /* C_CopyObject, besides what may be set */
};
/* Values with a meaning beyond the object, by place. */
enum tp11_want_value {
    TP11_W_VALUE,
    TP11_W_EC_PARAMS,
    TP11_W_EC_POINT,
    TP11_W_SPKI,
    TP11_W_MODULUS,
    TP11_W_EXPONENT,
    TP11_W_D,
    TP11_W_P,
    TP11_W_Q,
    TP11_W_DP,
    TP11_W_DQ,
    TP11_W_QI,
    TP11_W_CHECK,
    TP11_W_ALLOWED,
    TP11_W_COUNT
};
/* Views into the template; what it does not say is zero. */
struct tp11_want {
    bool token, has_token;
    bool has_type, has_bits, has_set, has_category, has_x509;
    CK_KEY_TYPE type;
    CK_ULONG bits, set, category;
    uint32_t said, flags; /* KS_O_*: which were said, and their value */
    struct tee_bytes attr[KS_A_COUNT];
    struct tee_bytes value[TP11_W_COUNT];
    struct tee_bytes given[TP11_G_COUNT];
};
/* CKA_CLASS of a template; false: absent or malformed. */
bool tp11_template_class(struct tp11_template t, CK_OBJECT_CLASS *ret);
/*
 * Strict.  CKR_ATTRIBUTE_TYPE_INVALID: not an attribute of such an object;
 * _VALUE_INVALID: not a value of that attribute; _READ_ONLY: the module alone
 * sets it; CKR_TEMPLATE_INCONSISTENT: said twice, or never so here.  Usages
 * that no key of ours has (encrypt, derive, ...) may be wished for, as every
 * tool does by default; the object says that they are FALSE.
 */
CK_RV tp11_template_parse(struct tp11_template t, enum tp11_use use, bool copy,
                          struct tp11_want *ret);

/* ---- object.c, import.c, generate.c, evidence.c: making objects
 * ---------------------
 */

/* May a token object be written from here?  CKR_TOKEN_WRITE_PROTECTED,
 * CKR_SESSION_READ_ONLY. */
CK_RV tp11_may_write(const struct tp11_away *a);
/* Flags of a new object: what the template said, defaults, what the token
 * decides. CKR_TEMPLATE_INCONSISTENT. */
CK_RV tp11_settle_flags(const struct tp11_token *t, enum ks_class class,
                        const struct tp11_want *w, uint32_t *ret);
/* Label and CKA_ID of a key for which nobody chose any. */
void tp11_default_names(const struct tp11_token *t, struct ks_object *o,
                        uint8_t id[32]);
/* Handle of a stored object after a change of ours. */
CK_RV tp11_object_handle(struct tp11_token *t, const uint8_t uuid[16],
                         CK_OBJECT_HANDLE *ret);
/* A session object of a's session, with its key or evidence (taken over);
 * nothing is left behind when that session was closed meanwhile. */
CK_RV tp11_object_memory(const struct tp11_away *a, struct tp11_memory *from,
                         CK_OBJECT_HANDLE *ret);

/* import.c: what a template says of a key. Fills o's type and spki (views into
 * `spki`). CKR_TEMPLATE_INCOMPLETE, CKR_TEMPLATE_INCONSISTENT,
 * CKR_ATTRIBUTE_VALUE_INVALID, CKR_CURVE_NOT_SUPPORTED. */
CK_RV tp11_import_public(const struct tp11_want *w, struct ks_object *o,
                         struct tee_buf *spki);
/* Seed or PKCS#8 in `secret`, and the key itself. */
CK_RV tp11_import_private(const struct tp11_token *t, const struct tp11_want *w,
                          struct ks_object *o, struct tee_buf *spki,
                          struct tee_buf *secret, struct ks_key **ret);
/* Certificate: fills subject, issuer, serial; they, CKA_CHECK_VALUE and
 * CKA_PUBLIC_KEY_INFO must agree with the DER. */
CK_RV tp11_import_cert(const struct tp11_want *w, struct ks_object *o);
/* CKA_ALLOWED_MECHANISMS, if said, is what it would be anyway. */
bool tp11_allowed_fits(const struct tp11_want *w, enum ks_ktype t);

/* evidence.c */
CK_RV tp11_evidence_create(const struct tp11_away *a, struct tp11_template t,
                           CK_OBJECT_HANDLE *ret);
/* The pin of an object; NULL: none, or too old. */
struct tp11_pin *tp11_pin_find(const struct tp11_session *s,
                               CK_OBJECT_HANDLE o);
/* A new one; NULL: no memory. */
struct tp11_pin *tp11_pin_make(struct tp11_session *s,
                               const struct tp11_object *o);
/* The value behind that bit was read whole. */
void tp11_pin_read(struct tp11_session *s, struct tp11_pin *p, uint32_t bit);
void tp11_pins_clear(struct tp11_session *s);

/* ---- what entry.c puts its shims around
 * ---------------------------------------------------
 */

CK_RV tp11_initialize(const CK_C_INITIALIZE_ARGS *args);
void tp11_finalize(void);
CK_RV tp11_get_info(CK_INFO *info);
CK_RV tp11_get_slot_list(CK_BBOOL present, CK_SLOT_ID *slot, CK_ULONG *n);
CK_RV tp11_get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info);
CK_RV tp11_get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info);
CK_RV tp11_get_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *m,
                              CK_ULONG *n);
CK_RV tp11_get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE m,
                              CK_MECHANISM_INFO *info);
CK_RV tp11_init_token(CK_SLOT_ID slot, const CK_UTF8CHAR *pin, CK_ULONG len,
                      const CK_UTF8CHAR *label);
CK_RV tp11_init_pin(CK_SESSION_HANDLE s, const CK_UTF8CHAR *pin, CK_ULONG len);
CK_RV tp11_set_pin(CK_SESSION_HANDLE s, const CK_UTF8CHAR *old,
                   CK_ULONG old_len, const CK_UTF8CHAR *pin, CK_ULONG len);
CK_RV tp11_open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *app,
                        CK_NOTIFY notify, CK_SESSION_HANDLE *ret);
CK_RV tp11_close_session(CK_SESSION_HANDLE s);
CK_RV tp11_close_all_sessions(CK_SLOT_ID slot);
CK_RV tp11_get_session_info(CK_SESSION_HANDLE s, CK_SESSION_INFO *info);
CK_RV tp11_login(CK_SESSION_HANDLE s, CK_USER_TYPE user, const CK_UTF8CHAR *pin,
                 CK_ULONG len);
CK_RV tp11_login_user(CK_SESSION_HANDLE s, CK_USER_TYPE user,
                      const CK_UTF8CHAR *pin, CK_ULONG len,
                      const CK_UTF8CHAR *name, CK_ULONG name_len);
CK_RV tp11_logout(CK_SESSION_HANDLE s);
CK_RV tp11_session_cancel(CK_SESSION_HANDLE s, CK_FLAGS flags);
CK_RV tp11_create_object(CK_SESSION_HANDLE s, CK_ATTRIBUTE *t, CK_ULONG n,
                         CK_OBJECT_HANDLE *ret);
CK_RV tp11_copy_object(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *t,
                       CK_ULONG n, CK_OBJECT_HANDLE *ret);
CK_RV tp11_destroy_object(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o);
CK_RV tp11_get_object_size(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o,
                           CK_ULONG *ret);
CK_RV tp11_get_attribute_value(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o,
                               CK_ATTRIBUTE *t, CK_ULONG n);
CK_RV tp11_set_attribute_value(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o,
                               CK_ATTRIBUTE *t, CK_ULONG n);
CK_RV tp11_find_objects_init(CK_SESSION_HANDLE s, CK_ATTRIBUTE *t, CK_ULONG n);
CK_RV tp11_find_objects(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE *o, CK_ULONG max,
                        CK_ULONG *n);
CK_RV tp11_find_objects_final(CK_SESSION_HANDLE s);
CK_RV tp11_sign_init(CK_SESSION_HANDLE s, CK_MECHANISM *m,
                     CK_OBJECT_HANDLE key);
CK_RV tp11_sign(CK_SESSION_HANDLE s, const CK_BYTE *in, CK_ULONG len,
                CK_BYTE *sig, CK_ULONG *sig_len);
CK_RV tp11_sign_update(CK_SESSION_HANDLE s, const CK_BYTE *in, CK_ULONG len);
CK_RV tp11_sign_final(CK_SESSION_HANDLE s, CK_BYTE *sig, CK_ULONG *sig_len);
CK_RV tp11_verify_init(CK_SESSION_HANDLE s, CK_MECHANISM *m,
                       CK_OBJECT_HANDLE key);
CK_RV tp11_verify(CK_SESSION_HANDLE s, const CK_BYTE *in, CK_ULONG len,
                  const CK_BYTE *sig, CK_ULONG sig_len);
CK_RV tp11_verify_update(CK_SESSION_HANDLE s, const CK_BYTE *in, CK_ULONG len);
CK_RV tp11_verify_final(CK_SESSION_HANDLE s, const CK_BYTE *sig,
                        CK_ULONG sig_len);
CK_RV tp11_verify_signature_init(CK_SESSION_HANDLE s, CK_MECHANISM *m,
                                 CK_OBJECT_HANDLE key, const CK_BYTE *sig,
                                 CK_ULONG sig_len);
CK_RV tp11_verify_signature(CK_SESSION_HANDLE s, const CK_BYTE *in,
                            CK_ULONG len);
CK_RV tp11_verify_signature_update(CK_SESSION_HANDLE s, const CK_BYTE *in,
                                   CK_ULONG len);
CK_RV tp11_verify_signature_final(CK_SESSION_HANDLE s);
CK_RV tp11_generate_key_pair(CK_SESSION_HANDLE s, const CK_MECHANISM *m,
                             struct tp11_template pub,
                             struct tp11_template priv,
                             CK_OBJECT_HANDLE *ret_pub,
                             CK_OBJECT_HANDLE *ret_priv);
CK_RV tp11_seed_random(CK_SESSION_HANDLE s, const CK_BYTE *seed, CK_ULONG len);
CK_RV tp11_generate_random(CK_SESSION_HANDLE s, CK_BYTE *out, CK_ULONG len);
CK_RV tp11_not_parallel(CK_SESSION_HANDLE s);
CK_RV tp11_wait_for_slot_event(CK_FLAGS flags, const CK_SLOT_ID *slot,
                               const void *reserved);

#endif
