#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/daemon/rig.h"

const uint8_t rig_tk[32] = { 0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7,
                             0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf,
                             0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7,
                             0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe, 0xbf };
const uint8_t rig_uuid[16] = { 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
                               0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f };
const uint8_t rig_stretched[32] = { 0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66,
                                    0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d,
                                    0x6e, 0x6f, 0x70, 0x71, 0x72, 0x73, 0x74,
                                    0x75, 0x76, 0x77, 0x78, 0x79, 0x7a, 0x7b,
                                    0x7c, 0x7d, 0x7e, 0x7f };
static const uint8_t some_bytes[64] = { 1, 2, 3, 4, 5, 6, 7, 8 };

/* The public key of RFC 8032, test 1, as SubjectPublicKeyInfo. */
static const char spki_hex[] =
    "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325"
    "af021a68f707511a";

/* @ stands for the folder of the store. */
static const char conf_text[] =
    "log = none\n"
    "[sim]\nkey_origin = tee_generated\nplatform = simulated\n"
    "state = @\ndid = " RIG_DID "\n"
    "[other]\nkey_origin = tee_generated\nplatform = simulated\n"
    "state = @\n"
    "[hard]\nkey_origin = tee_generated\nplatform = amd-sev-snp\n"
    "state = @\n"
    "[azure]\nkey_origin = tee_generated\nplatform = azure-cvm-tdx\n"
    "state = @\n"
    "[tpm]\nkey_origin = tee_generated\nplatform = tpm2\nstate = @\n"
    "[auto]\nkey_origin = tee_generated\nstate = @\n"
    "[loc]\nkey_origin = local\nstate = @\n"
    "[unix]\nkey_origin = local\nvia = unix:/run/tee.sock\nstate = @\n"
    "[judged]\nkey_origin = tee_generated\nplatform = simulated\n"
    "state = @\nrequire = @/policy.json\n"
    "[skr]\nkey_origin = skr\nstate = @\npublic_key = @/k\n"
    "maa_url = https://example.attest.azure.net\n"
    "akv_key = https://example.managedhsm.azure.net/keys/agent\n"
    "[bad]\nkey_orgin = local\n";

/* With each @ filled in. */
static void
fill(FILE *fp, const char *text, const char *state)
{
    const char *p;

    for (p = text; *p != '\0'; p++) {
        if (*p == '@')
            (void)fputs(state, fp);
        else
            (void)fputc(*p, fp);
    }
}

static void
write_conf(const char *path, const char *state, const char *more)
{
    FILE *fp = fopen(path, "w");

    if (fp == NULL)
        abort();
    fill(fp, conf_text, state);
    fill(fp, more, state);
    if (fclose(fp) != 0 || chmod(path, 0644) != 0)
        abort();
}

void
rig_new(struct rig *r)
{
    rig_new_with(r, "");
}

void
rig_new_with(struct rig *r, const char *more)
{
    struct tee_fault f = { 0 };

    memset(r, 0, sizeof(*r));
    r->dir = test_dir();
    (void)snprintf(r->conf_path, sizeof(r->conf_path), "%s/tee.conf", r->dir);
    (void)snprintf(r->state, sizeof(r->state), "%s/state", r->dir);
    (void)snprintf(r->root, sizeof(r->root), "%s/simulated.root", r->state);
    write_conf(r->conf_path, r->state, more);
    if (mkdir(r->state, 0700) != 0)
        abort();
    if (ks_conf_load(r->conf_path, &r->conf, &f) != TEE_OK) {
        fprintf(stderr, "rig: %s\n", f.text);
        abort();
    }
}

void
rig_free(struct rig *r)
{
    ks_conf_free(r->conf);
    r->conf = NULL;
}

const struct ks_conf_token *
rig_section(const struct rig *r, const char *name)
{
    size_t i;

    for (i = 0; i < r->conf->n; i++) {
        if (strcmp(r->conf->token[i].name, name) == 0)
            return &r->conf->token[i];
    }
    abort();
}

struct ks_client *
rig_client(const struct rig *r, const char *name)
{
    struct ks_client *c = NULL;

    if (ks_client_new(r->conf, rig_section(r, name), &c) != TEE_OK)
        abort();
    return c;
}

int64_t
rig_soon(int ms)
{
    return tee_clock.mono_ms() + ms;
}

/* ---- questions --------------------------------------------------------------
 */

#define BYTES(a) ((struct tee_bytes){ (a), sizeof(a) })

void
rig_hello(struct tee_msg *m, const struct rig *r, const char *section)
{
    tee_msg_init(m, TEE_F_HELLO);
    tee_msg_bytes(m, TEE_FF_CONF_PATH, tee_bytes_of(r->conf_path));
    tee_msg_bytes(m, TEE_FF_SECTION, tee_bytes_of(section));
}

void
rig_wrap(struct tee_msg *m)
{
    tee_msg_init(m, TEE_F_WRAP);
    tee_msg_bytes(m, TEE_FF_TK, BYTES(rig_tk));
    tee_msg_bytes(m, TEE_FF_UUID, BYTES(rig_uuid));
    tee_msg_num(m, TEE_FF_ROLE, KS_USER);
    tee_msg_num(m, TEE_FF_ORIGIN, KS_TEE);
}

enum tee_err
rig_ask(struct ks_client *c, int ms, struct tee_fault *f)
{
    struct tee_msg *m = calloc(2, sizeof(*m)); /* threads ask at once */
    enum tee_err err;

    if (m == NULL)
        return TEE_E_NOMEM;
    rig_wrap(&m[0]);
    tee_msg_init(&m[1], TEE_F_WRAPPED);
    err = ks_client_call(c, &m[0], TEE_F_WRAPPED, &m[1], rig_soon(ms), f);
    tee_msg_clear(&m[0]);
    tee_msg_clear(&m[1]);
    free(m);
    return err;
}

void
rig_unseal(struct tee_msg *m, struct tee_bytes wrapped, struct tee_bytes root)
{
    tee_msg_init(m, TEE_F_UNSEAL);
    tee_msg_bytes(m, TEE_FF_WRAPPED, wrapped);
    tee_msg_bytes(m, TEE_FF_UUID, BYTES(rig_uuid));
    tee_msg_num(m, TEE_FF_ROLE, KS_USER);
    tee_msg_num(m, TEE_FF_ORIGIN, KS_TEE);
    tee_msg_bytes(m, TEE_FF_ROOT, root);
}

void
rig_collect(struct tee_msg *m, const struct ks_conf_token *t)
{
    static uint8_t spki[44];

    memcpy(spki, test_hex(spki_hex).p, sizeof(spki));
    tee_msg_init(m, TEE_F_COLLECT);
    tee_msg_bytes(m, TEE_FF_BINDING, TEE_STR("tee-v1"));
    tee_msg_bytes(m, TEE_FF_DID, TEE_STR(RIG_DID));
    tee_msg_bytes(m, TEE_FF_CHALLENGE, TEE_STR("challenge_123"));
    tee_msg_bytes(m, TEE_FF_NONCE, TEE_STR("nonce-abc"));
    tee_msg_bytes(m, TEE_FF_PUBLIC_KEY, BYTES(spki));
    tee_msg_bytes(m, TEE_FF_KEY_TYPE, TEE_STR("ed25519"));
    tee_msg_num(m, TEE_FF_ORIGIN, KS_TEE);
    tee_msg_num(m, TEE_FF_CREATED, 1767225600);
    tee_msg_bytes(m, TEE_FF_BUILD_ID, (struct tee_bytes){ some_bytes, 20 });
    tee_msg_bytes(m, TEE_FF_CONFIG_SHA256, BYTES(t->sha256));
    tee_msg_num(m, TEE_FF_EPHEMERAL, 0);
}

void
rig_bundle(struct tee_msg *m, const struct tee_msg *collect,
           const struct tee_msg *evidence)
{
    static const enum tee_frame_field same[] = {
        TEE_FF_BINDING,    TEE_FF_DID,      TEE_FF_CHALLENGE, TEE_FF_NONCE,
        TEE_FF_PUBLIC_KEY, TEE_FF_KEY_TYPE, TEE_FF_CREATED
    };
    size_t i;

    tee_msg_init(m, TEE_F_BUNDLE);
    for (i = 0; i < TEE_LEN(same); i++)
        m->field[same[i]] = collect->field[same[i]];
    m->field[TEE_FF_PLATFORM] = evidence->field[TEE_FF_PLATFORM];
    m->field[TEE_FF_STATEMENT] = evidence->field[TEE_FF_STATEMENT];
    tee_msg_blobs(m, TEE_FF_EVIDENCE, &evidence->evidence);
    tee_msg_blobs(m, TEE_FF_ENDORSEMENTS, &evidence->endorsements);
    tee_msg_bytes(m, TEE_FF_POP, BYTES(some_bytes));
}

bool
rig_seal(const struct rig *r, const char *section, struct rig_sealed *ret)
{
    struct ks_client *c = rig_client(r, section);
    static struct tee_msg q, a;
    struct tee_fault f = { 0 };
    enum tee_err err;

    rig_wrap(&q);
    tee_msg_init(&a, TEE_F_WRAPPED);
    err = ks_client_call(c, &q, TEE_F_WRAPPED, &a, rig_soon(10000), &f);
    if (err == TEE_OK) {
        ret->wrapped_len = a.field[TEE_FF_WRAPPED].bytes.len;
        ret->root_len = a.field[TEE_FF_ROOT].bytes.len;
        memcpy(ret->wrapped, a.field[TEE_FF_WRAPPED].bytes.p, ret->wrapped_len);
        memcpy(ret->root, a.field[TEE_FF_ROOT].bytes.p, ret->root_len);
    } else {
        printf("rig: %s\n", f.text);
    }
    tee_msg_clear(&q);
    tee_msg_clear(&a);
    ks_client_free(c);
    return err == TEE_OK;
}

struct tee_bytes
rig_wrapped(const struct rig_sealed *s)
{
    return (struct tee_bytes){ s->wrapped, s->wrapped_len };
}

struct tee_bytes
rig_params(const struct rig_sealed *s)
{
    return (struct tee_bytes){ s->root, s->root_len };
}

void
rig_wire(struct tee_buf *b, struct tee_msg *m)
{
    if (tee_msg_encode(m) != TEE_OK)
        abort();
    tee_buf_be32(b, (uint32_t)m->wire.len);
    tee_buf_bytes(b, tee_buf_view(&m->wire));
    tee_msg_clear(m);
}

/* ---- the child from outside
 * --------------------------------------------------
 */

bool
rig_proc(pid_t pid, const char *name, struct tee_buf *ret)
{
    char path[64];
    enum tee_err err;
    int fd;

    (void)snprintf(path, sizeof(path), "/proc/%ld/%s", (long)pid, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    err = tee_fd_read(fd, (size_t)1 << 20, ret, NULL);
    (void)close(fd);
    if (err != TEE_OK)
        return false;
    tee_buf_u8(ret, 0);
    if (ret->err == TEE_OK)
        ret->len--;
    return ret->err == TEE_OK;
}

/* proc(5): the name in parentheses may hold anything, so from its end. */
static bool
stat_line(pid_t pid, char *state, long *parent)
{
    struct tee_buf b;
    const char *p = NULL;

    *state = 0;
    tee_buf_init(&b, 4096);
    if (rig_proc(pid, "stat", &b) && b.len > 0)
        p = strrchr((const char *)b.p, ')');
    if (p != NULL && strlen(p) > 4) {
        *state = p[2];
        *parent = strtol(p + 4, NULL, 10);
    }
    tee_buf_clear(&b);
    return *state != 0;
}

char
rig_state(pid_t pid)
{
    char state;
    long parent;

    return stat_line(pid, &state, &parent) ? state : 0;
}

bool
rig_wait_state(pid_t pid, char state)
{
    struct timespec pause = { 0, 2000000 };
    int64_t until = rig_soon(5000);

    while (rig_state(pid) != state) {
        if (tee_clock.mono_ms() > until)
            return false;
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

bool
rig_signal(pid_t pid, int sig)
{
    return pid > 1 && kill(pid, sig) == 0;
}

pid_t
rig_child(void)
{
    DIR *d = opendir("/proc");
    struct dirent *e;
    pid_t found = -1;
    int n = 0;

    while (d != NULL && (e = readdir(d)) != NULL) {
        pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
        long parent = 0;
        char state;

        if (pid <= 0 || !stat_line(pid, &state, &parent) ||
            parent != (long)getpid() || state == 'Z')
            continue;
        found = pid;
        n++;
    }
    if (d != NULL)
        (void)closedir(d);
    return n == 1 ? found : -1;
}
