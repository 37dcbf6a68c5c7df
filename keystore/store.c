/* The file of a token: state/SECTION.token, replaced under SECTION.lock. */
#include "config.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEE_KS_INTERNAL
#include "keystore/ks.h"

#define NAME_ROOM 64   /* a section has at most 32 bytes */
#define PATH_ROOM 1200 /* a value of the configuration at most 1024 */
#define POLL_MS   4

/* ---- names and rules --------------------------------------------------------
 */

static void
file_name(const struct ks_conf_token *conf, const char *end,
          char ret[NAME_ROOM])
{
    (void)snprintf(ret, NAME_ROOM, "%s.%s", conf->name, end);
}

/* configuration.md section 4: 0700 and 0600, with `group` 0750 and 0640. */
static struct tee_rule
rule_for(const struct ks_conf_token *conf, mode_t alone, mode_t shared)
{
    return (struct tee_rule){
        .has_user = conf->has_user,
        .has_group = conf->has_group,
        .user = conf->user,
        .group = conf->group,
        .allow = conf->has_group ? shared : alone,
    };
}

static enum tee_err
open_folder(const struct ks_conf_token *conf, int *ret, struct tee_fault *f)
{
    struct tee_rule rule = rule_for(conf, 0700, 0750);

    return tee_dir_open(conf->state, &rule, ret, f);
}

/* ---- looking ----------------------------------------------------------------
 */

static struct ks_stamp
stamp_of(const struct stat *st)
{
    return (struct ks_stamp){
        .there = true,
        .dev = st->st_dev,
        .ino = st->st_ino,
        .mtime = st->st_mtim,
        .ctime = st->st_ctim,
        .size = st->st_size,
    };
}

void
ks_store_stat(const struct ks_conf_token *conf, struct ks_stamp *ret)
{
    struct stat st;

    if (fstatat(AT_FDCWD, conf->file, &st, AT_SYMLINK_NOFOLLOW) == 0)
        *ret = stamp_of(&st);
    else
        *ret = (struct ks_stamp){ 0 };
}

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool
ks_stamp_equal(const struct ks_stamp *a, const struct ks_stamp *b)
{
    if (!a->there || !b->there)
        return a->there == b->there;
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           same_time(&a->mtime, &b->mtime) && same_time(&a->ctime, &b->ctime);
}

/* Of a folder that is still missing, the one above it would be written. */
bool
ks_store_writable(const struct ks_conf_token *conf)
{
    char path[PATH_ROOM];
    char *last;

    if (faccessat(AT_FDCWD, conf->state, W_OK | X_OK, AT_EACCESS) == 0)
        return true;
    if (errno != ENOENT)
        return false;
    (void)snprintf(path, sizeof(path), "%s", conf->state);
    last = strrchr(path, '/');
    if (last == NULL)
        return false;
    last[last == path ? 1 : 0] = '\0';
    return faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0;
}

/* ---- reading ----------------------------------------------------------------
 */

static enum tee_err
decode_file(int fd, enum ks_origin origin, struct ks_store **ret,
            struct tee_fault *f)
{
    struct ks_store *s = NULL;
    enum tee_err err;
    struct tee_buf b;

    err = tee_fd_read(fd, KS_STORE_MAX, &b, f);
    if (err == TEE_E_TOOBIG && f != NULL)
        f->err = TEE_E_MALFORMED;
    if (err != TEE_OK)
        return err == TEE_E_TOOBIG ? TEE_E_MALFORMED : err;
    err = ks_store_decode(tee_buf_view(&b), &s, f);
    tee_buf_clear(&b);
    if (err == TEE_OK && s->origin != origin) {
        err = tee_fault(f, TEE_E_MALFORMED,
                        "the store is of key_origin = %s, the configuration "
                        "says %s",
                        ks_origin_word(s->origin), ks_origin_word(origin));
        ks_store_put(s);
    }
    if (err == TEE_OK)
        *ret = s;
    return err;
}

/* In the folder that is open already; faults name the file. */
static enum tee_err
read_in(int dir, const struct ks_conf_token *conf, struct ks_store **ret,
        struct ks_stamp *stamp, struct tee_fault *f)
{
    struct tee_rule rule = rule_for(conf, 0600, 0640);
    char name[NAME_ROOM];
    struct stat st;
    enum tee_err err;
    int fd;

    file_name(conf, "token", name);
    err = tee_file_openat(dir, name, &rule, &fd, f);
    if (err != TEE_OK) {
        tee_fault_prefix(f, "%s", conf->state);
        return err;
    }
    if (fstat(fd, &st) != 0)
        err = tee_fault(f, TEE_E_IO, "fstat: %s", strerror(errno));
    if (err == TEE_OK)
        err = decode_file(fd, conf->origin, ret, f);
    if (err == TEE_OK)
        *stamp = stamp_of(&st);
    else
        tee_fault_prefix(f, "%s/%s", conf->state, name);
    (void)close(fd);
    return err;
}

enum tee_err
ks_store_read(const struct ks_conf_token *conf, struct ks_store **ret,
              struct ks_stamp *stamp, struct tee_fault *f)
{
    enum tee_err err;
    int dir;

    err = open_folder(conf, &dir, f);
    if (err != TEE_OK)
        return err;
    err = read_in(dir, conf, ret, stamp, f);
    (void)close(dir);
    return err;
}

/* ---- the folder
 * --------------------------------------------------------------
 */

static enum tee_err
sys_fault(const struct ks_conf_token *conf, const char *what,
          struct tee_fault *f)
{
    int e = errno;
    enum tee_err err = TEE_E_IO;

    if (e == EROFS || e == EACCES || e == EPERM)
        err = TEE_E_READONLY;
    return tee_fault(f, err, "%s: %s: %s", conf->state, what, strerror(e));
}

/* Opens the folder above `state` by the same walk; *last: the name below. */
static enum tee_err
open_parent(const struct ks_conf_token *conf, int *ret, const char **last,
            struct tee_fault *f)
{
    struct tee_rule any = rule_for(conf, 0777, 0777);
    char path[PATH_ROOM];
    enum tee_err err;
    struct stat st;
    char *slash;

    (void)snprintf(path, sizeof(path), "%s", conf->state);
    slash = strrchr(path, '/');
    if (slash == NULL || slash == path) /* "/x": every process has "/" */
        return tee_fault(f, TEE_E_NOTFOUND,
                         "%s: no such folder; \"mkdir -m 700 %s\"", conf->state,
                         conf->state);
    *last = conf->state + (slash + 1 - path);
    *slash = '\0';
    err = tee_dir_open(path, &any, ret, f);
    if (err == TEE_E_NOTFOUND)
        return tee_fault(f, err, "%s: no such folder; \"mkdir -p %s\"", path,
                         path);
    if (err != TEE_OK)
        return err;
    if (fstat(*ret, &st) != 0)
        err = sys_fault(conf, "fstat", f);
    else if ((st.st_mode & 022) != 0 &&
             (st.st_uid != 0 || (st.st_mode & S_ISVTX) == 0))
        err =
            tee_fault(f, TEE_E_TRUST, "%s: folder is writable by others", path);
    if (err != TEE_OK)
        (void)close(*ret);
    return err;
}

static enum tee_err
make_folder(const struct ks_conf_token *conf, struct tee_fault *f)
{
    const char *last = NULL;
    enum tee_err err;
    int above = -1;
    bool made;

    err = open_parent(conf, &above, &last, f);
    if (err != TEE_OK)
        return err;
    made = mkdirat(above, last, 0700) == 0;
    if ((!made && errno != EEXIST) ||
        /* over any umask; a link that took its place is somebody's trick */
        (made && fchmodat(above, last, 0700, AT_SYMLINK_NOFOLLOW) != 0) ||
        fsync(above) != 0)
        err = sys_fault(conf, "mkdir", f);
    (void)close(above);
    return err;
}

/* What a new folder still lacks; also after a death in between. */
static enum tee_err
share_folder(const struct ks_conf_token *conf, int dir, bool made,
             struct tee_fault *f)
{
    uid_t user =
        made && geteuid() == 0 && conf->has_user ? conf->user : (uid_t)-1;
    gid_t group = conf->has_group ? conf->group : (gid_t)-1;
    mode_t mode = conf->has_group ? 0750 : 0700;
    struct stat st;

    if (fstat(dir, &st) != 0)
        return sys_fault(conf, "fstat", f);
    if (!made && (!conf->has_group ||
                  (st.st_gid == group && (st.st_mode & 0777) == mode)))
        return TEE_OK;
    if (fchown(dir, user, group) != 0 || fchmod(dir, mode) != 0)
        return sys_fault(conf, "chown and chmod", f);
    return TEE_OK;
}

enum tee_err
ks_state_open(const struct ks_conf_token *conf, bool create, int *ret,
              struct tee_fault *f)
{
    enum tee_err err;
    bool made = false;

    err = open_folder(conf, ret, f);
    if (err == TEE_E_NOTFOUND && create) {
        err = make_folder(conf, f);
        made = err == TEE_OK;
        if (made)
            err = open_folder(conf, ret, f);
    }
    if (err != TEE_OK || !create)
        return err;
    err = share_folder(conf, *ret, made, f);
    if (err != TEE_OK)
        (void)close(*ret);
    return err;
}

/* ---- the lock
 * ----------------------------------------------------------------
 */

/* What root makes in somebody's folder belongs to that account, which could
 * not open it otherwise. */
uid_t
ks_state_owner(int dir)
{
    struct stat st;

    return geteuid() == 0 && fstat(dir, &st) == 0 && st.st_uid != 0 ? st.st_uid
                                                                    : (uid_t)-1;
}

static int
open_lock(int dir, const char *name)
{
    int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, fd;

    fd = openat(dir, name, flags);
    if (fd >= 0 || errno != ENOENT)
        return fd;
    fd = openat(dir, name, flags | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return errno == EEXIST ? openat(dir, name, flags) : -1;
    if (fchmod(fd, 0600) == 0 &&
        fchown(fd, ks_state_owner(dir), (gid_t)-1) == 0)
        return fd;
    (void)close(fd);
    return -1;
}

/*
 * OFD: the lock is the descriptor's, so other closes in the host do not drop
 * it.  Polled, since a blocking wait ends only by a signal, and signals are
 * the host's.
 */
static enum tee_err
wait_for_lock(const struct ks_conf_token *conf, int fd, int64_t until,
              struct tee_fault *f)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    long ms = 1;

    while (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR)
            return sys_fault(conf, "lock", f);
        if (tee_clock.mono_ms() >= until)
            return tee_fault(f, TEE_E_TIMEOUT,
                             "%s/%s.lock: another process holds it; the "
                             "deadline passed",
                             conf->state, conf->name);
        (void)nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000 }, NULL);
        ms = ms < POLL_MS ? ms * 2 : POLL_MS;
    }
    return TEE_OK;
}

/* A copy of the descriptor in a child of fork would keep the lock. */
static void
unlock(int fd)
{
    struct flock lock = { .l_type = F_UNLCK, .l_whence = SEEK_SET };

    (void)fcntl(fd, F_OFD_SETLK, &lock);
    (void)close(fd);
}

/* Is it the file that the name means now, and nobody else's? */
static enum tee_err
lock_ok(int dir, const struct ks_conf_token *conf, int fd, bool *same,
        struct tee_fault *f)
{
    struct tee_rule rule = rule_for(conf, 0600, 0640);
    char name[NAME_ROOM];
    struct stat a, b;
    enum tee_err err;
    int again;

    file_name(conf, "lock", name);
    err = tee_file_openat(dir, name, &rule, &again, f);
    if (err != TEE_OK) {
        *same = false;
        tee_fault_prefix(f, "%s", conf->state);
        return err == TEE_E_NOTFOUND ? TEE_OK : err;
    }
    if (fstat(fd, &a) != 0 || fstat(again, &b) != 0)
        err = sys_fault(conf, "fstat", f);
    else
        *same = a.st_dev == b.st_dev && a.st_ino == b.st_ino;
    (void)close(again);
    return err;
}

static enum tee_err
take_lock(int dir, const struct ks_conf_token *conf, int64_t until, int *ret,
          struct tee_fault *f)
{
    char name[NAME_ROOM];
    bool same = false;
    enum tee_err err;
    int fd;

    file_name(conf, "lock", name);
    if (faccessat(dir, ".", W_OK | X_OK, AT_EACCESS) != 0)
        return sys_fault(conf, "folder", f);
    do {
        fd = open_lock(dir, name);
        if (fd < 0)
            return sys_fault(conf, "lock file", f);
        err = wait_for_lock(conf, fd, until, f);
        if (err == TEE_OK)
            err = lock_ok(dir, conf, fd, &same, f);
        if (err == TEE_OK && same) {
            *ret = fd;
            return TEE_OK;
        }
        unlock(fd);
    } while (err == TEE_OK); /* somebody removed it meanwhile: the new one */
    return err;
}

/* ---- changing
 * ----------------------------------------------------------------
 */

/* ".SECTION.token." and eight hex digits: what tee_file_replace makes. */
static bool
is_leftover(const char *entry, const char *name)
{
    size_t n = strlen(name);

    return entry[0] == '.' && strncmp(entry + 1, name, n) == 0 &&
           entry[n + 1] == '.' && strlen(entry + n + 2) == 8 &&
           strspn(entry + n + 2, "0123456789abcdef") == 8;
}

/* Under the lock nobody else is writing, so such a file has no writer. */
static void
remove_leftovers(int dir, const char *name)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct dirent *entry;
    DIR *d;

    if (fd < 0)
        return; /* no space is lost but theirs */
    d = fdopendir(fd);
    if (d == NULL) {
        (void)close(fd);
        return;
    }
    while ((entry = readdir(d)) != NULL) {
        if (is_leftover(entry->d_name, name))
            (void)unlinkat(dir, entry->d_name, 0);
    }
    (void)closedir(d);
}

static enum tee_err
encode(const struct ks_store *s, const uint8_t *mac_key, struct tee_buf *b,
       struct tee_fault *f)
{
    enum tee_err err = ks_store_encode(s, mac_key, b);

    if (err == TEE_E_TOOBIG)
        return tee_fault(f, err, "the store would pass %zu bytes",
                         KS_STORE_MAX);
    return err;
}

/* Runs the callback on what is there now; what it leaves is encoded in *b.
 * *s is the caller's to put, whatever happened. */
static enum tee_err
run_change(const struct ks_change *change, struct ks_store **s,
           struct tee_buf *b, struct tee_fault *f)
{
    struct ks_store *old = *s;
    const uint8_t *mac_key = NULL;
    enum tee_err err;

    if (old != NULL)
        ks_store_get(old);
    err = change->change(s, &mac_key, change->arg, f);
    if (err == TEE_OK && *s == NULL)
        err = TEE_E_STATE;
    if (err == TEE_OK && *s == old && mac_key != NULL)
        err = ks_store_authentic(old, mac_key, f);
    if (err == TEE_OK)
        err = encode(*s, mac_key, b, f);
    ks_store_put(old);
    return err;
}

/* Nothing is written that a reader would refuse. */
static enum tee_err
prove(struct tee_bytes file, enum ks_origin origin, struct ks_store **ret,
      struct tee_fault *f)
{
    struct ks_store *s = NULL;
    enum tee_err err = ks_store_decode(file, &s, f);

    if (err == TEE_OK && s->origin != origin) {
        ks_store_put(s);
        err = tee_fault(f, TEE_E_MALFORMED, "a store of another origin");
    }
    if (err == TEE_OK)
        *ret = s;
    if (err != TEE_E_MALFORMED)
        return err;
    if (f != NULL)
        f->err = TEE_E_ARG;
    return TEE_E_ARG;
}

static enum tee_err
replace(int dir, const struct ks_conf_token *conf, struct tee_bytes file,
        struct ks_stamp *stamp, struct tee_fault *f)
{
    struct tee_as as = {
        .mode = conf->has_group ? 0640 : 0600,
        .user = ks_state_owner(dir),
        .group = conf->has_group ? conf->group : (gid_t)-1,
    };
    char name[NAME_ROOM];
    enum tee_err err;
    struct stat st;

    file_name(conf, "token", name);
    err = tee_file_replace_as(dir, name, file, &as, f);
    if (err != TEE_OK) {
        tee_fault_prefix(f, "%s", conf->state);
        return err;
    }
    /* It is written; without a stamp the next look reads it again. */
    *stamp = (struct ks_stamp){ 0 };
    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        *stamp = stamp_of(&st);
    return TEE_OK;
}

static enum tee_err
change_locked(int dir, const struct ks_conf_token *conf,
              const struct ks_change *change, struct ks_store **ret,
              struct ks_stamp *stamp, struct tee_fault *f)
{
    struct ks_store *s = NULL, *after = NULL;
    struct ks_stamp st;
    struct tee_buf b;
    enum tee_err err;

    tee_buf_init(&b, KS_STORE_MAX);
    err = read_in(dir, conf, &s, &st, f);
    if (err == TEE_E_NOTFOUND && change->create)
        err = TEE_OK;
    if (err == TEE_OK)
        err = run_change(change, &s, &b, f);
    if (err == TEE_OK)
        err = prove(tee_buf_view(&b), conf->origin, &after, f);
    if (err == TEE_OK)
        err = replace(dir, conf, tee_buf_view(&b), &st, f);
    if (err == TEE_OK) {
        *ret = after;
        *stamp = st;
        after = NULL; /* now the caller's */
    }
    ks_store_put(after);
    ks_store_put(s);
    tee_buf_clear(&b);
    return err;
}

enum tee_err
ks_store_change(const struct ks_conf_token *conf, int64_t until,
                const struct ks_change *change, struct ks_store **ret,
                struct ks_stamp *stamp, struct tee_fault *f)
{
    char name[NAME_ROOM];
    enum tee_err err;
    int dir, lock;

    err = ks_state_open(conf, change->create, &dir, f);
    if (err != TEE_OK)
        return err;
    err = take_lock(dir, conf, until, &lock, f);
    if (err == TEE_OK) {
        file_name(conf, "token", name);
        remove_leftovers(dir, name);
        err = change_locked(dir, conf, change, ret, stamp, f);
        unlock(lock);
    }
    (void)close(dir);
    return err;
}
