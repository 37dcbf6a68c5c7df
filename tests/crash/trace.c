#include "config.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/crash/trace.h"

#define NOT_TRACED 77 /* exit status of a child that may not be traced */
#define NOT_READY  78

/* Around run(): the one call that nothing in run() makes. */
#define MARK SYS_getppid

static const long file_calls[] = {
    SYS_openat,     SYS_mkdirat,   SYS_fstat,      SYS_newfstatat,
    SYS_statx,      SYS_fchown,    SYS_fchownat,   SYS_fchmod,
    SYS_fchmodat,   SYS_fcntl,     SYS_read,       SYS_pread64,
    SYS_write,      SYS_pwrite64,  SYS_writev,     SYS_fsync,
    SYS_fdatasync,  SYS_renameat,  SYS_renameat2,  SYS_unlinkat,
    SYS_close,      SYS_linkat,    SYS_getdents64, SYS_utimensat,
    SYS_faccessat,  SYS_ftruncate, SYS_symlinkat,  SYS_lseek,
#ifdef SYS_faccessat2
    SYS_faccessat2,
#endif
#ifdef SYS_open
    SYS_open,       SYS_rename,    SYS_unlink,     SYS_mkdir,
    SYS_stat,       SYS_lstat,     SYS_access,     SYS_creat,
    SYS_link,       SYS_rmdir,     SYS_chmod,      SYS_chown,
    SYS_getdents,
#endif
};

static bool
is_file_call(uint64_t nr)
{
    size_t i;

    for (i = 0; i < sizeof(file_calls) / sizeof(file_calls[0]); i++) {
        if ((uint64_t)file_calls[i] == nr)
            return true;
    }
    return false;
}

/* ---- the child ----------------------------------------------------------- */

static _Noreturn void
child(const struct trace *t)
{
    int status;

    if (t->prepare(t->arg) != 0)
        _exit(NOT_READY);
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(NOT_TRACED);
    (void)raise(SIGSTOP);
    (void)syscall(MARK);
    status = t->run(t->arg);
    (void)syscall(MARK);
    _exit(status);
}

/* ---- the parent ---------------------------------------------------------- */

struct view {
    pid_t pid;
    uint64_t nr; /* of the call that was entered last */
    bool inside; /* between the marks */
    bool failing;
};

#if defined(__x86_64__)
bool
trace_can_fail(void)
{
    return true;
}

/* On entry the call becomes none (-1), on exit it answers -err. */
static void
set_call(pid_t pid, bool entry, int err)
{
    size_t at = entry ? offsetof(struct user_regs_struct, orig_rax)
                      : offsetof(struct user_regs_struct, rax);
    long value = entry ? -1L : -(long)err;

    (void)ptrace(PTRACE_POKEUSER, pid, at, value);
}
#else
bool
trace_can_fail(void)
{
    return false;
}

static void
set_call(pid_t pid, bool entry, int err)
{
    (void)pid;
    (void)entry;
    (void)err;
}
#endif

/* Counts a stop of a call on files; true when it was the last one. */
static bool
at_stop(struct trace *t, struct view *v, bool entry)
{
    t->stops++;
    t->calls += entry ? 1 : 0;
    if (t->fail_at != 0 && t->calls == t->fail_at) {
        set_call(v->pid, entry, t->fail_with);
        t->failed = true;
    }
    if (t->kill_at == 0 || t->stops != t->kill_at)
        return false;
    t->killed = true;
    (void)kill(v->pid, SIGKILL);
    return true;
}

/* One stop of the child at a system call. */
static bool
system_call(struct trace *t, struct view *v)
{
    struct __ptrace_syscall_info info;
    bool entry;

    memset(&info, 0, sizeof(info));
    (void)ptrace(PTRACE_GET_SYSCALL_INFO, v->pid, sizeof(info), &info);
    entry = info.op == PTRACE_SYSCALL_INFO_ENTRY;
    if (entry)
        v->nr = info.entry.nr;
    if (v->nr == MARK) {
        v->inside = entry ? v->inside : !v->inside;
        return false;
    }
    if (v->inside && entry)
        t->all_calls++;
    return v->inside && is_file_call(v->nr) && at_stop(t, v, entry);
}

static int
finished(struct trace *t, int status)
{
    if (WIFSIGNALED(status))
        return t->killed ? TRACE_OK : TRACE_BROKEN;
    t->status = WEXITSTATUS(status);
    return t->killed ? TRACE_BROKEN : TRACE_OK;
}

static int
follow(struct trace *t, struct view *v)
{
    int status, deliver = 0;

    for (;;) {
        if (ptrace(PTRACE_SYSCALL, v->pid, NULL, (long)deliver) != 0 ||
            waitpid(v->pid, &status, __WALL) != v->pid)
            return TRACE_BROKEN;
        if (!WIFSTOPPED(status))
            return finished(t, status);
        deliver = 0;
        if (WSTOPSIG(status) != (SIGTRAP | 0x80))
            deliver = WSTOPSIG(status);
        else if (system_call(t, v))
            return waitpid(v->pid, &status, __WALL) == v->pid
                       ? finished(t, status)
                       : TRACE_BROKEN;
    }
}

int
trace(struct trace *t)
{
    struct view v = { 0 };
    int status;

    t->calls = t->stops = t->all_calls = 0;
    t->killed = t->failed = false;
    t->status = -1;
    fflush(NULL);
    v.pid = fork();
    if (v.pid == 0)
        child(t);
    if (v.pid < 0 || waitpid(v.pid, &status, __WALL) != v.pid)
        return TRACE_BROKEN;
    if (!WIFSTOPPED(status))
        return WIFEXITED(status) && WEXITSTATUS(status) == NOT_TRACED
                   ? TRACE_NOT_HERE
                   : TRACE_BROKEN;
    if (ptrace(PTRACE_SETOPTIONS, v.pid, NULL,
               PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) != 0) {
        (void)kill(v.pid, SIGKILL);
        (void)waitpid(v.pid, &status, __WALL);
        return TRACE_NOT_HERE;
    }
    return follow(t, &v);
}
