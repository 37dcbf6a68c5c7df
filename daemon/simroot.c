/*
 * The root of platform `simulated`: 32 random bytes in a file beside the
 * store.  It appears under its name whole or not at all, and never replaces
 * another: a second root would make every key sealed to the first one lost.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/td.h"

#define ROOT_LEN 32

/* 0600 always, whatever group may read the store. */
static struct tee_rule
rule_of(const struct ks_conf_token *t)
{
    return (struct tee_rule){ .has_user = t->has_user,
                              .user = t->user,
                              .allow = 0600 };
}

static bool
read_exactly(int fd, uint8_t *p, size_t n)
{
    size_t done = 0;
    ssize_t k;

    while (done < n) {
        k = read(fd, p + done, n - done);
        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        done += (size_t)k;
    }
    return true;
}

static enum tee_err
read_root(int dir, const struct ks_conf_token *t, struct tee_secret *ret,
          struct tee_fault *f)
{
    struct tee_rule rule = rule_of(t);
    struct tee_secret s = { 0 };
    struct stat st;
    enum tee_err err;
    int fd;

    err = tee_file_openat(dir, TD_SIM_FILE, &rule, &fd, f);
    if (err != TEE_OK)
        return err;
    err = tee_secret_new(ROOT_LEN, t->lock_required, &s);
    if (err != TEE_OK)
        err = tee_fault(f, err, TD_SIM_FILE ": no memory that can be locked");
    else if (fstat(fd, &st) != 0 || st.st_size != ROOT_LEN)
        err = tee_fault(f, TEE_E_TRUST, TD_SIM_FILE ": must be %d bytes",
                        ROOT_LEN);
    else if (!read_exactly(fd, s.p, ROOT_LEN))
        err = tee_fault(f, TEE_E_IO, TD_SIM_FILE ": cannot be read");
    (void)close(fd);
    if (err == TEE_OK)
        *ret = s;
    else
        tee_secret_free(&s);
    return err;
}

static bool
fill(int fd, int dir, const uint8_t root[ROOT_LEN])
{
    return fchown(fd, ks_state_owner(dir), (gid_t)-1) == 0 &&
           write(fd, root, ROOT_LEN) == ROOT_LEN && fsync(fd) == 0;
}

/*
 * Exclusive either way.  A file system that cannot rename without replacing
 * (NFS) can link: for a moment the file has two names there, and a reader
 * refuses it.
 */
static bool
give_name(int dir, const char *tmp)
{
    if (renameat2(dir, tmp, dir, TD_SIM_FILE, RENAME_NOREPLACE) == 0)
        return true;
    return (errno == EINVAL || errno == ENOSYS) &&
           linkat(dir, tmp, dir, TD_SIM_FILE, 0) == 0 &&
           unlinkat(dir, tmp, 0) == 0;
}

/* TEE_E_EXISTS: somebody else was faster. */
static enum tee_err
publish(int dir, const char *tmp, struct tee_fault *f)
{
    if (!give_name(dir, tmp)) {
        if (errno == EEXIST)
            return TEE_E_EXISTS;
        return tee_fault(f, TEE_E_IO, TD_SIM_FILE ": cannot be made: %s",
                         strerrordesc_np(errno));
    }
    if (fsync(dir) != 0)
        return tee_fault(f, TEE_E_IO, TD_SIM_FILE ": fsync of its folder: %s",
                         strerrordesc_np(errno));
    return TEE_OK;
}

static enum tee_err
make_file(int dir, const uint8_t root[ROOT_LEN], struct tee_fault *f)
{
    char tmp[sizeof("." TD_SIM_FILE ".01234567")];
    enum tee_err err;
    bool ok;
    int fd;

    (void)snprintf(tmp, sizeof(tmp), "." TD_SIM_FILE ".%08x",
                   randombytes_random());
    fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                0600);
    if (fd < 0)
        return tee_fault(f, errno == EROFS ? TEE_E_READONLY : TEE_E_IO,
                         TD_SIM_FILE ": cannot be made: %s",
                         strerrordesc_np(errno));
    ok = fill(fd, dir, root);
    if (close(fd) != 0)
        ok = false;
    err = ok ? publish(dir, tmp, f)
             : tee_fault(f, TEE_E_IO, TD_SIM_FILE ": cannot be written: %s",
                         strerrordesc_np(errno));
    if (err != TEE_OK)
        (void)unlinkat(dir, tmp, 0);
    return err;
}

static enum tee_err
make_root(int dir, const struct ks_conf_token *t, struct tee_fault *f)
{
    struct tee_secret s = { 0 };
    enum tee_err err = tee_secret_new(ROOT_LEN, t->lock_required, &s);

    if (err != TEE_OK)
        return tee_fault(f, err, TD_SIM_FILE ": no memory that can be locked");
    randombytes_buf(s.p, ROOT_LEN);
    err = make_file(dir, s.p, f);
    tee_secret_free(&s);
    return err == TEE_E_EXISTS ? TEE_OK : err;
}

enum tee_err
td_sim_root(const struct ks_conf_token *t, bool create, struct tee_secret *ret,
            struct tee_fault *f)
{
    enum tee_err err;
    int dir;

    err = ks_state_open(t, create, &dir, f);
    if (err != TEE_OK)
        return err == TEE_E_NOTFOUND ? TEE_E_UNAVAIL : err;
    err = read_root(dir, t, ret, f);
    if (err == TEE_E_NOTFOUND && create) {
        err = make_root(dir, t, f);
        if (err == TEE_OK)
            err = read_root(dir, t, ret, f);
    }
    if (err == TEE_E_NOTFOUND)
        err = tee_fault(f, TEE_E_UNAVAIL,
                        TD_SIM_FILE
                        ": missing; what was sealed to it stays closed: bring "
                        "it back from a copy, or initialise the token again");
    if (err != TEE_OK)
        tee_fault_prefix(f, "%s", t->state);
    (void)close(dir);
    return err;
}
