/*
 * Runs a function in a child, stops it before and after each of its system
 * calls on files, and kills it there, or lets a call fail.  Other system calls
 * (memory, time, random numbers) are not stopped at: a death before or after
 * one of them leaves the same files as one at the stop before it.
 */
#ifndef TEE_TESTS_TRACE_H
#define TEE_TESTS_TRACE_H

#include <stdbool.h>

struct trace {
    /* what to do */
    int (*prepare)(void *arg); /* in the child, not counted; 0: go on */
    int (*run)(void *arg);     /* in the child; its exit status */
    void *arg;
    unsigned kill_at; /* 0: never; else the number of a stop, from 1 */
    unsigned fail_at; /* 0: never; else the number of a call, from 1 */
    int fail_with;    /* errno of that call */
    /* what came of it */
    unsigned calls, stops; /* on files; two stops a call */
    unsigned all_calls;    /* of whatever kind */
    bool killed, failed;
    int status; /* exit status, when not killed */
};
enum { TRACE_OK, TRACE_NOT_HERE, TRACE_BROKEN };
/* NOT_HERE: this machine does not let us trace. */
int trace(struct trace *t);
/* Can `fail_at` work here: the registers are known. */
bool trace_can_fail(void);

#endif
