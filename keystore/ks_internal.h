/*
 * keystore/: declarations shared by the files of this folder (and its unit
 * tests) alone; reached through ks.h with TEE_KS_INTERNAL.
 */
#ifndef TEE_KEYSTORE_KS_INTERNAL_H
#define TEE_KEYSTORE_KS_INTERNAL_H

#include <pthread.h>
#include <time.h>

#include "keystore/ks.h"

/* ---- conf*.c: reading one section ------------------------------------------
 */

#define KS_CONF_KEYS    41 /* rows of ks_conf_keys */
#define KS_CONF_KEY_LEN 32
#define KS_CONF_MAX     65536
#define KS_CONF_TOKENS  64

/* A section while it is read: the token, and where each key stood. */
struct ks_conf_sec {
    const char *path;
    struct ks_conf_token *t;
    unsigned line[KS_CONF_KEYS]; /* 0: not written */
};
/* Index in ks_conf_keys, KS_CONF_KEYS when unknown. */
size_t ks_conf_key_find(const char *name);
/* The nearest key within two edits, NULL: none. */
const char *ks_conf_key_near(const char *name);
const char *ks_conf_type_word(enum ks_ktype t);
const char *ks_conf_mode_word(enum ks_skr_mode m);
/* conf_value.c: one value into its member. TEE_E_CONFIG: f says
 * "key: must be ...". */
TEE_MUST_USE enum tee_err ks_conf_value(const struct ks_conf_key *k,
                                        const char *value,
                                        struct ks_conf_token *t,
                                        struct tee_fault *f);
TEE_MUST_USE enum tee_err ks_conf_log_value(const struct ks_conf_key *k,
                                            const char *value,
                                            enum tee_log_sink *ret,
                                            struct tee_fault *f);
/* conf_check.c: the relations of configuration.md section 3, in its order.
 * TEE_E_CONFIG: *line and f (without prefix) say which. */
TEE_MUST_USE enum tee_err ks_conf_check(const struct ks_conf_sec *s,
                                        unsigned *line, struct tee_fault *f);

/* ---- client_spawn.c: the private child as a process ------------------------
 */

#define KS_HELPER_FD      3    /* its end of the socket, all it has open */
#define KS_CHILD_GRACE_MS 1000 /* to end after EOF or SIGKILL, then no wait */

/* A number that the host may have closed and used again: checked by inode
 * before it is used or closed. */
struct ks_fd {
    int fd; /* -1: none */
    dev_t dev;
    ino_t ino;
};
bool ks_fd_ours(const struct ks_fd *d);
void ks_fd_close(struct ks_fd *d); /* only if still ours */

struct ks_child {
    struct ks_fd sock, pidfd;
    pid_t pid; /* -1: none */
};
/* TEE_E_TRUST: somebody else may write the program or a folder above it. */
TEE_MUST_USE enum tee_err ks_child_start(const char *path, struct ks_child *ret,
                                         struct tee_fault *f);
/* Closes the socket; kills, or lets it end by itself first; reaps. */
void ks_child_stop(struct ks_child *c, bool kill_it);
/* In a child of fork: closes our copies, no more. */
void ks_child_abandon(struct ks_child *c);

/* ---- client.c: the other end, private child or service --------------------
 */

struct ks_client;
/* A tee_clock.mono_ms() value for pthread_cond_timedwait. */
struct timespec ks_at_monotonic(int64_t until);
/* Starts nothing. Both pointers outlive the client. */
TEE_MUST_USE enum tee_err ks_client_new(const struct ks_conf *file,
                                        const struct ks_conf_token *conf,
                                        struct ks_client **ret);
/* Closes the socket: EOF ends the child, which is reaped (ECHILD is fine). */
void ks_client_free(struct ks_client *c);
/*
 * One question, one answer of type `want`.  Starts the child (or connects)
 * at first need and after it died; one conversation at a time, other callers
 * wait; everything within `until` (tee_clock.mono_ms()).  An ERROR frame
 * comes back as its enum and text.  After a protocol error, a deadline or a
 * closed socket the child is given up: SIGKILL through its pidfd, and no
 * waiting for one that is stuck in the kernel.  No lock is held meanwhile.
 */
TEE_MUST_USE enum tee_err ks_client_call(struct ks_client *c,
                                         struct tee_msg *req,
                                         enum tee_frame_type want,
                                         struct tee_msg *ans, int64_t until,
                                         struct tee_fault *f);

/* ---- store_pool.c, store_check.c, store_cbor.c: a decoded store -------------
 */

/*
 * Memory that is counted, freed all at once, and wiped then.  What it gives
 * is zeroed; NULL means no memory.
 */
struct ks_pool;
struct ks_pool *ks_pool_new(void);
void ks_pool_get(struct ks_pool *p); /* +1, atomic */
void ks_pool_put(struct ks_pool *p); /* NULL ok */
void *ks_pool_take(struct ks_pool *p, size_t n);
/* A copy; an absent view (p == NULL) stays absent. */
TEE_MUST_USE enum tee_err ks_pool_copy(struct ks_pool *p, struct tee_bytes v,
                                       struct tee_bytes *ret);
/* The same in a struct tee_secret that the pool owns, one a pool. */
TEE_MUST_USE enum tee_err ks_pool_secret(struct ks_pool *p, struct tee_bytes v,
                                         struct tee_bytes *ret);

/* A counted deep copy, +1: evidence that no store holds yet. */
TEE_MUST_USE enum tee_err ks_evidence_copy(const struct ks_evidence *e,
                                           const struct ks_evidence **ret);

#define KS_STORE_MAX    ((size_t)16 << 20)
#define KS_NAME_MAX     255 /* label, id: consumers' buffers are of this size */
#define KS_SEAL_OVER    40  /* nonce and tag around a sealed value */
#define KS_WRAP_MAX     4096 /* wrapped token key, root parameters */
#define KS_PLATFORM_MAX 31
#define KS_LOG2N_MIN    14 /* of scrypt's N, as stored */
#define KS_LOG2N_MAX    17

enum ks_wrap_kind { KS_WRAP_NONE, KS_WRAP_CLEAR, KS_WRAP_PIN, KS_WRAP_ROOT };
struct ks_wrap {
    enum ks_wrap_kind kind;
    struct tee_bytes key; /* clear: TK; pin: nonce || box; root: wrapped TK */
    bool has_kdf;
    unsigned log2n;
    uint8_t salt[32];
    struct tee_bytes root; /* parameters; p == NULL unless KS_WRAP_ROOT */
};
/*
 * A decoded store: immutable and counted once ks_store_read or
 * ks_store_change handed it out.  Every view points into memory that it owns.
 * Inside a change, members may be set directly, and views may point at
 * memory that outlives the call of ks_store_change.
 */
struct ks_store {
    uint8_t uuid[16], epoch[16];
    enum ks_origin origin;
    int64_t time;
    bool has_mac;
    uint8_t mac[32];
    struct tee_bytes body;  /* as it stands in the file: what mac covers */
    struct ks_wrap wrap[3]; /* by enum ks_role; [0] unused */
    unsigned used[3];       /* tries, by role */
    size_t n, room;
    const struct ks_object **object;
    size_t n_evidence, room_evidence;
    const struct ks_evidence **evidence;
    struct ks_pool *pool; /* owns all of the above, and this */
};
/* Empty, for C_InitToken: a re-initialised store is a new one. */
TEE_MUST_USE enum tee_err ks_store_new(struct ks_store **ret);
void ks_store_get(const struct ks_store *s); /* +1, atomic */
void ks_store_put(const struct ks_store *s); /* NULL ok */
/*
 * Inside a change only.  Deep copies; ks_store_set replaces the object of the
 * same uuid or adds it.  TEE_E_TOOBIG over the limits, TEE_E_ARG when the
 * object breaks a rule of the format (class, flags, attributes).
 */
TEE_MUST_USE enum tee_err ks_store_set(struct ks_store *s,
                                       const struct ks_object *o,
                                       struct tee_fault *f);
/* Evidence about the object goes with it. */
bool ks_store_remove(struct ks_store *s, const uint8_t uuid[16]);
/* Replaces the evidence about the same key.  TEE_E_NOTFOUND: no such key. */
TEE_MUST_USE enum tee_err ks_store_set_evidence(struct ks_store *s,
                                                const struct ks_evidence *e,
                                                struct tee_fault *f);
/* n bytes that live as long as the store, v copied into them. */
TEE_MUST_USE enum tee_err ks_store_keep(struct ks_store *s, struct tee_bytes v,
                                        struct tee_bytes *ret);
const struct ks_object *ks_store_find(const struct ks_store *s,
                                      const uint8_t uuid[16]);
/* TEE_E_STORE_VERSION, TEE_E_MALFORMED, TEE_E_NOMEM. */
TEE_MUST_USE enum tee_err ks_store_decode(struct tee_bytes file,
                                          struct ks_store **ret,
                                          struct tee_fault *f);
/*
 * mac_key NULL: no TK at hand; then the body must be the one that was read
 * (tries and wraps alone changed; else TEE_E_STATE) and mac is kept as it is;
 * or the origin is KS_SKR.  ret is initialised here.
 */
TEE_MUST_USE enum tee_err ks_store_encode(const struct ks_store *s,
                                          const uint8_t mac_key[32],
                                          struct tee_buf *ret);
/* Does mac cover the body as it stands in the file?  TEE_E_STORE_ALTERED. */
TEE_MUST_USE enum tee_err ks_store_authentic(const struct ks_store *s,
                                             const uint8_t mac_key[32],
                                             struct tee_fault *f);
/* The rules of the format beyond its syntax; TEE_E_MALFORMED. */
TEE_MUST_USE enum tee_err ks_store_check(const struct ks_store *s,
                                         struct tee_fault *f);
TEE_MUST_USE enum tee_err ks_object_check(const struct ks_object *o,
                                          enum ks_origin origin,
                                          struct tee_fault *f);
TEE_MUST_USE enum tee_err ks_evidence_check(const struct ks_evidence *e,
                                            struct tee_fault *f);
/* One of them alone, as it stands in the body. */
void ks_object_encode(struct tee_buf *b, const struct ks_object *o);
void ks_evidence_encode(struct tee_buf *b, const struct ks_evidence *e);

/* ---- store_map.c: maps of the store file, by tables -------------------------
 */

struct ks_rd {
    struct tee_cur c;
    struct ks_pool *pool;
    struct tee_fault *f;
};

/*
 * A member of a map.  `may`: it can be absent, which in memory is zero; a
 * member that is there with that very value is refused, so that each state
 * has one encoding.
 */
enum ks_member_kind {
    KS_M_U32,   /* uint min..max; also enums */
    KS_M_TIME,  /* uint < 2^63 */
    KS_M_BYTES, /* view, min..max bytes */
    KS_M_TEXT,  /* view, min..max bytes */
    KS_M_FIXED, /* min = max bytes in place */
    KS_M_SUB    /* its own reader and writer; `may`: at is of a bool */
};
struct ks_member {
    uint64_t key;
    const char *name;
    enum ks_member_kind kind;
    bool may;
    size_t at;
    uint64_t min, max;
    enum tee_err (*read)(struct ks_rd *r, void *to);
    void (*write)(struct tee_buf *b, const void *from);
};
/* TEE_E_MALFORMED: r->f says which member and why. */
TEE_MUST_USE enum tee_err
ks_map_read(struct ks_rd *r, const struct ks_member *m, size_t n, void *base);
void ks_map_write(struct tee_buf *b, const struct ks_member *m, size_t n,
                  const void *base);

/* ---- store.c: the file
 * -------------------------------------------------------
 */

/* What one stat of the file told; equal stamps mean an unchanged store. */
struct ks_stamp {
    bool there;
    dev_t dev;
    ino_t ino;
    struct timespec mtime, ctime;
    off_t size;
};
void ks_store_stat(const struct ks_conf_token *conf, struct ks_stamp *ret);
bool ks_stamp_equal(const struct ks_stamp *a, const struct ks_stamp *b);
/* TEE_E_NOTFOUND: no folder or no file yet.  Origin must be the configured
 * one.  *stamp is of the descriptor that was read. */
TEE_MUST_USE enum tee_err ks_store_read(const struct ks_conf_token *conf,
                                        struct ks_store **ret,
                                        struct ks_stamp *stamp,
                                        struct tee_fault *f);
/* Could this process write it: one access check, no write. */
bool ks_store_writable(const struct ks_conf_token *conf);
/*
 * Lock, read again (*s is NULL in the callback's place when there is none and
 * `create`), change, encode under *mac_key as the callback left it (NULL:
 * nothing that mac covers has changed), replace, unlock.
 *
 * change may put *s and leave a new store there: that is how C_InitToken
 * works.  Otherwise what was read must be authentic under *mac_key, checked
 * here too (TEE_E_STORE_ALTERED): an altered store is never signed anew.  A
 * callback compares the epoch before it uses a TK, since another process may
 * have initialised the token anew meanwhile.
 *
 * TEE_E_NOTFOUND: no store, and not `create`, which makes the folder too.
 * TEE_E_TIMEOUT: another process held the lock until `until`.
 * TEE_E_READONLY when the store can't be written.  TEE_E_TOOBIG, TEE_E_ARG:
 * what the callback left breaks a limit or a rule of the format.  After every
 * error but one of the last fsync the file is what it was.
 */
struct ks_change {
    bool create;
    /* *s is the callback's to change; an error ends all, nothing is written.
     */
    enum tee_err (*change)(struct ks_store **s, const uint8_t **mac_key,
                           void *arg, struct tee_fault *f);
    void *arg;
};
TEE_MUST_USE enum tee_err
ks_store_change(const struct ks_conf_token *conf, int64_t until,
                const struct ks_change *change, struct ks_store **ret,
                struct ks_stamp *stamp, struct tee_fault *f);

/* ---- tk.c: the token key -------------------------------------------------
 */

#define KS_NO_LOCKED                                                           \
    "no memory that can be locked; raise RLIMIT_MEMLOCK (\"ulimit -l\"), or "  \
    "write lock = try"
#define KS_TK         32
#define KS_SEED       32
#define KS_SEALED_MIN KS_SEAL_OVER
#define KS_SEAL_FLAGS                                                          \
    0x1f0u /* of an object: what the AAD of `sealed` holds                     \
            */
#define KS_SEAL_NONCE 24
#define KS_PIN_BOX    72 /* nonce || TK || tag */

/* TK and what is derived from it, counted; wiped with the last reference, so
 * that a logout does not pull it away under a call of another thread. */
struct ks_tk {
    unsigned refs; /* atomic */
    struct tee_arena *arena;
    uint8_t *key;  /* slot: TK || key of the MAC */
    uint8_t *seal; /* slot: key of what is sealed */
    uint8_t uuid[16], epoch[16];
};
/* Zeroed; the caller fills key[0..31] and calls ks_tk_derive. */
TEE_MUST_USE enum tee_err ks_tk_new(struct tee_arena *arena,
                                    const uint8_t uuid[16],
                                    const uint8_t epoch[16], struct ks_tk **ret,
                                    struct tee_fault *f);
TEE_MUST_USE enum tee_err ks_tk_derive(struct ks_tk *tk);
void ks_tk_get(struct ks_tk *tk);
void ks_tk_put(struct ks_tk *tk); /* NULL ok */
const uint8_t *ks_tk_mac(const struct ks_tk *tk);
/* Was the store made with this TK; else it was initialised anew. */
bool ks_tk_fits(const struct ks_tk *tk, const struct ks_store *s);
/* Seals `clear` for the object as it stands: uuid, type, SPKI and flags go
 * into the AAD.  ret is initialised here. */
TEE_MUST_USE enum tee_err ks_tk_seal(const struct ks_tk *tk,
                                     enum ks_origin origin,
                                     const struct ks_object *o,
                                     struct tee_bytes clear,
                                     struct tee_buf *ret);
/* ret has room for o->sealed.len - KS_SEAL_OVER.  TEE_E_STORE_ALTERED. */
TEE_MUST_USE enum tee_err ks_tk_open(const struct ks_tk *tk,
                                     enum ks_origin origin,
                                     const struct ks_object *o, uint8_t *ret,
                                     struct tee_fault *f);
/* scrypt(PIN, salt), N = 2^log2n, r = 8, p = 1. */
TEE_MUST_USE enum tee_err ks_stretch(struct tee_bytes pin,
                                     const uint8_t salt[32], unsigned log2n,
                                     uint8_t ret[32], struct tee_fault *f);
/* For the tests alone: the cost of new PINs, 14 or 15 (the default). */
void ks_stretch_cost(unsigned log2n);
unsigned ks_stretch_log2n(void);

/* A wrap that no store holds yet, with its bytes. */
struct ks_newwrap {
    struct ks_wrap w;
    struct tee_buf mem;
};

/* ---- ks_local.c, ks_tee.c, ks_skr.c: what differs by origin -----------------
 */

struct ks_key;
struct ks_ops {
    /* Is there anything a private operation could do, in this build, with
     * this configuration: TEE_E_UNSUPPORTED, "unsupported: ...". */
    enum tee_err (*ready)(const struct ks_conf_token *c, struct tee_fault *f);
    void (*stat)(const struct ks_conf_token *c, struct ks_stamp *ret);
    /* What there is to see.  TEE_E_NOTFOUND: nothing yet. */
    enum tee_err (*load)(const struct ks_conf_token *c, struct ks_store **ret,
                         struct ks_stamp *stamp, struct tee_fault *f);
    bool writes;  /* a store that this process may change, and keys made here */
    bool imports; /* private keys from outside, session keys */
    bool helper;  /* asks the private child */
    enum ks_wrap_kind clear_wrap, pin_wrap; /* without and with a PIN */
    /* stretched: 32 bytes, or NULL without a PIN. */
    enum tee_err (*wrap)(struct ks_token *t, enum ks_role role,
                         const struct ks_tk *tk, const uint8_t *stretched,
                         struct ks_newwrap *ret, struct tee_fault *f);
    /* Into tk->key.  TEE_E_PIN: it does not open; without a PIN
     * TEE_E_STORE_ALTERED. */
    enum tee_err (*unwrap)(struct ks_token *t, enum ks_role role,
                           const struct ks_wrap *w, const uint8_t *stretched,
                           struct ks_tk *tk, struct tee_fault *f);
    /* NULL, or what else has to be so before a key is handed out. */
    enum tee_err (*admit)(struct ks_token *t, struct ks_key *k,
                          const struct ks_object *o, struct ks_tk *tk,
                          struct tee_fault *f);
};
/* service: local and tee_generated with via = unix: */
extern const struct ks_ops ks_ops_local, ks_ops_tee, ks_ops_skr, ks_ops_service;

/* ---- keystore.c: tokens and snapshots ---------------------------------------
 */

#define KS_KEYS_OPEN 256
#define KS_BUCKETS   64
/* keys in the cache, those still in use by a session, token keys */
#define KS_SLOTS_MAX (KS_KEYS_OPEN + 4096 + 64)

/* The snapshot with its count; `pub` comes first. */
struct ks_snapshot {
    struct ks_snap pub;
    unsigned refs;                /* atomic */
    const struct ks_store *store; /* NULL: none */
    const struct ks_evidence **evidence;
    _Atomic bool authentic; /* its MAC was checked */
};
static inline struct ks_snapshot *
ks_snapshot_of(const struct ks_snap *s)
{
    return (struct ks_snapshot *)(uintptr_t)s;
}

struct ks_token {
    const struct ks_conf *file;
    const struct ks_conf_token *conf;
    const struct ks_ops *ops;
    struct tee_secret mark; /* first byte 1: the process that made it */
    struct tee_arena *arena;
    pthread_mutex_t lock; /* what follows; never held across a file, a frame or
                             a wait */
    pthread_cond_t idle;  /* !busy */
    /* One slow thing at a time: opening, acquiring, logging in, writing. */
    bool busy;
    int64_t until;            /* of whom set busy: for all that he does */
    struct ks_client *client; /* NULL: asks nobody */
    const struct ks_snap *snap;
    struct ks_stamp stamp;
    uint64_t ticket, published; /* of reads: an older one never wins */
    struct tee_fault bad;       /* of the last read */
    struct tee_fault last;      /* of the last acquisition or collection */
    struct ks_tk *tk;
    enum ks_role role; /* who is in; 0 nobody, without a PIN always 0 */
    uint64_t logins;   /* counts logins and logouts */
    struct ks_key *bucket[KS_BUCKETS], *newest, *oldest;
    size_t n_keys;
    bool said_first; /* first use of a local key is one line in the log */
    /* Evidence that a read-only store could not take. */
    const struct ks_evidence **kept;
    size_t n_kept;
    char platform[32]; /* of the last evidence collected here */
};
bool ks_token_here(const struct ks_token *t);
int64_t ks_token_until(const struct ks_token *t); /* now + deadline */
/* TEE_E_TIMEOUT when another thread kept it until then, TEE_E_FORKED. */
TEE_MUST_USE enum tee_err ks_busy_begin(struct ks_token *t, int64_t until,
                                        struct tee_fault *f);
void ks_busy_end(struct ks_token *t);
/* f says what `why` says, or at least the error's word; returns err. */
enum tee_err ks_answer(struct tee_fault *f, enum tee_err err,
                       const struct tee_fault *why);
/* Remembers why an acquisition or collection failed, or that it did not. */
enum tee_err ks_token_outcome(struct ks_token *t, enum tee_err err,
                              const struct tee_fault *f);
/* What a change of the store left behind becomes the snapshot; takes s. */
TEE_MUST_USE enum tee_err ks_publish(struct ks_token *t, struct ks_store *s,
                                     const struct ks_stamp *stamp,
                                     struct tee_fault *f);
/* The same store seen by somebody else (login, logout, evidence kept). */
TEE_MUST_USE enum tee_err ks_republish(struct ks_token *t, struct tee_fault *f);
/* By whom set busy: TK for `role` (0: any), opened now where no PIN guards
 * it; the snapshot that it was checked against, +1; the count of logins that
 * both are good for. */
TEE_MUST_USE enum tee_err ks_tk_need(struct ks_token *t, enum ks_role role,
                                     uint64_t *logins, struct ks_tk **ret,
                                     const struct ks_snap **snap,
                                     struct tee_fault *f);
/* The MAC of the snapshot, once a snapshot. */
TEE_MUST_USE enum tee_err ks_snap_authentic(const struct ks_snap *s,
                                            const struct ks_tk *tk,
                                            struct tee_fault *f);
/* A wrap of another kind than origin and `pin` demand is never used. */
TEE_MUST_USE enum tee_err ks_wrap_demanded(const struct ks_token *t,
                                           const struct ks_wrap *w,
                                           struct tee_fault *f);
/* One change under TK: checks the epoch, calls edit, publishes. */
struct ks_edit {
    struct ks_tk *tk;
    enum tee_err (*edit)(struct ks_store *s, void *arg, struct tee_fault *f);
    void *arg;
};
TEE_MUST_USE enum tee_err ks_edit(struct ks_token *t, struct ks_edit *e,
                                  struct tee_fault *f);

/* ---- key.c ------------------------------------------------------------------
 */

struct ks_key {
    unsigned refs; /* atomic */
    struct ks_token *t;
    enum ks_ktype type;
    uint8_t uuid[16];
    uint8_t state[32];           /* of the object that it was made from */
    uint8_t *sk;                 /* slot: Ed25519 seed || public half */
    uint8_t pk[32];              /* Ed25519 */
    const struct tee_plugin *by; /* whose handle is */
    void *handle;
    bool cached;
    struct ks_key *chain, *newer, *older;
};
/* Closes what the snapshot no longer holds, or everything (NULL).  The token
 * is locked; returns a chain for ks_keys_drop once it is not. */
TEE_MUST_USE struct ks_key *ks_keys_close(struct ks_token *t,
                                          const struct ks_store *now);
void ks_keys_drop(struct ks_key *chain);
/* A fresh private key and its SPKI; `clear` is what gets sealed. */
struct ks_fresh {
    struct ks_key *key;
    struct tee_secret clear;
    size_t clear_len;
    struct tee_buf spki;
};
/* secret empty: generate.  All of ret is the caller's, also after an error. */
TEE_MUST_USE enum tee_err ks_fresh_make(struct ks_token *t, enum ks_ktype type,
                                        struct tee_bytes secret,
                                        struct ks_fresh *ret,
                                        struct tee_fault *f);
void ks_fresh_clear(struct ks_fresh *x);
/* The object's state that this key was made from; then into the cache. */
void ks_key_name(struct ks_key *k, const struct ks_object *o);
TEE_MUST_USE enum tee_err ks_key_cache(struct ks_token *t, struct ks_key *k,
                                       uint64_t logins, struct tee_fault *f);
/* "Signature by the bound key" of proofs, in the key's own algorithm. */
TEE_MUST_USE enum tee_err ks_key_prove(struct ks_key *k, struct tee_bytes msg,
                                       struct tee_buf *ret,
                                       struct tee_fault *f);

/* ---- op.c, op_ed.c, op_plugin.c: one table a family of keys -----------------
 */

struct ks_alg {
    /* TEE_E_MECH, TEE_E_MECH_PARAM, or it can be done here. */
    enum tee_err (*check)(enum ks_ktype type, const struct ks_mech *m);
    /* A new private half, seed or PKCS#8, into TEE_PKCS8_MAX bytes. */
    enum tee_err (*make)(enum ks_ktype type, uint8_t *secret, size_t *len,
                         struct tee_fault *f);
    /* k->sk or k->handle, and the public half recomputed from it. */
    enum tee_err (*load)(struct ks_key *k, struct tee_bytes secret,
                         struct tee_buf *spki, struct tee_fault *f);
    void (*key_clear)(struct ks_key *k); /* half-loaded ones too */
    enum tee_err (*sign_init)(struct ks_op *op);
    enum tee_err (*verify_init)(struct ks_op *op, struct tee_bytes spki);
    enum tee_err (*update)(struct ks_op *op, struct tee_bytes part);
    /* TEE_E_SELFTEST: verify_after_sign says that it is wrong. */
    enum tee_err (*sign)(struct ks_op *op, struct tee_bytes msg, uint8_t *sig,
                         size_t *len);
    enum tee_err (*sign_final)(struct ks_op *op, uint8_t *sig, size_t *len);
    enum tee_err (*verify)(struct ks_op *op, struct tee_bytes msg,
                           struct tee_bytes sig);
    enum tee_err (*verify_final)(struct ks_op *op, struct tee_bytes sig);
    void (*clear)(struct ks_op *op); /* what the operation made, not the key */
};
extern const struct ks_alg ks_alg_ed25519, ks_alg_plugin;
const struct ks_alg *ks_alg(enum ks_ktype type);

/* ---- evidence.c, boot.c -----------------------------------------------------
 */

/* Of the running kernel: /proc/sys/kernel/random/boot_id. */
TEE_MUST_USE enum tee_err ks_boot_id(uint8_t ret[16], struct tee_fault *f);
/* Once-per-boot evidence about the key, collected now (B = 0), +1.  By whom
 * set busy. */
TEE_MUST_USE enum tee_err ks_evidence_acquire(struct ks_token *t,
                                              struct ks_key *k,
                                              const struct ks_object *o,
                                              const struct ks_evidence **ret,
                                              struct tee_fault *f);
/* That of the snapshot if it is of this boot and of this statement, +1; NULL:
 * none. */
const struct ks_evidence *ks_evidence_now(struct ks_token *t,
                                          const uint8_t key[16]);
/* Into the store, or into memory where that can't be written.  By whom set
 * busy. */
TEE_MUST_USE enum tee_err ks_evidence_keep(struct ks_token *t, struct ks_tk *tk,
                                           const struct ks_evidence *e,
                                           struct tee_fault *f);

#endif
