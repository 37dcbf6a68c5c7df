/* init: what was made, so that a failure leaves nothing of it. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/cmd.h"

enum tee_err
init_undo_add(struct init_undo *u, const char *path, struct tee_fault *f)
{
    if (u->n == INIT_MADE_MAX)
        return tee_fault(f, TEE_E_TOOBIG, "%s: too many folders to make", path);
    u->path[u->n] = strdup(path);
    if (u->path[u->n] == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    u->n++;
    return TEE_OK;
}

void
init_undo_keep(struct init_undo *u)
{
    while (u->n > 0)
        free(u->path[--u->n]);
}

/* A folder that somebody else uses by now is not empty, and stays. */
void
init_undo_run(struct init_undo *u)
{
    while (u->n > 0) {
        if (unlink(u->path[u->n - 1]) != 0)
            (void)rmdir(u->path[u->n - 1]);
        free(u->path[--u->n]);
    }
}

/* One folder; *made when it was not there. */
static enum tee_err
make_one(const char *path, mode_t mode, struct init_undo *u,
         struct tee_fault *f)
{
    struct stat st;

    if (mkdir(path, 0700) != 0) {
        if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
            return TEE_OK;
        return tee_fault(f, TEE_E_IO, "%s: mkdir: %s", path, strerror(errno));
    }
    /* mkdir's mode is cut by the umask */
    if (chmod(path, mode) != 0) {
        (void)rmdir(path);
        return tee_fault(f, TEE_E_IO, "%s: chmod: %s", path, strerror(errno));
    }
    return init_undo_add(u, path, f);
}

enum tee_err
init_mkdir(const char *path, mode_t mode, struct init_undo *u,
           struct tee_fault *f)
{
    enum tee_err err = TEE_OK;
    char *copy, *slash;

    copy = strdup(path);
    if (copy == NULL)
        return tee_fault(f, TEE_E_NOMEM, "no memory");
    slash = copy;
    while (err == TEE_OK && slash != NULL) {
        slash = strchr(slash + 1, '/');
        if (slash != NULL)
            *slash = '\0';
        err = make_one(copy, mode, u, f);
        if (slash != NULL)
            *slash = '/';
    }
    free(copy);
    return err;
}
