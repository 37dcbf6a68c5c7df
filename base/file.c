#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/tee.h"

const struct tee_rule tee_rule_public = { .allow = 0755 };
const struct tee_rule tee_rule_private = { .allow = 0700 };

#define NAME_ROOM 256

static enum tee_err
sys_fault(struct tee_fault *f, const char *path, const char *what)
{
    int e = errno;
    enum tee_err err = TEE_E_IO;

    if (e == ENOENT || e == ENOTDIR)
        err = TEE_E_NOTFOUND;
    else if (e == ELOOP)
        return tee_fault(f, TEE_E_TRUST,
                         "%s: is a symbolic link, or lies behind one; name "
                         "the place itself",
                         path);
    else if (e == EROFS)
        err = TEE_E_READONLY;
    return tee_fault(f, err, "%s: %s: %s", path, what, strerror(e));
}

static bool
owner_ok(uid_t owner, const struct tee_rule *rule)
{
    return owner == 0 || owner == geteuid() ||
           (rule->has_user && owner == rule->user);
}

static enum tee_err
owner_fault(struct tee_fault *f, const char *path, uid_t owner)
{
    return tee_fault(f, TEE_E_TRUST,
                     "%s: owned by uid %lu; must be root or "
                     "uid %lu",
                     path, (unsigned long)owner, (unsigned long)geteuid());
}

/* A folder on the way: who could replace what lies below it? */
static enum tee_err
folder_ok(const struct stat *st, const char *path, const struct tee_rule *rule,
          struct tee_fault *f)
{
    bool sticky_root = st->st_uid == 0 && (st->st_mode & S_ISVTX) != 0;

    if (!owner_ok(st->st_uid, rule))
        return owner_fault(f, path, st->st_uid);
    if ((st->st_mode & 022) != 0 && !sticky_root)
        return tee_fault(f, TEE_E_TRUST, "%s: folder is writable by others",
                         path);
    return TEE_OK;
}

/* The last component: owner, and only the mode bits that the rule allows. */
static enum tee_err
mode_ok(const struct stat *st, const char *path, const struct tee_rule *rule,
        struct tee_fault *f)
{
    unsigned mode = st->st_mode & 0777, over = mode & ~(unsigned)rule->allow;
    const char *who;

    if (!owner_ok(st->st_uid, rule))
        return owner_fault(f, path, st->st_uid);
    if ((mode & 070) != 0 && (rule->allow & 07) == 0 &&
        (!rule->has_group || st->st_gid != rule->group))
        over |= mode & 070;
    if (over == 0)
        return TEE_OK;
    who = (over & 07) != 0 ? "others" : "group";
    return tee_fault(f, TEE_E_TRUST,
                     "%s: %s may %s (mode %04o); \"chmod %03o "
                     "%s\"",
                     path, who, (over & 022) != 0 ? "write" : "read", mode,
                     mode & (unsigned)rule->allow & ~over, path);
}

/* openat on a link with O_DIRECTORY says ENOTDIR; say what it really is. */
static enum tee_err
open_fault(int dir, const char *name, const char *path, struct tee_fault *f)
{
    int saved = errno;
    struct stat st;

    if (saved == ENOTDIR && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISLNK(st.st_mode))
        saved = ELOOP;
    errno = saved;
    return sys_fault(f, path, "open");
}

/* n bytes that can only name an entry of the folder at hand. */
static bool
plain_name(const char *s, size_t n)
{
    bool dots =
        (n == 1 && s[0] == '.') || (n == 2 && s[0] == '.' && s[1] == '.');

    return n > 0 && !dots && memchr(s, '/', n) == NULL;
}

static bool
plain_path(const char *path)
{
    const char *end;

    do {
        if (*path++ != '/')
            return false;
        end = strchrnul(path, '/');
        if (!plain_name(path, (size_t)(end - path)))
            return false;
        path = end;
    } while (*path != '\0');
    return true;
}

/*
 * One folder deeper: *dir is closed and replaced (-1: the first step, to
 * "/").  sofar: the path so far.  O_PATH: to go through a folder takes no
 * permission to list it (a home of mode 0711, seen by another account).
 */
static enum tee_err
step(int *dir, const char *name, const char *sofar, const struct tee_rule *rule,
     struct tee_fault *f)
{
    struct stat st;
    int next;

    next = openat(*dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (next < 0)
        return open_fault(*dir, name, sofar, f);
    if (*dir >= 0)
        (void)close(*dir);
    *dir = next;
    if (fstat(next, &st) != 0)
        return sys_fault(f, sofar, "fstat");
    return folder_ok(&st, sofar, rule, f);
}

/* Opens the folder that holds the last component; *last points into path. */
static enum tee_err
walk(const char *path, const struct tee_rule *rule, int *ret, const char **last,
     struct tee_fault *f)
{
    char *copy, *name, *end;
    enum tee_err err;
    int fd = -1;

    if (!plain_path(path))
        return tee_fault(f, TEE_E_ARG,
                         "%s: must be an absolute path without \".\" or \"..\"",
                         path);
    copy = strdup(path);
    if (copy == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    err = step(&fd, "/", "/", rule, f);
    for (name = copy + 1; err == TEE_OK; name = end + 1) {
        end = strchr(name, '/');
        if (end == NULL)
            break;
        *end = '\0'; /* copy is now the path so far */
        err = step(&fd, name, copy, rule, f);
        *end = '/';
    }
    if (err == TEE_OK) {
        *last = path + (name - copy);
        *ret = fd;
        fd = -1; /* now the caller's */
    }
    if (fd >= 0)
        (void)close(fd);
    free(copy);
    return err;
}

static enum tee_err
open_checked(int dir, const char *name, const char *path,
             const struct tee_rule *rule, bool folder, int *ret,
             struct tee_fault *f)
{
    int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, fd;
    struct stat st;
    enum tee_err err;

    fd = openat(dir, name, flags | (folder ? O_DIRECTORY : 0));
    if (fd < 0)
        return open_fault(dir, name, path, f);
    if (fstat(fd, &st) != 0) {
        err = sys_fault(f, path, "fstat");
        goto out;
    }
    err = TEE_OK;
    if (!folder && !S_ISREG(st.st_mode))
        err = tee_fault(f, TEE_E_TRUST, "%s: not a regular file", path);
    else if (!folder && st.st_nlink > 1) /* 0: replaced since we opened it */
        err = tee_fault(f, TEE_E_TRUST, "%s: has %lu links; must have one",
                        path, (unsigned long)st.st_nlink);
    if (err == TEE_OK)
        err = mode_ok(&st, path, rule, f);
    if (err != TEE_OK)
        goto out;
    *ret = fd;
    return TEE_OK;
out:
    (void)close(fd);
    return err;
}

static enum tee_err
open_path(const char *path, const struct tee_rule *rule, bool folder, int *ret,
          struct tee_fault *f)
{
    const char *last = NULL;
    enum tee_err err;
    int dir = -1;

    err = walk(path, rule, &dir, &last, f);
    if (err != TEE_OK)
        return err;
    err = open_checked(dir, last, path, rule, folder, ret, f);
    (void)close(dir);
    return err;
}

enum tee_err
tee_file_open(const char *path, const struct tee_rule *rule, int *ret,
              struct tee_fault *f)
{
    return open_path(path, rule, false, ret, f);
}

enum tee_err
tee_dir_open(const char *path, const struct tee_rule *rule, int *ret,
             struct tee_fault *f)
{
    return open_path(path, rule, true, ret, f);
}

enum tee_err
tee_file_openat(int dir, const char *name, const struct tee_rule *rule,
                int *ret, struct tee_fault *f)
{
    if (!plain_name(name, strlen(name)))
        return tee_fault(f, TEE_E_ARG, "%s: not a plain name", name);
    return open_checked(dir, name, name, rule, false, ret, f);
}

enum tee_err
tee_fd_read(int fd, size_t max, struct tee_buf *ret, struct tee_fault *f)
{
    uint8_t piece[2048];
    enum tee_err err;
    ssize_t n;

    tee_buf_init(ret, max);
    do {
        n = read(fd, piece, sizeof(piece));
        if (n > 0)
            tee_buf_put(ret, piece, (size_t)n);
    } while ((n > 0 && ret->err == TEE_OK) || (n < 0 && errno == EINTR));
    err = n < 0 ? TEE_E_IO : ret->err;
    if (err == TEE_E_IO)
        (void)tee_fault(f, err, "read: %s", strerror(errno));
    else if (err == TEE_E_TOOBIG)
        (void)tee_fault(f, err, "larger than %zu bytes", max);
    else if (err != TEE_OK)
        (void)tee_fault(f, err, "no memory");
    sodium_memzero(piece, sizeof(piece));
    if (err != TEE_OK)
        tee_buf_clear(ret);
    return err;
}

enum tee_err
tee_file_read(const char *path, const struct tee_rule *rule, size_t max,
              struct tee_buf *ret, struct tee_fault *f)
{
    enum tee_err err;
    int fd;

    tee_buf_init(ret, max);
    err = tee_file_open(path, rule, &fd, f);
    if (err != TEE_OK)
        return err;
    err = tee_fd_read(fd, max, ret, f);
    if (err != TEE_OK)
        tee_fault_prefix(f, "%s", path);
    (void)close(fd);
    return err;
}

static bool
write_all(int fd, struct tee_bytes v)
{
    ssize_t n;

    while (v.len > 0) {
        n = write(fd, v.p, v.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        v.p += n;
        v.len -= (size_t)n;
    }
    return true;
}

/*
 * The kernel's own times are of its last tick, so that two replacements in
 * one tick could look alike to who compares stamps: hence the exact time.
 */
static bool
set_time(int fd)
{
    struct timespec t[2] = { { .tv_nsec = UTIME_OMIT } };

    return clock_gettime(CLOCK_REALTIME, &t[1]) == 0 && futimens(fd, t) == 0;
}

static bool
fill(int fd, struct tee_bytes v, const struct tee_as *as)
{
    if ((as->user != (uid_t)-1 || as->group != (gid_t)-1) &&
        fchown(fd, as->user, as->group) != 0)
        return false;
    return fchmod(fd, as->mode) == 0 && write_all(fd, v) && set_time(fd) &&
           fsync(fd) == 0;
}

enum tee_err
tee_file_replace(int dir, const char *name, struct tee_bytes v, mode_t mode,
                 gid_t group, struct tee_fault *f)
{
    struct tee_as as = { .mode = mode, .user = (uid_t)-1, .group = group };

    return tee_file_replace_as(dir, name, v, &as, f);
}

enum tee_err
tee_file_replace_as(int dir, const char *name, struct tee_bytes v,
                    const struct tee_as *as, struct tee_fault *f)
{
    char tmp[NAME_ROOM];
    enum tee_err err;
    int fd, why;

    if (!plain_name(name, strlen(name)))
        return tee_fault(f, TEE_E_ARG, "%s: not a plain name", name);
    if ((size_t)snprintf(tmp, sizeof(tmp), ".%s.%08x", name,
                         randombytes_random()) >= sizeof(tmp))
        return tee_fault(f, TEE_E_ARG, "%s: name too long", name);
    fd = openat(dir, tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                0600);
    if (fd < 0)
        return sys_fault(f, tmp, "create");
    why = fill(fd, v, as) ? 0 : errno;
    if (close(fd) != 0 && why == 0)
        why = errno;
    if (why == 0 && renameat(dir, tmp, dir, name) != 0)
        why = errno;
    if (why != 0) {
        errno = why;
        err = sys_fault(f, name, "write");
        (void)unlinkat(dir, tmp, 0);
        return err;
    }
    if (fsync(dir) != 0)
        return sys_fault(f, name, "fsync of its folder");
    return TEE_OK;
}
