/*
 * base/: what every other folder stands on.
 *
 * Part one (libbase.la: libsodium and libc) may be linked by the PKCS#11
 * module.  Part two (libbase2.la: cJSON, libcrypto) is for own processes
 * only; its declarations stand at the end.
 *
 * Conventions.  Fallible functions return enum tee_err and are TEE_MUST_USE;
 * results come back through `ret` parameters, last, written on success only.
 * A `const` pointer in is borrowed for the call.  Functions that explain
 * themselves take a struct tee_fault (may be NULL).
 */
#ifndef TEE_BASE_TEE_H
#define TEE_BASE_TEE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define TEE_MUST_USE     __attribute__((warn_unused_result))
#define TEE_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define TEE_LEN(a)       (sizeof(a) / sizeof((a)[0]))

/* ---- err.c: errors ----------------------------------------------------- */

/*
 * One enum for the whole project.  The second block are the typed errors of
 * the evidence side; tee_err_name() gives their stable words.
 */
enum tee_err {
    TEE_OK = 0,
    TEE_E_NOMEM,     /* no-memory */
    TEE_E_ARG,       /* bad-argument: a caller's mistake */
    TEE_E_STATE,     /* wrong-state: right call, wrong moment */
    TEE_E_TOOBIG,    /* too-big: over a stated limit */
    TEE_E_TRUNCATED, /* truncated: ends too early */
    TEE_E_IO,        /* io: the system refused; text carries errno's words */
    TEE_E_NOTFOUND,  /* not-found */
    TEE_E_EXISTS,    /* exists */
    TEE_E_TRUST,     /* untrusted-file: owner, mode, link */
    TEE_E_CONFIG,    /* configuration */
    TEE_E_READONLY,  /* read-only */
    TEE_E_TIMEOUT,   /* deadline: the waiter's own deadline passed */
    TEE_E_PEER,      /* peer: the other end broke the protocol or died */
    TEE_E_FORKED,    /* forked: the key belongs to another process */
    TEE_E_LOGIN,     /* not-logged-in */
    TEE_E_PIN,       /* pin-incorrect */
    TEE_E_PIN_LOCKED,
    TEE_E_PIN_LEN,       /* pin-length: outside 6..64 bytes */
    TEE_E_PIN_TYPE,      /* pin-user-type: this token has no such role */
    TEE_E_PROHIBITED,    /* prohibited: never allowed on this object */
    TEE_E_MECH,          /* mechanism: unknown, or not for this key */
    TEE_E_MECH_PARAM,    /* mechanism-parameter */
    TEE_E_KEY_TYPE,      /* key-type: does not fit */
    TEE_E_DATA_LEN,      /* data-length */
    TEE_E_SIG_LEN,       /* signature-length */
    TEE_E_STORE_ALTERED, /* store-altered */
    TEE_E_STORE_VERSION, /* store-version: newer than this build */
    TEE_E_SELFTEST,      /* self-test */

    TEE_E_UNAVAIL,        /* unavailable */
    TEE_E_KEY_ACQ,        /* key-acquisition */
    TEE_E_NOT_TEE_BOUND,  /* key-not-tee-bound */
    TEE_E_KEY_EXPIRED,    /* key-expired */
    TEE_E_COLLECT,        /* collect */
    TEE_E_MALFORMED,      /* malformed */
    TEE_E_SIGNATURE,      /* signature-invalid */
    TEE_E_CHAIN,          /* chain-invalid */
    TEE_E_MEASUREMENT,    /* measurement-not-allowed */
    TEE_E_TCB,            /* tcb-below-floor */
    TEE_E_REPORT_DATA,    /* report-data-mismatch */
    TEE_E_SPKI,           /* spki-mismatch */
    TEE_E_DEBUG,          /* debug-enabled */
    TEE_E_EXPIRED,        /* expired */
    TEE_E_NOT_YET_VALID,  /* not-yet-valid */
    TEE_E_REPLAYED,       /* replayed */
    TEE_E_REVOKED,        /* revoked */
    TEE_E_POLICY_DENIED,  /* policy-denied */
    TEE_E_POLICY_INVALID, /* policy-invalid */
    TEE_E_UNSUPPORTED,    /* unsupported: could not appraise, or not built */
    TEE_E_NOT_CHECKED,    /* not-checked */
    TEE_E_SIMULATED,      /* simulated */
    TEE_E_SEAL_AUTH,      /* seal-auth */
    TEE_E_SEAL_FORMAT,    /* seal-format */
    TEE_E_SEAL_POLICY,    /* seal-policy */
    TEE_E_POSSESSION,     /* possession */
    TEE_E_COUNT
};

/* The stable word of an error ("malformed"); never NULL. */
const char *tee_err_name(enum tee_err err);

#define TEE_FAULT_TEXT 640

/* An error with its sentence: what, where, and what to do about it. */
struct tee_fault {
    enum tee_err err;
    char text[TEE_FAULT_TEXT]; /* UTF-8, one line, never secret */
};

/*
 * tee_fault(f, err, fmt, ...) fills f (NULL: nothing) and is err, so that
 * `return tee_fault(...)`.  A macro, since then static analysers see that what
 * is returned is an error; err is evaluated twice.
 */
#define tee_fault(f, err, ...)                                                 \
    (tee_fault_set((f), (err), __VA_ARGS__), (enum tee_err)(err))
void tee_fault_set(struct tee_fault *f, enum tee_err err, const char *fmt, ...)
    TEE_PRINTF(3, 4);
/* Puts "text: " before what f says already. */
void tee_fault_prefix(struct tee_fault *f, const char *fmt, ...)
    TEE_PRINTF(2, 3);

/* ---- buildid.c --------------------------------------------------------- */

/* The GNU build id (sha1) of the ELF object that this code was linked into:
 * the module, the helper, the command.  TEE_E_NOTFOUND when it has none. */
TEE_MUST_USE enum tee_err tee_build_id(uint8_t ret[20]);

/* ---- log.c, clock.c ---------------------------------------------------- */

enum tee_log_sink { TEE_LOG_NONE, TEE_LOG_STDERR, TEE_LOG_SYSLOG };

/* Process wide; the default is none. */
void tee_log_set(enum tee_log_sink sink);
/*
 * One event, one line; `syslog` is one datagram to /dev/log from our own
 * non-blocking socket, never syslog(3).  Never fails, never blocks, keeps
 * errno.  Never give it a secret.
 */
void tee_log(const char *fmt, ...) TEE_PRINTF(1, 2);

/* Replaceable in tests; both never fail. */
struct tee_clock {
    int64_t (*wall)(void);    /* seconds since the epoch */
    int64_t (*mono_ms)(void); /* milliseconds, monotonic */
};
extern struct tee_clock tee_clock;
/* "2026-01-01T00:00:00Z"; ret has room for 21 bytes. Fails outside 0..9999. */
TEE_MUST_USE enum tee_err tee_time_text(int64_t t, char ret[21]);
/* Exactly that form, also "+00:00" and a fraction (cut). */
TEE_MUST_USE enum tee_err tee_time_parse(const char *s, size_t n, int64_t *ret);

/* ---- bytes.c: bounded read cursor --------------------------------------- */

struct tee_bytes {
    const uint8_t *p;
    size_t len;
};
#define TEE_STR(s) ((struct tee_bytes){ (const uint8_t *)(s), sizeof(s) - 1 })
struct tee_bytes tee_bytes_of(const char *s); /* strlen */
/* Not constant time: for public values only. */
bool tee_bytes_equal(struct tee_bytes a, struct tee_bytes b);

/* The error sticks: read like the specification, check once at the end. */
struct tee_cur {
    const uint8_t *p; /* never NULL */
    size_t left;
    bool bad;
};
struct tee_cur tee_cur_of(struct tee_bytes b);
/* NULL, and bad, when fewer than n are left. */
const uint8_t *tee_cur_take(struct tee_cur *c, size_t n);
struct tee_bytes tee_cur_bytes(struct tee_cur *c, size_t n);
void tee_cur_copy(struct tee_cur *c, void *to, size_t n);
uint8_t tee_cur_u8(struct tee_cur *c);
uint16_t tee_cur_be16(struct tee_cur *c);
uint32_t tee_cur_be32(struct tee_cur *c);
uint64_t tee_cur_be64(struct tee_cur *c);
uint16_t tee_cur_le16(struct tee_cur *c);
uint32_t tee_cur_le32(struct tee_cur *c);
uint64_t tee_cur_le64(struct tee_cur *c);
struct tee_bytes tee_cur_lp16(struct tee_cur *c); /* u16be length || bytes */
/* TEE_E_TRUNCATED when bad, TEE_E_MALFORMED when bytes are left. */
TEE_MUST_USE enum tee_err tee_cur_end(const struct tee_cur *c);
/* Strict UTF-8: no overlong forms, surrogates, or values over U+10FFFF. */
bool tee_utf8(struct tee_bytes b);

/* ---- buf.c: growable buffer with a ceiling ------------------------------ */

/*
 * The error sticks here too: after a failed append `err` is set and later
 * appends do nothing.  Wiped on growth and on clear, so it may hold secrets
 * for short (but see struct tee_secret).
 */
struct tee_buf {
    uint8_t *p;
    size_t len, room, max;
    enum tee_err err;
};
void tee_buf_init(struct tee_buf *b, size_t max);
void tee_buf_clear(struct tee_buf *b); /* wipes, frees; init state remains */
void tee_buf_put(struct tee_buf *b, const void *p, size_t n);
void tee_buf_bytes(struct tee_buf *b, struct tee_bytes v);
void tee_buf_u8(struct tee_buf *b, uint8_t v);
void tee_buf_be16(struct tee_buf *b, uint16_t v);
void tee_buf_be32(struct tee_buf *b, uint32_t v);
void tee_buf_be64(struct tee_buf *b, uint64_t v);
void tee_buf_lp16(struct tee_buf *b, struct tee_bytes v); /* > 65535: err */
void tee_buf_text(struct tee_buf *b, const char *s);
void tee_buf_printf(struct tee_buf *b, const char *fmt, ...) TEE_PRINTF(2, 3);
struct tee_bytes tee_buf_view(const struct tee_buf *b);
/* NUL-terminates (not counted) and hands the memory to the caller, free(). */
TEE_MUST_USE enum tee_err tee_buf_steal(struct tee_buf *b, uint8_t **ret,
                                        size_t *len);

/* ---- secret.c: locked memory, the arena, the fork mark ------------------ */

/*
 * Own pages: mlock (failure is TEE_E_NOMEM unless `try`), MADV_DONTDUMP,
 * MADV_WIPEONFORK, zeroed before munmap.
 */
struct tee_secret {
    uint8_t *p;
    size_t len, maplen;
    bool locked;
};
TEE_MUST_USE enum tee_err tee_secret_new(size_t len, bool must_lock,
                                         struct tee_secret *ret);
void tee_secret_free(struct tee_secret *s);

#define TEE_SLOT 64
/*
 * Slots of 64 bytes in such pages; grows by pages up to max slots.  In a child
 * of fork an arena is dead: the kernel wiped the slots, tee_arena_take gives
 * TEE_E_FORKED, tee_arena_put does nothing, neither touches the lock, which
 * may have been held.  tee_arena_free is good there too.
 */
struct tee_arena;
TEE_MUST_USE enum tee_err tee_arena_new(size_t max, bool must_lock,
                                        struct tee_arena **ret);
void tee_arena_free(struct tee_arena *a); /* wipes every slot */
/* A zeroed slot. TEE_E_NOMEM at the ceiling or when memory can't be locked */
TEE_MUST_USE enum tee_err tee_arena_take(struct tee_arena *a, uint8_t **ret);
void tee_arena_put(struct tee_arena *a, uint8_t *slot); /* wipes; NULL ok */
bool tee_arena_locked(const struct tee_arena *a);

/* A page that reads zero in a child of fork: no system call to look. */
struct tee_forkmark {
    volatile uint8_t *page;
};
TEE_MUST_USE enum tee_err tee_forkmark_set(struct tee_forkmark *m);
/* set in this very process (false: never set, cleared, or forked since) */
bool tee_forkmark_here(const struct tee_forkmark *m);
void tee_forkmark_clear(struct tee_forkmark *m);

/* ---- kdf.c -------------------------------------------------------------- */

/* RFC 5869 over crypto_auth_hmacsha256; salt may be empty. len <= 8160. */
TEE_MUST_USE enum tee_err tee_hkdf_sha256(struct tee_bytes ikm,
                                          struct tee_bytes salt,
                                          struct tee_bytes info, uint8_t *ret,
                                          size_t len);
void tee_sha256(struct tee_bytes b, uint8_t ret[32]);

/* ---- enc.c: strict text encodings --------------------------------------- */

/* Lower-case only on input too; ret NUL-terminated. */
void tee_hex(struct tee_bytes b, char *ret /* 2n + 1 */);
TEE_MUST_USE enum tee_err tee_hex_decode(struct tee_bytes s, uint8_t *ret,
                                         size_t want /* exactly */);
/* Standard alphabet with padding; no white space, zero trailing bits. */
void tee_base64(struct tee_buf *b, struct tee_bytes v);
TEE_MUST_USE enum tee_err tee_base64_decode(struct tee_bytes s,
                                            struct tee_buf *ret);
/* URL alphabet without padding. */
void tee_base64url(struct tee_buf *b, struct tee_bytes v);
TEE_MUST_USE enum tee_err tee_base64url_decode(struct tee_bytes s,
                                               struct tee_buf *ret);
/* v as a JSON string with its quotes (RFC 8785 escapes); v must be UTF-8. */
void tee_json_string(struct tee_buf *b, struct tee_bytes v);
/* DER in PEM with this label ("PUBLIC KEY"); exactly one block. */
void tee_pem(struct tee_buf *b, const char *label, struct tee_bytes der);
TEE_MUST_USE enum tee_err tee_pem_decode(struct tee_bytes s, const char *label,
                                         struct tee_buf *ret);

/* ---- der.c: the little DER that key objects need --------------------------
 */

/* One TLV with exactly this tag; definite minimal length; view of the value.
 * c goes bad otherwise. */
struct tee_bytes tee_der_get(struct tee_cur *c, uint8_t tag);
uint8_t tee_der_peek(const struct tee_cur *c); /* tag; 0 at the end */
void tee_der_put(struct tee_buf *b, uint8_t tag, struct tee_bytes v);
/* INTEGER from unsigned big-endian bytes (leading zeros dropped). */
void tee_der_put_uint(struct tee_buf *b, struct tee_bytes be);

/* ---- file.c: trusted paths, atomic replacement --------------------------- */

/*
 * Who may own a file and its folders, besides root and the effective uid,
 * and which mode bits may be set on the last component.  The walk goes from
 * "/" (itself included) by openat with O_NOFOLLOW; every folder: same owners,
 * no write bit for group and others, except a sticky folder owned by root.
 * Folders on the way need not be readable.  Paths without "." and ".." only,
 * else TEE_E_ARG.
 */
struct tee_rule {
    bool has_user, has_group;
    uid_t user;   /* may own the file and folders on the way to it */
    gid_t group;  /* the last component may carry group bits in `allow` */
    mode_t allow; /* bits 0777 that may be set on the last component */
};
extern const struct tee_rule tee_rule_public;  /* 0755-ish: none may write */
extern const struct tee_rule tee_rule_private; /* 0700 */

/* A regular file with one link, opened read only; descriptor CLOEXEC.
 * TEE_E_NOTFOUND only for ENOENT and ENOTDIR. */
TEE_MUST_USE enum tee_err tee_file_open(const char *path,
                                        const struct tee_rule *rule, int *ret,
                                        struct tee_fault *f);
/* The same, read whole; TEE_E_TOOBIG over max. ret is initialised here. */
TEE_MUST_USE enum tee_err tee_file_read(const char *path,
                                        const struct tee_rule *rule, size_t max,
                                        struct tee_buf *ret,
                                        struct tee_fault *f);
/* A folder, opened O_PATH-free (O_RDONLY|O_DIRECTORY) after the same walk. */
TEE_MUST_USE enum tee_err tee_dir_open(const char *path,
                                       const struct tee_rule *rule, int *ret,
                                       struct tee_fault *f);
/* In a folder already open: same rules for the file alone. */
TEE_MUST_USE enum tee_err tee_file_openat(int dir, const char *name,
                                          const struct tee_rule *rule, int *ret,
                                          struct tee_fault *f);
TEE_MUST_USE enum tee_err tee_fd_read(int fd, size_t max, struct tee_buf *ret,
                                      struct tee_fault *f);
/* temp file, write, fsync, rename, fsync of the folder; the temporary name
 * is removed on failure.  When the last step alone fails, the new file is in
 * place all the same.  name: one plain name.  group: -1 or chown to it. */
TEE_MUST_USE enum tee_err tee_file_replace(int dir, const char *name,
                                           struct tee_bytes v, mode_t mode,
                                           gid_t group, struct tee_fault *f);
/* The same for an owner too; its time of modification is exact, not of the
 * kernel's last tick. */
struct tee_as {
    mode_t mode;
    uid_t user; /* -1: as created */
    gid_t group;
};
TEE_MUST_USE enum tee_err tee_file_replace_as(int dir, const char *name,
                                              struct tee_bytes v,
                                              const struct tee_as *as,
                                              struct tee_fault *f);

/* ---- ini.c: the grammar of the configuration ----------------------------- */

struct tee_ini_pair {
    const char *key, *value; /* into the tree's own copy */
    unsigned line;
};
struct tee_ini_section {
    const char *name;
    unsigned line; /* of "[name]" */
    size_t n;
    struct tee_ini_pair *pair;
    unsigned bad_line;             /* 0: good; else the first error inside it */
    char bad_text[TEE_FAULT_TEXT]; /* without FILE:LINE: [SECTION]: */
};
struct tee_ini {
    size_t n_top, n;
    struct tee_ini_pair *top; /* before the first section */
    struct tee_ini_section *section;
    char *text; /* owned; pairs point into it */
};
/*
 * Grammar of configuration.md section 2: lexical rules, duplicates of keys
 * and sections, limits.  Errors inside a section mark that section; an error
 * outside of one fails the whole with *line (0: no line) and f.
 */
TEE_MUST_USE enum tee_err tee_ini_parse(struct tee_bytes text,
                                        struct tee_ini **ret, unsigned *line,
                                        struct tee_fault *f);
void tee_ini_free(struct tee_ini *ini);
/* Value cut at 64 bytes and escaped, for messages. ret: 64 * 4 + 4 bytes. */
#define TEE_ESCAPED 260
void tee_escape(struct tee_bytes v, char ret[TEE_ESCAPED]);

/* ---- cbor.c: RFC 8949 section 4.2.1 deterministic, both ways ------------- */

void tee_cbor_uint(struct tee_buf *b, uint64_t v);
void tee_cbor_int(struct tee_buf *b, int64_t v);
void tee_cbor_bytes(struct tee_buf *b, struct tee_bytes v);
void tee_cbor_text(struct tee_buf *b, struct tee_bytes v); /* must be UTF-8 */
void tee_cbor_array(struct tee_buf *b, uint64_t n);
void tee_cbor_map(struct tee_buf *b, uint64_t n);
void tee_cbor_bool(struct tee_buf *b, bool v);
void tee_cbor_null(struct tee_buf *b);

/* Readers set c->bad on anything else: other type, long form of a short
 * value, indefinite length, tag, float, invalid UTF-8, length over the rest.
 * They return 0, false or an empty view then. */
uint64_t tee_cbor_get_uint(struct tee_cur *c);
int64_t tee_cbor_get_int(struct tee_cur *c);
struct tee_bytes tee_cbor_get_bytes(struct tee_cur *c);
struct tee_bytes tee_cbor_get_text(struct tee_cur *c);
uint64_t tee_cbor_get_array(struct tee_cur *c); /* count <= c->left */
uint64_t tee_cbor_get_map(struct tee_cur *c);
bool tee_cbor_get_bool(struct tee_cur *c);
/* Major type 0..7 of the next item without taking it; 255 at the end. */
uint8_t tee_cbor_peek(const struct tee_cur *c);
/* Keys of a map are unsigned and strictly ascending. */
struct tee_cbor_keys {
    uint64_t left, last;
    bool first;
};
struct tee_cbor_keys tee_cbor_open(struct tee_cur *c);
/* false at the end of the map (or when bad) */
bool tee_cbor_key(struct tee_cur *c, struct tee_cbor_keys *k, uint64_t *ret);
void tee_cbor_skip(struct tee_cur *c); /* one item, depth <= 8 */

/* ---- frame.c: messages between the module and daemon/ ------------------- */

/*
 * On the wire: u32be length || CBOR map { 0: protocol version 1, 1: type,
 * n: field ... } with fields of frame_fields, ascending.  One codec for the
 * socketpair and the service's socket.  A table says for each type which
 * fields must and may stand in it, of which kind and how long; anything else
 * is TEE_E_PEER on receipt and TEE_E_ARG on sending.
 */
#define TEE_FRAME_MAX ((size_t)4 << 20)

enum tee_frame_type {
    TEE_F_ERROR = 1, /* answer to anything: ERR, TEXT */
    TEE_F_HELLO,   /* first, from the client: CONF_PATH (private child), SECTION
                    */
    TEE_F_READY,   /* answer: PLATFORM, BUILD_ID of the answering program */
    TEE_F_UNSEAL,  /* WRAPPED, UUID, ROLE, ORIGIN, ROOT, STRETCHED? */
    TEE_F_TK,      /* answer: TK */
    TEE_F_WRAP,    /* TK, UUID, ROLE, ORIGIN, STRETCHED? */
    TEE_F_WRAPPED, /* answer: WRAPPED, ROOT */
    TEE_F_COLLECT, /* BINDING, DID?, CHALLENGE?, NONCE?, PUBLIC_KEY, KEY_TYPE,
                      ORIGIN, CREATED, BUILD_ID, CONFIG_SHA256, EPHEMERAL,
                      INPUT? */
    TEE_F_EVIDENCE, /* answer: STATEMENT, PLATFORM, EVIDENCE, ENDORSEMENTS,
                       REPORT_DATA */
    TEE_F_BUNDLE,   /* what COLLECT was asked and gave, with POP, SESSION_SIG?,
                       EXPORTER_USED?: PLATFORM, BINDING, DID?, CHALLENGE?,
                       NONCE?, INPUT?, PUBLIC_KEY, KEY_TYPE, STATEMENT, EVIDENCE,
                       ENDORSEMENTS, CREATED (now, not the key's). Stateless. */
    TEE_F_JSON,     /* answer: JSON */
    TEE_F_TYPES
};
enum tee_frame_field {
    TEE_FF_ERR = 2,       /* uint, enum tee_err */
    TEE_FF_TEXT,          /* text */
    TEE_FF_CONF_PATH,     /* text */
    TEE_FF_SECTION,       /* text */
    TEE_FF_PLATFORM,      /* text */
    TEE_FF_BUILD_ID,      /* bytes, 20 */
    TEE_FF_WRAPPED,       /* bytes */
    TEE_FF_UUID,          /* bytes, 16 */
    TEE_FF_ROLE,          /* uint: 1 user, 2 SO */
    TEE_FF_ORIGIN,        /* uint: 0 local, 1 skr, 2 tee_generated */
    TEE_FF_ROOT,          /* bytes: root parameters, opaque to the module */
    TEE_FF_STRETCHED,     /* bytes, 32: scrypt(PIN); absent: no PIN */
    TEE_FF_TK,            /* bytes, 32 */
    TEE_FF_BINDING,       /* text: "tee-v1" ... */
    TEE_FF_DID,           /* text */
    TEE_FF_CHALLENGE,     /* text */
    TEE_FF_NONCE,         /* text */
    TEE_FF_PUBLIC_KEY,    /* bytes: DER SubjectPublicKeyInfo */
    TEE_FF_KEY_TYPE,      /* text: word of the configuration */
    TEE_FF_CREATED,       /* uint: seconds since the epoch, of the key */
    TEE_FF_CONFIG_SHA256, /* bytes, 32 */
    TEE_FF_EPHEMERAL,     /* uint 0/1 */
    TEE_FF_INPUT,         /* bytes: binding input of am-*, tresor-spki, raw */
    TEE_FF_STATEMENT,     /* bytes: JCS */
    TEE_FF_EVIDENCE,      /* list of (text name, bytes blob), ascending */
    TEE_FF_ENDORSEMENTS,  /* list of (text "", bytes PEM) */
    TEE_FF_POP,           /* bytes */
    TEE_FF_SESSION_SIG,   /* bytes */
    TEE_FF_EXPORTER_USED, /* uint 0/1 */
    TEE_FF_JSON,          /* bytes */
    TEE_FF_REPORT_DATA,   /* bytes: the caller-controlled field, <= 64 */
    TEE_FF_END
};

#define TEE_BLOBS_MAX 16
struct tee_blob {
    struct tee_bytes name, data;
};
struct tee_blobs { /* in "bundle order": names strictly ascending */
    size_t n;
    struct tee_blob v[TEE_BLOBS_MAX];
};
struct tee_field {
    bool present;
    uint64_t num;           /* uint */
    struct tee_bytes bytes; /* bytes and text */
};
/* A message: views into `wire` after receipt, the caller's before sending. */
struct tee_msg {
    enum tee_frame_type type;
    struct tee_field field[TEE_FF_END];
    struct tee_blobs evidence;     /* of TEE_FF_EVIDENCE */
    struct tee_blobs endorsements; /* of TEE_FF_ENDORSEMENTS; names "" */
    struct tee_buf wire;
};
void tee_msg_init(struct tee_msg *m, enum tee_frame_type type);
void tee_msg_clear(struct tee_msg *m); /* wipes wire */
void tee_msg_num(struct tee_msg *m, enum tee_frame_field f, uint64_t v);
void tee_msg_bytes(struct tee_msg *m, enum tee_frame_field f,
                   struct tee_bytes v);
void tee_msg_blobs(struct tee_msg *m, enum tee_frame_field f,
                   const struct tee_blobs *v); /* the blobs are borrowed */
/* The codec alone; decode fills m from m->wire, or leaves it without fields. */
TEE_MUST_USE enum tee_err tee_msg_encode(struct tee_msg *m);
TEE_MUST_USE enum tee_err tee_msg_decode(struct tee_msg *m);
/*
 * Whole frames over a socket, MSG_NOSIGNAL, EINTR-safe; `until` is a
 * tee_clock.mono_ms() value. TEE_E_TIMEOUT, TEE_E_PEER (closed, ceiling,
 * malformed), TEE_E_IO.  After any error but TEE_E_ARG a part of a frame may
 * have passed: the socket is of no more use.
 */
TEE_MUST_USE enum tee_err tee_frame_send(int fd, struct tee_msg *m,
                                         int64_t until);
TEE_MUST_USE enum tee_err tee_frame_recv(int fd, int64_t until,
                                         struct tee_msg *m);

/* ---- proof.c: what the bound key signs (agent-identity, section 13) -------
 */

/* What names a key in statement and binding: SHA-256 of the 32 raw bytes of
 * an Ed25519 key, of the DER SubjectPublicKeyInfo for every other type. */
void tee_key_hash(struct tee_bytes spki, uint8_t ret[32]);
/* B, the AGT binding hash (agent-identity, section 3); TEE_E_ARG when one of
 * the three is empty or too long (DID, challenge 65535, nonce 1024 bytes). */
TEE_MUST_USE enum tee_err tee_binding_hash(struct tee_bytes did,
                                           struct tee_bytes challenge,
                                           struct tee_bytes nonce,
                                           const uint8_t key_hash[32],
                                           uint8_t ret[32]);
/* At most TEE_BLOBS_MAX, each with a name, names strictly ascending. */
bool tee_blobs_ascend(const struct tee_blobs *v);
/* E: over lp(name) || SHA-256(blob); TEE_E_ARG if they don't ascend. */
TEE_MUST_USE enum tee_err tee_evidence_digest(const struct tee_blobs *v,
                                              uint8_t ret[32]);
/* "tee-pkcs11/pop/v1" || lp(nonce) || E */
void tee_pop_message(struct tee_buf *b, struct tee_bytes nonce,
                     const uint8_t e[32]);
/* "tee-pkcs11/session/v1" || lp(did) || lp(challenge) || lp(nonce) || E ||
 * lp(exporter) */
void tee_session_message(struct tee_buf *b, struct tee_bytes did,
                         struct tee_bytes challenge, struct tee_bytes nonce,
                         const uint8_t e[32], struct tee_bytes exporter);

/* ---- part two: json.c (libbase2.la) -------------------------------------- */

struct cJSON;
/*
 * Strict: UTF-8, one value and nothing behind it, no duplicate member, no
 * NUL or unpaired surrogate in text, integers within +-(2^53-1), no number
 * that a double would change or lose, size <= max, depth <= 64, at most
 * TEE_JSON_NODES values.  Caller frees with cJSON_Delete.
 */
#define TEE_JSON_NODES 65536
TEE_MUST_USE enum tee_err tee_json_parse(struct tee_bytes text, size_t max,
                                         struct cJSON **ret,
                                         struct tee_fault *f);
/* RFC 8785: members in UTF-16 order, ECMAScript numbers.  Appends; what was
 * appended before an error stays. */
TEE_MUST_USE enum tee_err tee_json_canon(const struct cJSON *v,
                                         struct tee_buf *ret);

#endif
