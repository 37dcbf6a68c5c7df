/*
 * keystore/: configuration, store, PINs, keys and their three origins.
 *
 * Knows nothing of PKCS#11 but the numbers of object classes.  Used by
 * pkcs11/, daemon/ and tools/.
 *
 * Locks.  Each token has one mutex, inside; no function here calls back
 * into its caller, and none holds that mutex across a file, a frame or a
 * wait.  What other threads read is an immutable, counted snapshot.
 */
#ifndef TEE_KEYSTORE_KS_H
#define TEE_KEYSTORE_KS_H

#include "base/tee.h"

/* ---- key types ----------------------------------------------------------- */

enum ks_origin { KS_LOCAL = 0, KS_SKR = 1, KS_TEE = 2 };

enum ks_ktype {
    KS_NONE,
    KS_ED25519,
    KS_P256,
    KS_P384,
    KS_P521, /* signs only what exists: never released by a key service */
    KS_RSA2048,
    KS_RSA3072,
    KS_RSA4096,
    KS_MLDSA44,
    KS_MLDSA65,
    KS_MLDSA87,
    KS_KTYPES
};
struct ks_kinfo {
    const char *word;      /* of the configuration: "p256" */
    const char *statement; /* of the key statement: "ec-p256" */
    unsigned bits;         /* modulus or curve */
    size_t sig_len;        /* of every signature */
};
const struct ks_kinfo *ks_kinfo(enum ks_ktype t); /* never NULL */
/* The type of a DER SubjectPublicKeyInfo, KS_NONE if none of ours. */
enum ks_ktype ks_spki_type(struct tee_bytes spki);
#define KS_ED25519_SPKI 44
void ks_ed25519_spki(const uint8_t pk[32], uint8_t ret[KS_ED25519_SPKI]);

/* ---- conf.c: the configuration ------------------------------------------- */

enum ks_platform {
    KS_PLAT_AUTO,
    KS_PLAT_SNP,
    KS_PLAT_AZURE_SNP,
    KS_PLAT_AZURE_TDX,
    KS_PLAT_TDX,
    KS_PLAT_TPM2,
    KS_PLAT_NITRO,
    KS_PLAT_SIMULATED
};
enum ks_skr_mode { KS_SKR_OCT, KS_SKR_ENVELOPE, KS_SKR_DIRECT };
enum ks_measured {
    KS_MB_NONE,
    KS_MB_UKI,
    KS_MB_GRUB,
    KS_MB_DIRECT,
    KS_MB_IGVM
};

#define KS_IDS_MAX 64
struct ks_ids {
    size_t n;
    uint32_t v[KS_IDS_MAX];
};

/* One section. Strings are NULL where the key is absent and has no default. */
struct ks_conf_token {
    char name[33];
    unsigned line;        /* of "[name]" */
    unsigned bad_line;    /* 0: good */
    struct tee_fault bad; /* "FILE:LINE: [NAME]: text" */
    uint8_t sha256[32];   /* config_sha256 of the canonical form */
    char label[33];
    enum ks_origin origin;
    enum ks_ktype key_type;
    enum ks_platform platform;
    char *unix_path; /* via = unix:PATH; NULL: private child */
    bool key_in_service;
    char *state, *did, *public_key;
    char *file; /* of the store: STATE/NAME.token */
    char *maa_url, *akv_key;
    enum ks_skr_mode skr_mode;
    unsigned key_ttl, deadline;
    char *require, *refs, *roots, *enrolled;
    bool prefetch, pin, lock_required, ec_point_raw, verify_after_sign;
    enum ks_measured measured_boot;
    uint32_t pcrs; /* bit i: PCR i */
    int vmpl;      /* -1: the lowest that the driver permits */
    bool has_user, has_group;
    uid_t user;
    gid_t group;
    bool has_allow; /* either list was written */
    struct ks_ids allow_uid, allow_gid;
    char *helper; /* NULL: the compiled-in program */
    char *proxy, *ca_file, *tcti, *device_root, *imds_url;
    char *identity_client_id, *identity_tenant_id, *federated_token_file,
        *aci_context;
};
struct ks_conf {
    char *path; /* NULL: no configuration anywhere */
    enum tee_log_sink log;
    size_t n;
    struct ks_conf_token *token; /* in file order, bad ones included */
};
/*
 * named != NULL: that file, final.  NULL: the search of configuration.md
 * section 1.  No file anywhere: TEE_OK with path NULL and n 0 (then f->text
 * lists the places looked at).  A bad file: an error, f as the command
 * prints it; nothing falls through.
 */
TEE_MUST_USE enum tee_err ks_conf_load(const char *named, struct ks_conf **ret,
                                       struct tee_fault *f);
TEE_MUST_USE enum tee_err ks_conf_parse(const char *path, struct tee_bytes text,
                                        struct ks_conf **ret,
                                        struct tee_fault *f);
void ks_conf_free(struct ks_conf *c);
const char *ks_platform_word(enum ks_platform p);
const char *ks_origin_word(enum ks_origin o);
/* The file that the search selects or would make: place 3 for a user, 4 for
 * root. ret is malloc'ed. */
TEE_MUST_USE enum tee_err ks_conf_place(const char *named, char **ret,
                                        struct tee_fault *f);
/*
 * One row a key: drives the parser, tee-pkcs11.conf(5) and its check.  The
 * first five members are what a manual prints, the others how the parser
 * reads the value.
 */
struct ks_word {
    const char *word; /* NULL ends the list */
    int value;
};
enum ks_conf_kind {
    KS_CK_LOG,     /* word, before the sections */
    KS_CK_WORD,    /* one of words, into an enum */
    KS_CK_FLAG,    /* one of words, into a bool */
    KS_CK_NUMBER,  /* min..max */
    KS_CK_SECONDS, /* min..max, said to be seconds */
    KS_CK_PATH,
    KS_CK_ROOT, /* path, or "/" */
    KS_CK_LABEL,
    KS_CK_VIA,
    KS_CK_DID,
    KS_CK_HTTPS,
    KS_CK_AKV,
    KS_CK_PROXY,
    KS_CK_IMDS,
    KS_CK_TCTI,
    KS_CK_UUID,
    KS_CK_UID,
    KS_CK_GID,
    KS_CK_UIDS,
    KS_CK_GIDS,
    KS_CK_PCRS,
    KS_CK_KINDS
};
struct ks_conf_key {
    const char *name;
    const char *def;  /* text of the default, NULL: none */
    const char *use;  /* "LTS", "TS unix", "file", ... as in the table */
    const char *type; /* "word", "yes/no", "number 60-28800", "path", ... */
    const struct ks_word *words; /* word, yes/no: what is allowed */
    bool must;                   /* has to be written where `use` applies */
    bool quiet;                  /* its value is never repeated in a message */
    enum ks_conf_kind kind;
    unsigned min, max;
    size_t at; /* offset in struct ks_conf_token */
};
extern const struct ks_conf_key ks_conf_keys[];
extern const size_t ks_conf_keys_n;

/* ---- store.c: the folder in `state` ----------------------------------------
 */

/* Opened after the walk and with the rules of configuration.md section 4;
 * create: made first, for C_InitToken.  Also what lies beside the stores. */
TEE_MUST_USE enum tee_err ks_state_open(const struct ks_conf_token *conf,
                                        bool create, int *ret,
                                        struct tee_fault *f);
/* Whom a file that is made in there must belong to; -1: leave it. */
uid_t ks_state_owner(int dir);

/* ---- store.c: objects -----------------------------------------------------
 */

enum ks_class { KS_DATA = 0, KS_CERT = 1, KS_PUBLIC = 2, KS_PRIVATE = 3 };

/* Byte-string attributes kept with an object; numbers are CBOR keys. */
enum ks_attr {
    KS_A_LABEL, /* UTF-8 */
    KS_A_ID,
    KS_A_SUBJECT, /* DER name */
    KS_A_ISSUER,
    KS_A_SERIAL,      /* DER INTEGER */
    KS_A_APPLICATION, /* UTF-8 */
    KS_A_OBJECT_ID,   /* DER OID */
    KS_A_START,       /* CK_DATE, 8 bytes */
    KS_A_END,
    KS_A_VALUE, /* certificate, public data object */
    KS_A_URL,
    KS_A_COUNT
};
#define KS_O_PRIVATE           0x0001u /* only seen after login */
#define KS_O_MODIFIABLE        0x0002u
#define KS_O_DESTROYABLE       0x0004u
#define KS_O_COPYABLE          0x0008u
#define KS_O_LOCAL             0x0010u /* CKA_LOCAL: born here */
#define KS_O_ALWAYS_SENSITIVE  0x0020u
#define KS_O_NEVER_EXTRACTABLE 0x0040u
#define KS_O_SIGN              0x0080u
#define KS_O_VERIFY            0x0100u
#define KS_O_TRUSTED           0x0200u
#define KS_O_EPHEMERAL         0x0400u /* the private half lives in one process */

struct ks_object {
    uint8_t uuid[16];
    enum ks_class class;
    enum ks_ktype ktype; /* keys only */
    uint32_t flags;
    uint32_t category; /* certificates: CKA_CERTIFICATE_CATEGORY */
    int64_t created;   /* seconds since the epoch */
    struct tee_bytes attr[KS_A_COUNT]; /* p == NULL: absent */
    struct tee_bytes spki;             /* keys: DER */
    struct tee_bytes sealed; /* private key, or value of private data */
    uint8_t boot[16];        /* KS_O_EPHEMERAL: boot id, else zero */
};

#define KS_OBJECTS_MAX 1000
#define KS_OBJECT_MAX  ((size_t)1 << 20)

/* Evidence about one key, immutable and counted. */
struct ks_evidence {
    uint8_t key[16];  /* uuid of the private key object */
    uint8_t boot[16]; /* boot id; zero: not the once-per-boot evidence */
    int64_t time;
    struct tee_bytes platform, statement, report_data, pop;
    struct tee_blobs blobs, endorsements;
    struct tee_bytes bundle;                 /* JSON */
    uint8_t config_sha256[32], build_id[20]; /* that it was made with */
    struct ks_pool *own; /* counts, and owns what the views point at */
};
#define KS_EVIDENCE_TYPE "application/vnd.tee-pkcs11.evidence+json"
void ks_evidence_get(const struct ks_evidence *e); /* +1 */
void ks_evidence_put(const struct ks_evidence *e); /* NULL ok */

/* What a token's store says at one moment; immutable and counted. */
struct ks_snap {
    bool initialised;
    bool writable;         /* the store can be written by this process */
    bool logged_in[3];     /* by role: KS_USER, KS_SO (never without a PIN) */
    uint8_t uuid[16];      /* of the token; zero until the first init */
    bool user_pin, so_pin; /* a wrap for that role exists */
    unsigned user_tries, so_tries; /* left, of KS_TRIES */
    uint64_t generation;           /* differs after each reload */
    size_t n;
    const struct ks_object *const *object; /* stable order */
    size_t n_evidence;
    const struct ks_evidence *const *evidence; /* at most one a key */
};
#define KS_TRIES   10
#define KS_PIN_MIN 6
#define KS_PIN_MAX 64

/* ---- keystore.c: tokens ----------------------------------------------------
 */

enum ks_role { KS_USER = 1, KS_SO = 2 };

struct ks_token;
/* No file, device or network is touched. conf outlives the token. */
TEE_MUST_USE enum tee_err ks_token_new(const struct ks_conf *file,
                                       const struct ks_conf_token *conf,
                                       struct ks_token **ret);
/* Wipes; NULL ok.  Keys and operations of the token have been given back
 * before; snapshots may outlive it.  In a child of fork it closes the
 * descriptors that are ours and leaves the memory alone: another thread of the
 * parent may have been half-way through changing it. */
void ks_token_free(struct ks_token *t);
const struct ks_conf_token *ks_token_conf(const struct ks_token *t);
/* Can this build do anything private with this section: TEE_E_UNSUPPORTED,
 * "unsupported: ...".  The daemon asks the same. */
TEE_MUST_USE enum tee_err ks_conf_ready(const struct ks_conf_token *c,
                                        struct tee_fault *f);

/* One stat when nothing changed, else a reload.  Errors leave the old
 * snapshot in place and are what the next private operation answers. */
TEE_MUST_USE enum tee_err ks_token_refresh(struct ks_token *t,
                                           struct tee_fault *f);
const struct ks_snap *ks_snap_get(struct ks_token *t); /* +1; never NULL */
void ks_snap_put(const struct ks_snap *s);

/* Can this build serve the token as configured?  TEE_E_UNSUPPORTED, and what
 * it lacks.  Touches nothing. */
TEE_MUST_USE enum tee_err ks_token_ready(const struct ks_token *t,
                                         struct tee_fault *f);
/* tee_generated and skr: the last acquisition's or collection's error, kept
 * per process. TEE_OK: none. */
enum tee_err ks_token_last_error(struct ks_token *t, struct tee_fault *ret);
/* The word of the platform of the last evidence, "" if none. */
void ks_token_platform(struct ks_token *t, char ret[32]);
/* Sentences for `status`: pin-counter advisory, plain TK, ... one a line. */
void ks_token_warnings(struct ks_token *t, struct tee_buf *ret);
/* JSON for the data object tee-status and for `status --json`. */
TEE_MUST_USE enum tee_err ks_token_status_json(struct ks_token *t,
                                               struct tee_buf *ret);

/*
 * C_InitToken: makes or re-makes the store (keeps the UUID, destroys all
 * objects).  An initialised token with an SO wrap demands that PIN.  so may
 * be empty: no SO role.  user: the first user PIN, empty: none yet.
 */
TEE_MUST_USE enum tee_err ks_token_init(struct ks_token *t, struct tee_bytes so,
                                        struct tee_bytes user,
                                        struct tee_fault *f);
/*
 * No effect on a token without PIN (`pin = no`): TEE_OK whatever the PIN for
 * the user, TEE_E_PIN_TYPE for the SO.  A wrong PIN of any length costs a
 * try.  TEE_E_EXISTS: that role is in already; TEE_E_STATE: the other one is;
 * TEE_E_PIN_TYPE: this token has no such role (yet); TEE_E_READONLY: the try
 * could not be counted.
 */
TEE_MUST_USE enum tee_err ks_login(struct ks_token *t, enum ks_role role,
                                   struct tee_bytes pin, struct tee_fault *f);
void ks_logout(struct ks_token *t); /* wipes TK, closes keys */
TEE_MUST_USE enum tee_err ks_init_pin(struct ks_token *t, struct tee_bytes pin,
                                      struct tee_fault *f); /* SO is in */
TEE_MUST_USE enum tee_err ks_set_pin(struct ks_token *t, enum ks_role role,
                                     struct tee_bytes old_pin,
                                     struct tee_bytes new_pin,
                                     struct tee_fault *f);

/* Objects.  Each is one atomic replacement of the store under its lock. */
TEE_MUST_USE enum tee_err
ks_object_create(struct ks_token *t, const struct ks_object *o,
                 struct tee_bytes secret, uint8_t ret[16], struct tee_fault *f);
/* attr with p != NULL replaces, p == NULL leaves; flags: mask and value. */
TEE_MUST_USE enum tee_err ks_object_set(struct ks_token *t,
                                        const uint8_t uuid[16],
                                        const struct tee_bytes attr[KS_A_COUNT],
                                        uint32_t mask, uint32_t value,
                                        struct tee_fault *f);
TEE_MUST_USE enum tee_err ks_object_destroy(struct ks_token *t,
                                            const uint8_t uuid[16],
                                            struct tee_fault *f);
/* Both halves in one replacement; pub and priv carry the template's label,
 * id, flags; an absent label or id gets the default. */
TEE_MUST_USE enum tee_err ks_generate(struct ks_token *t, enum ks_ktype type,
                                      const struct ks_object *pub,
                                      const struct ks_object *priv,
                                      uint8_t ret_pub[16], uint8_t ret_priv[16],
                                      struct tee_fault *f);
/* Clear value of a private data object. */
TEE_MUST_USE enum tee_err ks_data_open(struct ks_token *t,
                                       const struct ks_object *o,
                                       struct tee_buf *ret,
                                       struct tee_fault *f);

/* ---- key.c: usable private keys, signing, verifying -------------------------
 */

enum ks_hash { KS_H_NONE, KS_SHA1, KS_SHA224, KS_SHA256, KS_SHA384, KS_SHA512 };
enum ks_scheme {
    KS_EDDSA,     /* pure; phflag, context as given */
    KS_ECDSA,     /* hash NONE: input is a digest */
    KS_RSA_PKCS1, /* hash NONE: input is a DigestInfo or any short text */
    KS_RSA_PSS,   /* hash NONE: input is a digest of pss_hash */
    KS_MLDSA
};
struct ks_mech {
    enum ks_scheme scheme;
    enum ks_hash hash;
    enum ks_hash pss_hash, pss_mgf;
    uint32_t pss_salt;
    bool prehash;        /* Ed25519ph */
    bool deterministic;  /* ML-DSA hedge */
    uint8_t context_len; /* EdDSA ctx, ML-DSA context */
    uint8_t context[255];
};

struct ks_key;
/*
 * A usable key, +1.  Opens, unseals or acquires at first need: may start
 * the private child and wait up to the token's deadline, so the caller holds
 * no lock.  Refusal TEE_E_POLICY_DENIED, TEE_E_KEY_EXPIRED,
 * TEE_E_NOT_TEE_BOUND; outage TEE_E_UNAVAIL, TEE_E_TIMEOUT, TEE_E_PEER, ...
 */
TEE_MUST_USE enum tee_err ks_key_open(struct ks_token *t,
                                      const struct ks_object *o,
                                      struct ks_key **ret, struct tee_fault *f);
/* Memory only (CKA_TOKEN = FALSE): secret is a seed or PKCS#8; empty:
 * generate.  spki is filled. */
TEE_MUST_USE enum tee_err ks_key_new(struct ks_token *t, enum ks_ktype type,
                                     struct tee_bytes secret,
                                     struct tee_buf *spki, struct ks_key **ret,
                                     struct tee_fault *f);
void ks_key_put(struct ks_key *k); /* NULL ok */

/* One operation, embedded in a session; no allocation for one-shot Ed25519. */
#define KS_MESSAGE_MAX ((size_t)16 << 20)
struct tee_plugin;
struct ks_op {
    const struct ks_alg *alg;    /* NULL: not started */
    struct ks_key *key;          /* signing: counted */
    const struct tee_plugin *by; /* whose pub, stream and check are */
    void *pub;          /* verifying other than Ed25519: the plug-in's key */
    void *stream;       /* the running operation */
    void *check;        /* verify_after_sign: the check that runs along */
    struct tee_buf msg; /* collected parts */
    struct ks_mech mech;
    enum ks_ktype type;
    uint8_t raw_pub[32]; /* verifying Ed25519 */
    bool verify, multipart;
};
/* Takes its own reference of k, given back by ks_op_clear. */
TEE_MUST_USE enum tee_err ks_sign_init(struct ks_op *op, struct ks_key *k,
                                       const struct ks_mech *m);
TEE_MUST_USE enum tee_err ks_verify_init(struct ks_op *op, enum ks_ktype type,
                                         struct tee_bytes spki,
                                         const struct ks_mech *m);
TEE_MUST_USE enum tee_err ks_op_update(struct ks_op *op, struct tee_bytes part);
/* sig has room for ks_kinfo()->sig_len bytes. Final forms take no message. */
TEE_MUST_USE enum tee_err ks_op_sign(struct ks_op *op, struct tee_bytes msg,
                                     uint8_t *sig, size_t *len);
TEE_MUST_USE enum tee_err ks_op_sign_final(struct ks_op *op, uint8_t *sig,
                                           size_t *len);
TEE_MUST_USE enum tee_err ks_op_verify(struct ks_op *op, struct tee_bytes msg,
                                       struct tee_bytes sig);
TEE_MUST_USE enum tee_err ks_op_verify_final(struct ks_op *op,
                                             struct tee_bytes sig);
void ks_op_clear(struct ks_op *op); /* any state, also all zero */
/* Which mechanisms can work here (plug-in and libcrypto permitting). */
bool ks_mech_possible(enum ks_ktype type, const struct ks_mech *m);

/* From the parts of a C_CreateObject template, big-endian unsigned. */
struct ks_parts {
    struct tee_bytes n, e, d, p, q, dp, dq, qi; /* RSA */
    struct tee_bytes ec_d;                      /* EC; type says the curve */
    struct tee_bytes ec_point;                  /* uncompressed, no DER */
};
TEE_MUST_USE enum tee_err ks_parts_private(enum ks_ktype type,
                                           const struct ks_parts *p,
                                           struct tee_buf *pkcs8);
TEE_MUST_USE enum tee_err ks_parts_public(enum ks_ktype type,
                                          const struct ks_parts *p,
                                          struct tee_buf *spki);

/* ---- evidence ---------------------------------------------------------------
 */

struct ks_evreq {
    struct tee_bytes binding; /* "tee-v1", "agt-v1", "session" */
    struct tee_bytes did, challenge, nonce;
    struct tee_bytes exporter; /* session: 32 bytes or empty */
    struct tee_bytes input;
};
/*
 * Collects once, fresh; never cached.  Empty: not given; an empty binding is
 * tee-v1, an empty DID that of the configuration.
 *   TEE_E_PROHIBITED   the key is KS_LOCAL: never fabricated
 *   TEE_E_NOTFOUND     DID, challenge or nonce neither given nor configured
 *                      (CKR_TEMPLATE_INCOMPLETE)
 *   TEE_E_ARG          not UTF-8, a NUL, nonce over 1024 bytes, exporter not
 *                      32 bytes, a DID other than the configured one, input or
 *                      exporter with a binding that has none
 *                      (CKR_ATTRIBUTE_VALUE_INVALID)
 *   TEE_E_UNSUPPORTED  a binding type that this version does not make
 *   TEE_E_LOGIN        a PIN token that nobody logged in to
 */
TEE_MUST_USE enum tee_err ks_evidence_collect(struct ks_token *t,
                                              const struct ks_object *key,
                                              const struct ks_evreq *req,
                                              const struct ks_evidence **ret,
                                              struct tee_fault *f);

/* Known answers through libsodium: Ed25519, and what the store is sealed with;
 * TEE_E_SELFTEST. */
TEE_MUST_USE enum tee_err ks_selftest(void);
/* sodium_init and whatever else is once a process. */
TEE_MUST_USE enum tee_err ks_init(void);

/*
 * What only this folder's files (and the unit tests) see stands in
 * keystore/internal declarations, below.
 */
#ifdef TEE_KS_INTERNAL
#include "keystore/ks_internal.h"
#endif

#endif
