/*
 * The conversation, in this process: everything that can be said is written
 * to a socket first, then served, then what was answered is read.
 */
#include "config.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/td.h"
#include "tests/daemon/rig.h"
#include "tests/daemon/suites.h"

#define ANSWERS 8

/* What came back: answers in order, and how the conversation ended. */
struct heard {
    int status; /* of td_serve */
    size_t n;
    struct tee_msg a[ANSWERS];
};

static void
heard_clear(struct heard *h)
{
    while (h->n > 0)
        tee_msg_clear(&h->a[--h->n]);
}

/* Sends, ends the sending half, serves, and listens. */
static void
talk(struct tee_bytes said, struct heard *ret)
{
    int sp[2];

    memset(ret, 0, sizeof(*ret));
    CU_ASSERT_EQUAL_FATAL(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sp), 0);
    CU_ASSERT_EQUAL_FATAL(send(sp[0], said.p, said.len, MSG_DONTWAIT),
                          (ssize_t)said.len);
    CU_ASSERT_EQUAL(shutdown(sp[0], SHUT_WR), 0);
    ret->status = td_serve(sp[1], NULL);
    (void)close(sp[1]);
    while (ret->n < ANSWERS) {
        tee_msg_init(&ret->a[ret->n], TEE_F_ERROR);
        if (tee_frame_recv(sp[0], rig_soon(1000), &ret->a[ret->n]) != TEE_OK)
            break;
        ret->n++;
    }
    (void)close(sp[0]);
}

/* The question behind a good HELLO. */
static void
ask(const struct rig *r, const char *section, struct tee_msg *q,
    struct heard *ret)
{
    static struct tee_msg hello;
    struct tee_buf b;

    tee_buf_init(&b, TEE_FRAME_MAX);
    rig_hello(&hello, r, section);
    rig_wire(&b, &hello);
    rig_wire(&b, q);
    talk(tee_buf_view(&b), ret);
    tee_buf_clear(&b);
}

static enum tee_err
err_of(const struct heard *h, size_t i)
{
    if (i >= h->n)
        return TEE_E_TRUNCATED;
    return h->a[i].type == TEE_F_ERROR
               ? (enum tee_err)h->a[i].field[TEE_FF_ERR].num
               : TEE_OK;
}

static bool
says(const struct heard *h, size_t i, const char *what)
{
    struct tee_bytes t = h->a[i].field[TEE_FF_TEXT].bytes;
    bool yes = i < h->n && memmem(t.p, t.len, what, strlen(what)) != NULL;

    if (!yes && i < h->n)
        printf("    said: %.*s\n", (int)t.len, (const char *)t.p);
    return yes;
}

static void
test_hello_is_answered_with_platform_and_build(void)
{
    static struct tee_msg q;
    struct tee_buf b;
    static struct heard h;
    uint8_t id[20];
    struct rig r;

    rig_new(&r);
    tee_buf_init(&b, 8192);
    rig_hello(&q, &r, "sim");
    rig_wire(&b, &q);
    talk(tee_buf_view(&b), &h);
    CU_ASSERT_EQUAL(h.status, 0); /* the other end closed */
    CU_ASSERT_EQUAL_FATAL(h.n, 1);
    CU_ASSERT_EQUAL(h.a[0].type, TEE_F_READY);
    CU_ASSERT_TRUE(tee_bytes_equal(h.a[0].field[TEE_FF_PLATFORM].bytes,
                                   TEE_STR("simulated")));
    CU_ASSERT_EQUAL(tee_build_id(id), TEE_OK);
    CU_ASSERT_TRUE(tee_bytes_equal(h.a[0].field[TEE_FF_BUILD_ID].bytes,
                                   (struct tee_bytes){ id, 20 }));
    heard_clear(&h);
    tee_buf_clear(&b);
    rig_free(&r);
}

static void
test_silence_is_not_answered(void)
{
    static struct heard h;

    talk((struct tee_bytes){ (const uint8_t *)"", 0 }, &h);
    CU_ASSERT_EQUAL(h.status, 0);
    CU_ASSERT_EQUAL(h.n, 0);
}

/* ---- HELLO: the child trusts its parent's words as little as a file --------
 */

static const struct {
    const char *section;
    enum tee_err err;
    const char *says;
} no_hello[] = {
    { "nobody", TEE_E_NOTFOUND, "no section [nobody]" },
    { "si", TEE_E_NOTFOUND, "no section [si]" },
    { "bad", TEE_E_CONFIG, "[bad]: unknown key \"key_orgin\"" },
    { "unix", TEE_E_CONFIG, "via = unix:" },
};

static void
test_hello_for_a_section_that_it_cannot_serve_ends_it(void)
{
    struct rig r;
    size_t i;

    rig_new(&r);
    for (i = 0; i < TEE_LEN(no_hello); i++) {
        static struct tee_msg q;
        static struct heard h;

        rig_wrap(&q);
        ask(&r, no_hello[i].section, &q, &h);
        CU_ASSERT_EQUAL(h.status, 1);
        CU_ASSERT_EQUAL(h.n, 1); /* the WRAP behind it is not answered */
        CU_ASSERT_EQUAL(err_of(&h, 0), no_hello[i].err);
        CU_ASSERT_TRUE(says(&h, 0, no_hello[i].says));
        heard_clear(&h);
    }
    rig_free(&r);
}

static void
spoil_writable(const struct rig *r)
{
    (void)chmod(r->conf_path, 0666);
}

static void
spoil_folder(const struct rig *r)
{
    (void)chmod(r->dir, 0777);
}

static void
spoil_gone(const struct rig *r)
{
    (void)unlink(r->conf_path);
}

static void
spoil_link(const struct rig *r)
{
    char to[400];

    (void)snprintf(to, sizeof(to), "%s/elsewhere", r->dir);
    (void)rename(r->conf_path, to);
    CU_ASSERT_EQUAL(symlink(to, r->conf_path), 0);
}

static void
test_hello_repeats_the_checks_of_the_file(void)
{
    static void (*const spoil[])(const struct rig *) = {
        spoil_writable, spoil_folder, spoil_gone, spoil_link
    };
    size_t i;

    for (i = 0; i < TEE_LEN(spoil); i++) {
        static struct tee_msg q;
        static struct heard h;
        struct rig r;

        rig_new(&r);
        spoil[i](&r);
        rig_wrap(&q);
        ask(&r, "sim", &q, &h);
        CU_ASSERT_EQUAL(h.status, 1);
        CU_ASSERT_EQUAL(h.n, 1);
        CU_ASSERT_NOT_EQUAL(err_of(&h, 0), TEE_OK);
        CU_ASSERT_TRUE(says(&h, 0, r.dir));
        heard_clear(&h);
        (void)chmod(r.dir, 0700);
        rig_free(&r);
    }
}

static void
test_hello_names_one_absolute_path(void)
{
    static const uint8_t plain[] = "tee.conf", dots[] = "/tmp/../tee.conf";
    static const struct {
        struct tee_bytes path;
        enum tee_err err; /* TEE_OK: whatever the loader says */
    } row[] = {
        { { NULL, 0 }, TEE_E_PEER }, /* absent */
        { { plain, sizeof(plain) - 1 }, TEE_OK },
        { { dots, sizeof(dots) - 1 }, TEE_OK },
    };
    size_t i;

    for (i = 0; i < TEE_LEN(row); i++) {
        static struct tee_msg q;
        struct tee_buf b;
        static struct heard h;

        tee_buf_init(&b, 8192);
        tee_msg_init(&q, TEE_F_HELLO);
        tee_msg_bytes(&q, TEE_FF_SECTION, TEE_STR("sim"));
        if (row[i].path.p != NULL)
            tee_msg_bytes(&q, TEE_FF_CONF_PATH, row[i].path);
        rig_wire(&b, &q);
        talk(tee_buf_view(&b), &h);
        CU_ASSERT_EQUAL(h.status, 1);
        CU_ASSERT_EQUAL_FATAL(h.n, 1);
        CU_ASSERT_EQUAL(h.a[0].type, TEE_F_ERROR);
        if (row[i].err != TEE_OK)
            CU_ASSERT_EQUAL(err_of(&h, 0), row[i].err);
        heard_clear(&h);
        tee_buf_clear(&b);
    }
}

/* ---- order
 * --------------------------------------------------------------------
 */

static void
test_a_second_hello_ends_it(void)
{
    static struct tee_msg q;
    static struct heard h;
    struct rig r;

    rig_new(&r);
    rig_hello(&q, &r, "sim");
    ask(&r, "sim", &q, &h);
    CU_ASSERT_EQUAL(h.status, 1);
    CU_ASSERT_EQUAL(h.n, 2);
    CU_ASSERT_EQUAL(err_of(&h, 0), TEE_OK);
    CU_ASSERT_EQUAL(err_of(&h, 1), TEE_E_PEER);
    heard_clear(&h);
    rig_free(&r);
}

static void
test_hello_comes_first(void)
{
    static struct tee_msg q;
    struct tee_buf b;
    static struct heard h;
    struct rig r;

    rig_new(&r);
    tee_buf_init(&b, 8192);
    rig_wrap(&q);
    rig_wire(&b, &q);
    rig_hello(&q, &r, "sim");
    rig_wire(&b, &q);
    talk(tee_buf_view(&b), &h);
    CU_ASSERT_EQUAL(h.status, 1);
    CU_ASSERT_EQUAL(h.n, 1);
    CU_ASSERT_EQUAL(err_of(&h, 0), TEE_E_PEER);
    CU_ASSERT_NOT_EQUAL(access(r.root, F_OK), 0);
    heard_clear(&h);
    tee_buf_clear(&b);
    rig_free(&r);
}

static void
test_an_answer_is_no_question(void)
{
    static struct tee_msg q;
    static struct heard h;
    struct rig r;

    rig_new(&r);
    tee_msg_init(&q, TEE_F_TK);
    tee_msg_bytes(&q, TEE_FF_TK, (struct tee_bytes){ rig_tk, 32 });
    ask(&r, "sim", &q, &h);
    CU_ASSERT_EQUAL(h.status, 1);
    CU_ASSERT_EQUAL(h.n, 2);
    CU_ASSERT_EQUAL(err_of(&h, 1), TEE_E_PEER);
    heard_clear(&h);
    rig_free(&r);
}

static int64_t fake_now;

static int64_t
leaping(void)
{
    fake_now += TD_FRAME_MS + 1;
    return fake_now;
}

static void
test_half_a_frame_is_not_waited_for(void)
{
    int64_t (*real)(void) = tee_clock.mono_ms;
    static struct tee_msg m;
    int sp[2], status;

    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM, 0, sp), 0);
    CU_ASSERT_EQUAL(write(sp[0], "\0\0\1", 3), 3); /* and stays open */
    tee_clock.mono_ms = leaping;
    status = td_serve(sp[1], NULL);
    tee_clock.mono_ms = real;
    CU_ASSERT_EQUAL(status, 1);
    (void)close(sp[1]);
    tee_msg_init(&m, TEE_F_ERROR);
    CU_ASSERT_EQUAL(tee_frame_recv(sp[0], rig_soon(1000), &m), TEE_OK);
    CU_ASSERT_EQUAL(m.type, TEE_F_ERROR);
    CU_ASSERT_EQUAL(m.field[TEE_FF_ERR].num, TEE_E_PEER);
    tee_msg_clear(&m);
    (void)close(sp[0]);
}

/* ---- who is served
 * --------------------------------------------------------------
 */

static const struct {
    const char *section;
    uint64_t origin;
    enum tee_err err;
    const char *says;
} refused[] = {
    { "loc", KS_LOCAL, TEE_E_PROHIBITED, "local" },
    { "loc", KS_TEE, TEE_E_PROHIBITED, "local" },
    { "sim", KS_LOCAL, TEE_E_PROHIBITED, "local" },
    { "sim", KS_SKR, TEE_E_CONFIG, "key_origin = tee_generated" },
    { "skr", KS_SKR, TEE_E_UNSUPPORTED, "unsupported: key_origin = skr" },
    { "skr", KS_TEE, TEE_E_CONFIG, "key_origin = skr" },
    { "hard", KS_TEE, TEE_E_UNSUPPORTED, "unsupported: platform = amd-sev" },
    { "azure", KS_TEE, TEE_E_UNSUPPORTED, "built without azure" },
    { "tpm", KS_TEE, TEE_E_UNSUPPORTED, "built without tpm" },
    { "auto", KS_TEE, TEE_E_UNSUPPORTED, "unsupported: platform = auto" },
    { "judged", KS_TEE, TEE_E_UNSUPPORTED, "unsupported: require" },
};

static void
test_no_other_origin_or_platform_is_served(void)
{
    static const uint8_t some[72] = { 1 };
    struct rig r;
    size_t i;
    int type;

    rig_new(&r);
    for (i = 0; i < TEE_LEN(refused); i++) {
        for (type = 0; type < 3; type++) {
            static struct tee_msg q;
            static struct heard h;

            if (type == 0)
                rig_wrap(&q);
            else if (type == 1)
                rig_unseal(&q, (struct tee_bytes){ some, sizeof(some) },
                           TEE_STR("\xa0"));
            else
                rig_collect(&q, rig_section(&r, refused[i].section));
            tee_msg_num(&q, TEE_FF_ORIGIN, refused[i].origin);
            ask(&r, refused[i].section, &q, &h);
            CU_ASSERT_EQUAL(h.status, 0); /* refused, and it goes on */
            CU_ASSERT_EQUAL(h.n, 2);
            CU_ASSERT_EQUAL(err_of(&h, 1), refused[i].err);
            CU_ASSERT_TRUE(says(&h, 1, refused[i].says));
            heard_clear(&h);
        }
    }
    CU_ASSERT_NOT_EQUAL(access(r.root, F_OK), 0); /* nothing made a root */
    rig_free(&r);
}

/* ---- WRAP and UNSEAL
 * ------------------------------------------------------------
 */

static void
test_what_was_wrapped_is_unsealed(void)
{
    static struct rig_sealed s;
    static struct tee_msg q;
    static struct heard h;
    struct rig r;

    rig_new(&r);
    CU_ASSERT_TRUE_FATAL(rig_seal(&r, "sim", &s));
    CU_ASSERT_EQUAL(s.wrapped_len, TD_WRAPPED);
    rig_unseal(&q, rig_wrapped(&s), rig_params(&s));
    ask(&r, "sim", &q, &h);
    CU_ASSERT_EQUAL_FATAL(h.n, 2);
    CU_ASSERT_EQUAL_FATAL(h.a[1].type, TEE_F_TK);
    CU_ASSERT_TRUE(tee_bytes_equal(h.a[1].field[TEE_FF_TK].bytes,
                                   (struct tee_bytes){ rig_tk, 32 }));
    heard_clear(&h);
    rig_free(&r);
}

static void
test_a_wrong_pin_is_told_from_an_altered_store(void)
{
    static struct rig_sealed s;
    static struct tee_msg q;
    static struct heard h;
    struct rig r;

    rig_new(&r);
    CU_ASSERT_TRUE_FATAL(rig_seal(&r, "sim", &s));
    rig_unseal(&q, rig_wrapped(&s), rig_params(&s));
    tee_msg_bytes(&q, TEE_FF_STRETCHED,
                  (struct tee_bytes){ rig_stretched, 32 });
    ask(&r, "sim", &q, &h);
    CU_ASSERT_EQUAL(err_of(&h, 1), TEE_E_PIN);
    CU_ASSERT_EQUAL(h.status, 0); /* the next try is answered, too */
    heard_clear(&h);
    s.wrapped[40] ^= 1;
    rig_unseal(&q, rig_wrapped(&s), rig_params(&s));
    ask(&r, "sim", &q, &h);
    CU_ASSERT_EQUAL(err_of(&h, 1), TEE_E_SEAL_AUTH);
    heard_clear(&h);
    rig_free(&r);
}

static void
test_another_root_file_opens_nothing(void)
{
    static struct rig_sealed s, unused;
    static struct tee_msg q;
    static struct heard h;
    struct rig r;

    rig_new(&r);
    CU_ASSERT_TRUE_FATAL(rig_seal(&r, "sim", &s));
    CU_ASSERT_EQUAL(unlink(r.root), 0);
    rig_unseal(&q, rig_wrapped(&s), rig_params(&s));
    ask(&r, "sim", &q, &h);
    CU_ASSERT_EQUAL(err_of(&h, 1), TEE_E_UNAVAIL);
    CU_ASSERT_NOT_EQUAL(access(r.root, F_OK), 0);
    heard_clear(&h);
    CU_ASSERT_TRUE(rig_seal(&r, "sim", &unused));
    rig_unseal(&q, rig_wrapped(&s), rig_params(&s));
    ask(&r, "sim", &q, &h);
    CU_ASSERT_EQUAL(err_of(&h, 1), TEE_E_SEAL_AUTH);
    heard_clear(&h);
    rig_free(&r);
}

static void
test_a_root_of_another_platform_is_not_tried(void)
{
    static struct rig_sealed s;
    static struct tee_msg q;
    static struct heard h;
    struct rig r;

    rig_new(&r);
    CU_ASSERT_TRUE_FATAL(rig_seal(&r, "sim", &s));
    rig_unseal(&q, rig_wrapped(&s), TEE_STR("\xa1\x00\x64tpm2"));
    ask(&r, "sim", &q, &h);
    CU_ASSERT_EQUAL(err_of(&h, 1), TEE_E_SEAL_POLICY);
    CU_ASSERT_TRUE(says(&h, 1, "tpm2"));
    heard_clear(&h);
    rig_unseal(&q, rig_wrapped(&s), TEE_STR("\xa0"));
    ask(&r, "sim", &q, &h);
    CU_ASSERT_EQUAL(err_of(&h, 1), TEE_E_SEAL_FORMAT);
    heard_clear(&h);
    rig_free(&r);
}

/* ---- garbage
 * --------------------------------------------------------------------
 */

#define KINDS 4

/* A good conversation whose last frame begins at *ret. */
static void
good(struct rig *r, struct rig_sealed *s, unsigned kind, struct tee_buf *b,
     size_t *ret)
{
    static struct tee_msg q;

    tee_buf_clear(b);
    *ret = 0;
    rig_hello(&q, r, "sim");
    rig_wire(b, &q);
    if (kind == 0)
        return;
    *ret = b->len;
    if (kind == 1)
        rig_wrap(&q);
    else if (kind == 2)
        rig_unseal(&q, rig_wrapped(s), rig_params(s));
    else
        rig_collect(&q, rig_section(r, "sim"));
    rig_wire(b, &q);
}

static void
test_every_prefix_ends_it_without_a_secret(void)
{
    static struct rig_sealed s;
    struct tee_buf b;
    struct rig r;
    unsigned kind;
    size_t at, n;

    rig_new(&r);
    tee_buf_init(&b, 65536);
    CU_ASSERT_TRUE_FATAL(rig_seal(&r, "sim", &s));
    for (kind = 0; kind < KINDS; kind++) {
        good(&r, &s, kind, &b, &at);
        for (n = at + 1; n < b.len; n++) {
            static struct heard h;

            talk((struct tee_bytes){ b.p, n }, &h);
            CU_ASSERT_EQUAL(h.status, 1);
            CU_ASSERT_EQUAL(err_of(&h, kind == 0 ? 0 : 1), TEE_E_PEER);
            heard_clear(&h);
        }
    }
    tee_buf_clear(&b);
    rig_free(&r);
}

/* A flipped bit may give another good question about something else (another
 * nonce); what it must never give is the key, or a silent success. */
static void
test_no_flipped_bit_gets_a_key_out(void)
{
    static struct rig_sealed s;
    struct tee_buf b;
    static struct heard h;
    struct rig r;
    unsigned kind;
    size_t at, bit;

    rig_new(&r);
    tee_buf_init(&b, 65536);
    CU_ASSERT_TRUE_FATAL(rig_seal(&r, "sim", &s));
    for (kind = 0; kind < KINDS; kind++) {
        good(&r, &s, kind, &b, &at);
        for (bit = at * 8; bit < b.len * 8; bit++) {
            b.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
            talk(tee_buf_view(&b), &h);
            b.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
            CU_ASSERT_TRUE(h.n <= 2);
            if (kind == 2)
                CU_ASSERT_NOT_EQUAL(err_of(&h, 1), TEE_OK);
            if (h.n == 2)
                CU_ASSERT_NOT_EQUAL(h.a[1].type, TEE_F_TK);
            heard_clear(&h);
        }
    }
    tee_buf_clear(&b);
    rig_free(&r);
}

static void
test_a_lying_length_costs_nothing(void)
{
    static const char *const lies[] = { "00000000",    "00400001",
                                        "ffffffff",    "7fffffff",
                                        "00400000aa",  "00000001a0",
                                        "00000002a200" };
    struct rusage before, after;
    static struct heard h;
    size_t i;

    CU_ASSERT_EQUAL(getrusage(RUSAGE_SELF, &before), 0);
    for (i = 0; i < TEE_LEN(lies); i++) {
        talk(test_hex(lies[i]), &h);
        CU_ASSERT_EQUAL(h.status, 1);
        CU_ASSERT_EQUAL(err_of(&h, 0), TEE_E_PEER);
        heard_clear(&h);
    }
    CU_ASSERT_EQUAL(getrusage(RUSAGE_SELF, &after), 0);
    CU_ASSERT_TRUE(after.ru_maxrss - before.ru_maxrss < 2048); /* KiB */
}

static const struct test tests[] = {
    { "HELLO is answered with platform and build id",
      test_hello_is_answered_with_platform_and_build },
    { "silence is not answered", test_silence_is_not_answered },
    { "HELLO for a section that it cannot serve ends it",
      test_hello_for_a_section_that_it_cannot_serve_ends_it },
    { "HELLO repeats the checks of the file",
      test_hello_repeats_the_checks_of_the_file },
    { "HELLO names one path", test_hello_names_one_absolute_path },
    { "a second HELLO ends it", test_a_second_hello_ends_it },
    { "HELLO comes first", test_hello_comes_first },
    { "an answer is no question", test_an_answer_is_no_question },
    { "half a frame is not waited for", test_half_a_frame_is_not_waited_for },
    { "no other origin or platform is served",
      test_no_other_origin_or_platform_is_served },
    { "what was wrapped is unsealed", test_what_was_wrapped_is_unsealed },
    { "a wrong PIN is told from an altered store",
      test_a_wrong_pin_is_told_from_an_altered_store },
    { "another root file opens nothing", test_another_root_file_opens_nothing },
    { "a root of another platform is not tried",
      test_a_root_of_another_platform_is_not_tried },
    { "every prefix ends it without a secret",
      test_every_prefix_ends_it_without_a_secret },
    { "no flipped bit gets a key out", test_no_flipped_bit_gets_a_key_out },
    { "a lying length costs nothing", test_a_lying_length_costs_nothing },
    { NULL, NULL },
};
const struct suite suite_serve = { "serve", tests };
