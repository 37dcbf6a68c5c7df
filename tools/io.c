/* Files that the user names, and messages. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/cmd.h"

int
cmd_say(int code, const char *fmt, ...)
{
    char text[TEE_FAULT_TEXT * 2];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    (void)fflush(stdout);
    (void)fputs("tee-pkcs11: ", stderr);
    tree_text(stderr, text, true);
    (void)fputc('\n', stderr);
    return code;
}

static enum tee_err
io_fault(struct tee_fault *f, const char *path, const char *what)
{
    return tee_fault(f, errno == ENOENT ? TEE_E_NOTFOUND : TEE_E_IO,
                     "%s: %s: %s", path, what, strerror(errno));
}

enum tee_err
cmd_read(const char *path, size_t max, struct tee_buf *ret, struct tee_fault *f)
{
    bool in = strcmp(path, "-") == 0;
    enum tee_err err;
    int fd = STDIN_FILENO;

    if (!in)
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return io_fault(f, path, "open");
    err = tee_fd_read(fd, max, ret, f);
    if (err != TEE_OK)
        tee_fault_prefix(f, "%s", in ? "standard input" : path);
    if (!in)
        (void)close(fd);
    if (err == TEE_OK && ret->len == 0) {
        tee_buf_u8(ret, 0); /* an empty file is no NULL */
        ret->len = 0;
        err = ret->err;
    }
    return err;
}

static enum tee_err
write_out(struct tee_bytes v, struct tee_fault *f)
{
    if (fwrite(v.p, 1, v.len, stdout) != v.len || fflush(stdout) != 0)
        return io_fault(f, "standard output", "write");
    return TEE_OK;
}

/* Replacing a device or a link by a file is never what was meant. */
static enum tee_err
replaceable(int dir, const char *name, const char *path, struct tee_fault *f)
{
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? TEE_OK : io_fault(f, path, "stat");
    if (!S_ISREG(st.st_mode))
        return tee_fault(f, TEE_E_EXISTS,
                         "%s: exists and is not a regular file; \"-\" is "
                         "standard output",
                         path);
    return TEE_OK;
}

enum tee_err
cmd_write(const char *path, struct tee_bytes v, struct tee_fault *f)
{
    const char *slash = strrchr(path, '/'), *name = path;
    char *folder = NULL;
    enum tee_err err;
    int dir;

    if (strcmp(path, "-") == 0)
        return write_out(v, f);
    if (slash != NULL) {
        name = slash + 1;
        folder = strndup(path, (size_t)(slash - path) + 1);
        if (folder == NULL)
            return tee_fault(f, TEE_E_NOMEM, "no memory");
    }
    dir =
        open(folder != NULL ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) {
        err = io_fault(f, folder != NULL ? folder : ".", "open");
    } else {
        err = replaceable(dir, name, path, f);
        if (err == TEE_OK)
            err = tee_file_replace(dir, name, v, 0600, (gid_t)-1, f);
        (void)close(dir);
    }
    free(folder);
    return err;
}

int
cmd_flush(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    return cmd_say(CMD_FAILED, "standard output: write: %s", strerror(errno));
}

enum tee_err
cmd_time(const char *text, int64_t *ret, struct tee_fault *f)
{
    char *end;
    long long v;

    if (strcmp(text, "now") == 0) {
        *ret = tee_clock.wall();
        return TEE_OK;
    }
    if (tee_time_parse(text, strlen(text), ret) == TEE_OK)
        return TEE_OK;
    errno = 0;
    v = strtoll(text, &end, 10);
    if (errno == 0 && *end == '\0' && text[0] >= '0' && text[0] <= '9' &&
        v <= 253402300799LL) { /* the last second of year 9999 */
        *ret = v;
        return TEE_OK;
    }
    return tee_fault(f, TEE_E_ARG,
                     "\"%s\": not a time; write seconds since 1970 or "
                     "2026-01-31T12:00:00Z",
                     text);
}

enum tee_err
cmd_absolute(const char *path, char **ret, struct tee_fault *f)
{
    char *here;
    size_t n;

    if (path[0] == '/') {
        *ret = strdup(path);
        return *ret == NULL ? tee_fault(f, TEE_E_NOMEM, "no memory") : TEE_OK;
    }
    here = getcwd(NULL, 0);
    if (here == NULL)
        return io_fault(f, ".", "getcwd");
    n = strlen(here) + strlen(path) + 2;
    *ret = malloc(n);
    if (*ret != NULL)
        (void)snprintf(*ret, n, "%s/%s", strcmp(here, "/") == 0 ? "" : here,
                       path);
    free(here);
    return *ret == NULL ? tee_fault(f, TEE_E_NOMEM, "no memory") : TEE_OK;
}
