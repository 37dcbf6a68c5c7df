#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/pkcs11/calls.h"

/*
 * Reads tests/data/pkcs11/rows.txt (its head says how a row is written) and
 * runs one row at a time.  Each step is put to the model too, which must allow
 * what came back: the fuzzer takes its expectations from there.
 */

#define LINE_ROOM 1600

struct row *rows;
size_t n_rows;
static char **lines;
static unsigned n_lines, steps;
static char message[1500];
static struct vars lets;

/* A row while it runs. */
struct run {
    struct vars vars;
    struct model model;
    bool cold;
};

static const char *complain(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

static const char *
complain(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    return message;
}

/* ---- the file
 * ---------------------------------------------------------------------
 */

static const char *
read_lines(FILE *f)
{
    char line[LINE_ROOM];

    while (fgets(line, sizeof(line), f) != NULL) {
        if (n_lines % 256 == 0)
            lines = realloc(lines, (n_lines + 256) * sizeof(lines[0]));
        line[strcspn(line, "\n")] = '\0';
        if (lines == NULL || (lines[n_lines++] = strdup(line)) == NULL)
            return "no memory";
    }
    return n_lines > 0 ? NULL : "no lines";
}

static bool
is_step(unsigned i)
{
    return i < n_lines &&
           (lines[i][0] == ' ' || lines[i][0] == '\0' || lines[i][0] == '#');
}

static const char *
add_row(unsigned i, const char *section)
{
    const char *id = lines[i] + 4;
    struct row *r;

    if (n_rows % 64 == 0)
        rows = realloc(rows, (n_rows + 64) * sizeof(rows[0]));
    if (rows == NULL)
        return "no memory";
    r = &rows[n_rows++];
    memset(r, 0, sizeof(*r));
    snprintf(r->id, sizeof(r->id), "%s", id);
    snprintf(r->section, sizeof(r->section), "%s", section);
    if (strncmp(id, section, strlen(section)) != 0)
        return complain("line %u: row %s in section %s", i + 1, id, section);
    r->line = i + 1;
    for (r->end = i + 1; is_step(r->end);)
        r->end++;
    return NULL;
}

/* "let NAME BYTES" */
static const char *
add_let(const char *line)
{
    char name[16];
    size_t n = strcspn(line, " ");

    snprintf(name, sizeof(name), "%.*s", (int)n, line);
    return bytes_parse(line + n + 1, &lets, &var_get(&lets, name)->bytes);
}

static const char *
sort_lines(void)
{
    const char *wrong = NULL, *what;
    char section[16] = "";
    bool in_model = false;
    unsigned i;

    for (i = 0; wrong == NULL && i < n_lines; i++) {
        what = lines[i];
        if (what[0] == '#' || what[0] == '\0' || (what[0] == ' ' && !in_model))
            continue;
        if (what[0] != ' ')
            in_model = strncmp(what, "model ", 6) == 0;
        if (in_model)
            wrong = model_line(what);
        else if (strncmp(what, "section ", 8) == 0)
            snprintf(section, sizeof(section), "%.*s",
                     (int)strcspn(what + 8, " "), what + 8);
        else if (strncmp(what, "row ", 4) == 0)
            wrong = add_row(i, section);
        else if (strncmp(what, "let ", 4) == 0)
            wrong = add_let(what + 4);
        else
            wrong = complain("line %u: neither row, section nor model", i + 1);
        if (wrong != NULL && wrong != message)
            wrong = complain("line %u: %s", i + 1, wrong);
    }
    return wrong;
}

const char *
rows_load(const char *path)
{
    FILE *f = fopen(path, "re");
    const char *wrong;

    if (f == NULL)
        return complain("%s: cannot be opened", path);
    wrong = read_lines(f);
    fclose(f);
    return wrong != NULL ? wrong : sort_lines();
}

unsigned
rows_steps(void)
{
    return steps;
}

/* ---- a step
 * ------------------------------------------------------------------------
 */

/* "A/B/C": is rv one of them? */
static const char *
code_fits(char *codes, CK_RV rv)
{
    char all[200], *word;
    CK_RV one;

    snprintf(all, sizeof(all), "%s", codes);
    while ((word = strsep(&codes, "/")) != NULL) {
        if (!code_by_name(word, &one))
            return complain("no such code: %s", word);
        if (one == rv)
            return NULL;
    }
    return complain("%s, not %s", code_name(rv), all);
}

static void
save(struct run *run, const char *name, const struct answer *a)
{
    struct bytes *b = &var_get(&run->vars, name)->bytes;

    free(b->p);
    b->p = malloc(a->len + 1);
    if (b->p == NULL || a->len > sizeof(a->out))
        abort();
    memcpy(b->p, a->out, a->len);
    b->len = a->len;
}

/* What may stand behind the code: results to compare, names to keep. */
static const char *
after(struct run *run, char *rest, const struct call *c, const struct answer *a)
{
    const char *wrong = NULL;
    char *word;

    while (wrong == NULL && (word = strsep(&rest, " ")) != NULL) {
        if (*word == '\0')
            continue;
        if (strncmp(word, "as=", 3) == 0)
            var_get(&run->vars, word + 3)->number =
                c->fn == FN_C_FindObjects ? a->found[0] : a->handle;
        else if (strncmp(word, "as2=", 4) == 0)
            var_get(&run->vars, word + 4)->number = a->handle2;
        else if (strncmp(word, "save=", 5) == 0)
            save(run, word + 5, a);
        else
            wrong = answer_fits(word, c, a, &run->vars);
    }
    return wrong;
}

/* The words before the arrow. A session that is not named is "s". */
static const char *
before(struct run *run, char *text, struct call *c)
{
    const char *wrong = NULL;
    char *word;

    c->session = var_get(&run->vars, "s")->number;
    c->args_null = true;
    while (wrong == NULL && (word = strsep(&text, " ")) != NULL) {
        if (*word != '\0')
            wrong = word_parse(word, &run->vars, c);
    }
    return wrong;
}

static const char *
judge(struct run *run, struct call *c, char *rest)
{
    const char *wrong, *rule;
    char *codes, was[64];
    static struct answer a; /* large, and one at a time */

    call_perform(house_list(), c, &a);
    steps++;
    while (*rest == ' ')
        rest++;
    codes = strsep(&rest, " ");
    wrong = code_fits(codes, a.rv);
    if (wrong != NULL)
        return wrong;
    snprintf(was, sizeof(was), "%s", code_name(a.rv));
    if (!model_allows(&run->model, c, a.rv, &rule))
        return complain("%s: the model says \"%s\"", was, rule);
    model_after(&run->model, c, &a);
    if (c->fn == FN_C_OpenSession && a.rv == CKR_OK &&
        (rest == NULL || strstr(rest, "as=") == NULL))
        var_get(&run->vars, "s")->number = a.handle;
    return rest != NULL ? after(run, rest, c, &a) : NULL;
}

/* "C_Name word=... -> CODE/CODE result=..." */
static const char *
call_step(struct run *run, const char *line)
{
    char text[LINE_ROOM], *arrow, *name, *rest = text;
    const char *wrong;
    static struct call c;

    snprintf(text, sizeof(text), "%s", line);
    arrow = strstr(text, "->");
    if (arrow == NULL)
        return "a step without \"->\"";
    *arrow = '\0';
    call_init(&c);
    name = strsep(&rest, " ");
    wrong =
        fn_by_name(name, &c.fn) && call_known(c.fn) ? NULL : "no such function";
    if (wrong == NULL && rest != NULL)
        wrong = before(run, rest, &c);
    if (wrong == NULL)
        wrong = judge(run, &c, arrow + 2);
    call_clear(&c);
    return wrong;
}

/* "find NAME TEMPLATE": the one object that fits */
static const char *
find_step(struct run *run, char *args)
{
    char *name = strsep(&args, " "), line[LINE_ROOM];
    const char *wrong;

    snprintf(line, sizeof(line), "C_FindObjectsInit t=%s -> OK",
             args != NULL ? args : "");
    wrong = call_step(run, line);
    if (wrong != NULL)
        return wrong;
    snprintf(line, sizeof(line), "C_FindObjects n=2 -> OK n=1 as=%s", name);
    wrong = call_step(run, line);
    if (wrong != NULL)
        return wrong;
    return call_step(run, "C_FindObjectsFinal -> OK");
}

/* "open SLOT flags=... as=NAME"; read-only if nothing is said */
static const char *
open_step(struct run *run, char *args)
{
    const char *slot = strsep(&args, " "), *flags = "flags=ro", *as = "";
    char line[LINE_ROOM], *word;

    while ((word = strsep(&args, " ")) != NULL) {
        if (strncmp(word, "as=", 3) == 0)
            as = word;
        else
            flags = word;
    }
    snprintf(line, sizeof(line), "C_OpenSession slot=%s %s -> OK %s", slot,
             flags, as);
    return call_step(run, line);
}

/* Every member of every list, as an application sees them. */
static const char *
all_members(void)
{
    static const size_t counts[] = { 104, 92, 68 };
    struct tp11_interface i[3];
    CK_ULONG n = 3;
    size_t k, m;
    void *member;

    if (house_list()->C_GetInterfaceList(i, &n) != CKR_OK || n != 3)
        return "no lists";
    for (k = 0; k < 3; k++) {
        for (m = 0; m < counts[k]; m++) {
            memcpy(&member, (char *)i[k].list + sizeof(void *) * (m + 1),
                   sizeof(member));
            if (member == NULL)
                return "a member is NULL";
        }
    }
    return NULL;
}

static const char *step(struct run *run, const char *line);

static const char *
times_step(struct run *run, char *args)
{
    unsigned long n = strtoul(strsep(&args, " "), NULL, 10);
    const char *wrong = NULL;

    while (wrong == NULL && args != NULL && n-- > 0)
        wrong = step(run, args);
    return wrong;
}

static const char *
step(struct run *run, const char *line)
{
    char text[LINE_ROOM], *args = text, *word;

    if (strncmp(line, "C_", 2) == 0)
        return call_step(run, line);
    snprintf(text, sizeof(text), "%s", line);
    word = strsep(&args, " ");
    if (strcmp(word, "cold") == 0 || strcmp(word, "needs") == 0)
        return NULL; /* looked for before */
    if (strcmp(word, "all-members") == 0)
        return all_members();
    if (args == NULL)
        return "a step without words";
    if (strcmp(word, "find") == 0)
        return find_step(run, args);
    if (strcmp(word, "open") == 0)
        return open_step(run, args);
    if (strcmp(word, "truncate") == 0)
        return house_truncate(args) ? NULL : "no such store";
    if (strcmp(word, "times") == 0)
        return times_step(run, args);
    return "no such step";
}

/* ---- a row
 * ---------------------------------------------------------------------------
 */

static const char *
say_where(unsigned i, const char *wrong)
{
    char was[1024];

    snprintf(was, sizeof(was), "%s", wrong);
    return complain("line %u:%s: %s", i + 1, lines[i], was);
}

static const char *
step_at(unsigned i)
{
    return lines[i][0] == ' ' ? lines[i] + strspn(lines[i], " ") : "";
}

static bool
is_fork(unsigned i)
{
    return strncmp(step_at(i), "child", 5) == 0;
}

/* Steps from *i on, up to `end` or to where a child begins or ends. */
static const char *
run_until(struct run *run, unsigned *i, unsigned end)
{
    const char *wrong;

    for (; *i < end; (*i)++) {
        if (is_fork(*i) || strcmp(step_at(*i), "parent") == 0)
            return NULL;
        wrong = *step_at(*i) != '\0' ? step(run, step_at(*i)) : NULL;
        if (wrong != NULL)
            return say_where(*i, wrong);
    }
    return NULL;
}

/* The steps of a child: its complaint comes through a pipe, nothing is none. */
static const char *
run_child(struct run *run, unsigned i, unsigned end, bool readonly)
{
    int fd[2], status = 0;
    const char *wrong;
    ssize_t n;
    pid_t pid;

    fflush(NULL);
    if (pipe(fd) != 0 || (readonly && !house_lock()) || (pid = fork()) < 0)
        return "no child";
    if (pid == 0) {
        model_close(&run->model);
        wrong = readonly && !house_drop() ? "no other user"
                                          : run_until(run, &i, end);
        if (wrong != NULL && write(fd[1], wrong, strlen(wrong)) < 0)
            _exit(2);
        _exit(0);
    }
    close(fd[1]);
    n = read(fd[0], message, sizeof(message) - 1);
    close(fd[0]);
    if (waitpid(pid, &status, 0) != pid || status != 0)
        return complain("the child ended with 0x%x", (unsigned)status);
    if (readonly && !house_unlock())
        return "the house stays locked";
    message[n > 0 ? n : 0] = '\0';
    return n > 0 ? message : NULL;
}

static const char *
run_steps(struct run *run, const struct row *r)
{
    const char *wrong;
    unsigned i = r->line;

    for (;;) {
        wrong = run_until(run, &i, r->end);
        if (wrong != NULL || i == r->end)
            return wrong;
        wrong = run_child(run, i + 1, r->end,
                          strcmp(step_at(i), "child readonly") == 0);
        while (i < r->end && strcmp(step_at(i), "parent") != 0)
            i++;
        if (wrong != NULL || i == r->end)
            return wrong != NULL ? wrong : "a child without a parent";
        i++;
    }
}

/* "needs SLOT" of a row; NULL: all there */
static const char *
missing(const struct row *r)
{
    const char *const *name = house_names();
    const char *what, *why;
    unsigned i, slot;

    for (i = r->line; i < r->end; i++) {
        what = step_at(i);
        if (strncmp(what, "needs ", 6) != 0)
            continue;
        for (slot = 0; name[slot] != NULL; slot++) {
            why = house_missing((enum house_slot)slot);
            if (strcmp(name[slot], what + 6) == 0 && why != NULL)
                return complain("skip: %s", why);
        }
    }
    return NULL;
}

static bool
is_cold(const struct row *r)
{
    return strcmp(step_at(r->line), "cold") == 0;
}

const char *
row_run(const struct row *r)
{
    static struct run run;
    const char *wrong = missing(r);

    if (wrong != NULL)
        return wrong;
    memset(&run, 0, sizeof(run));
    vars_copy(&lets, &run.vars);
    model_init(&run.model);
    if (!house_restore())
        return "the house can't be restored";
    if (!is_cold(r)) {
        if (house_initialize() != CKR_OK)
            return "C_Initialize";
        run.model.initialised = true;
    }
    wrong = run_steps(&run, r);
    (void)house_list()->C_Finalize(NULL);
    vars_clear(&run.vars);
    return wrong;
}
