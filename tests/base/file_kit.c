#include "config.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/base/file_kit.h"

const char *
file_at(const char *base, const char *name)
{
    static char *ring[64];
    static unsigned next;
    char **p = &ring[next++ % TEE_LEN(ring)];
    char *old = *p;

    if (asprintf(p, "%s/%s", base, name) < 0)
        abort();
    free(old);
    return *p;
}

const char *
file_make(const char *base, const char *name, const char *text, mode_t mode)
{
    const char *path = file_at(base, name);
    int fd;

    (void)unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
        fchmod(fd, mode) != 0)
        abort();
    (void)close(fd);
    return path;
}

const char *
file_folder(const char *base, const char *name, mode_t mode)
{
    const char *path = file_at(base, name);

    if (mkdir(path, 0700) != 0 || chmod(path, mode) != 0)
        abort();
    return path;
}

unsigned
file_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    while (d != NULL && readdir(d) != NULL)
        n++;
    if (d != NULL)
        (void)closedir(d);
    return n;
}

bool
file_need_root(void)
{
    if (geteuid() == 0)
        return true;
    test_skip("needs root");
    return false;
}
