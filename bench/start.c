#include <fcntl.h>
#include <openssl/pem.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/signer.h"

#define ROUNDS 60

/* Whole processes, from posix_spawn to their end; each leaves its signature in
 * the file "signature", in the working folder. */
struct process {
    char program[512];
    char *argv[4];
};

static void
run_process(void *process)
{
    struct process *p = process;
    posix_spawn_file_actions_t fa;
    int status = -1;
    pid_t pid;

    if (posix_spawn_file_actions_init(&fa) != 0 ||
        posix_spawn_file_actions_addopen(
            &fa, 1, "signature", O_WRONLY | O_CREAT | O_TRUNC, 0600) != 0 ||
        posix_spawn(&pid, p->program, &fa, NULL, p->argv, environ) != 0 ||
        waitpid(pid, &status, 0) != pid || status != 0)
        bench_die("%s: ended with 0x%x", p->program, (unsigned)status);
    posix_spawn_file_actions_destroy(&fa);
}

static void
process(struct process *p, const struct bench *b, const char *name, char *arg)
{
    (void)snprintf(p->program, sizeof(p->program), "%s/%s", b->programs, name);
    p->argv[0] = p->program;
    p->argv[1] = arg;
}

static void
read_signature(struct signer *s)
{
    int fd = open("signature", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, s->sig, sizeof(s->sig));

    if (n != 64)
        bench_die("%s: no signature", s->name);
    close(fd);
    s->sig_len = (size_t)n;
}

/* The configuration with the one token, for those who are started. */
static void
one_token(void)
{
    char here[256], path[280];

    if (getcwd(here, sizeof(here)) == NULL)
        bench_die("getcwd");
    (void)snprintf(path, sizeof(path), "%s/start.conf", here);
    if (setenv("TEE_PKCS11_CONF", path, 1) != 0)
        bench_die("setenv");
}

/* The key of the bare program, new each time. */
static void
write_pem(struct signer *s)
{
    FILE *f = fopen("key.pem", "we");

    signer_openssl(s, BENCH_ED25519);
    if (f == NULL ||
        PEM_write_PrivateKey(f, s->own, NULL, NULL, 0, NULL, NULL) != 1 ||
        fclose(f) != 0)
        bench_die("key.pem");
}

void
bench_start(const struct bench *b)
{
    static struct bench_racer r[4];
    static struct process p[4];
    static char pem[] = "key.pem";
    struct bench_racer *const all[] = { &r[0], &r[1], &r[3], &r[2] };
    struct signer s[3] = { 0 };
    const unsigned n = BENCH_MODULES(b) + 1; /* of them leave a signature */

    one_token();
    signer_module(&s[0], b->ours, "sign", "ed", BENCH_ED25519);
    process(&p[0], b, "start-token", b->module);
    write_pem(&s[1]);
    process(&p[1], b, "start-openssl", pem);
    if (n == 3) {
        signer_module(&s[2], b->softhsm, "sign", "ed", BENCH_ED25519);
        process(&p[2], b, "start-token", b->softhsm_path);
    }
    process(&p[3], b, "start-sodium", NULL);
    for (unsigned i = 0; i < 4; i++)
        r[i] = (struct bench_racer){
            .run = run_process, .arg = &p[i], .samples = 1, .batch = 1
        };
    bench_race(all, n + 1, ROUNDS);
    for (unsigned i = 0; i < n; i++) {
        run_process(&p[i]);
        read_signature(&s[i]);
        signer_verify(&s[i]);
        signer_clear(&s[i]);
    }
    bench_row("start", "ours", bench_ratio(r[0].p50, r[1].p50, ROUNDS));
    bench_note("start", "%.2f ms; libcrypto %.2f; empty process %.2f",
               bench_median(r[0].p50, ROUNDS) / 1e6,
               bench_median(r[1].p50, ROUNDS) / 1e6,
               bench_median(r[3].p50, ROUNDS) / 1e6);
    if (n == 3)
        bench_row("start", "softhsm", bench_ratio(r[2].p50, r[1].p50, ROUNDS));
}
