/*
 * keystore/: declarations shared by the files of this folder (and its unit
 * tests) alone; reached through ks.h with TEE_KS_INTERNAL.
 */
#ifndef TEE_KEYSTORE_KS_INTERNAL_H
#define TEE_KEYSTORE_KS_INTERNAL_H

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

#endif
