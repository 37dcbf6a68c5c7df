/*
 * The tree view: nodes in reading order with a depth, drawn when all are
 * known, since a line depends on whether a sibling follows.
 */
#include "config.h"

#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/cmd.h"

#define NODES_MAX 16384
#define DEPTH_MAX 80
#define LABEL_MAX 24 /* longer ones do not widen their column */

struct node {
    unsigned depth;
    enum tree_mark mark;
    char *label, *text;
};
struct tree {
    size_t n, room;
    struct node *node;
    enum tee_err err;
};

struct glyphs {
    const char *tee, *corner, *bar, *gap;
    const char *no_mark; /* as wide as one */
    const char *mark[4]; /* by enum tree_mark */
};
static const struct glyphs ascii = {
    .tee = "|- ",
    .corner = "`- ",
    .bar = "|  ",
    .gap = "   ",
    .no_mark = "     ",
    .mark = { "", "[ok] ", "[NO] ", "[--] " },
};
static const struct glyphs fancy = {
    .tee = "\u251c\u2500 ",
    .corner = "\u2514\u2500 ",
    .bar = "\u2502  ",
    .gap = "   ",
    .no_mark = "  ",
    .mark = { "", "\033[32m\u2713\033[0m ", "\033[31m\u2717\033[0m ",
              "\033[33m-\033[0m " },
};

enum tee_err
tree_new(struct tree **ret)
{
    struct tree *t = calloc(1, sizeof(*t));

    if (t == NULL)
        return TEE_E_NOMEM;
    *ret = t;
    return TEE_OK;
}

void
tree_free(struct tree *t)
{
    size_t i;

    if (t == NULL)
        return;
    for (i = 0; i < t->n; i++) {
        free(t->node[i].label);
        free(t->node[i].text);
    }
    free(t->node);
    free(t);
}

static struct node *
next_node(struct tree *t)
{
    size_t room = t->room == 0 ? 64 : t->room * 2;
    struct node *p;

    if (t->n == t->room) {
        if (t->n == NODES_MAX)
            return NULL;
        p = reallocarray(t->node, room, sizeof(*p));
        if (p == NULL)
            return NULL;
        t->node = p;
        t->room = room;
    }
    t->node[t->n] = (struct node){ 0 };
    return &t->node[t->n++];
}

void
tree_add(struct tree *t, unsigned depth, enum tree_mark mark, const char *label,
         const char *text)
{
    struct node *n;

    if (t->err != TEE_OK)
        return;
    n = next_node(t);
    if (n == NULL) {
        t->err = t->n == NODES_MAX ? TEE_E_TOOBIG : TEE_E_NOMEM;
        return;
    }
    n->depth = depth < DEPTH_MAX ? depth : DEPTH_MAX;
    n->mark = mark;
    n->label = strdup(label != NULL ? label : "");
    n->text = strdup(text != NULL ? text : "");
    if (n->label == NULL || n->text == NULL)
        t->err = TEE_E_NOMEM;
}

void
tree_addf(struct tree *t, unsigned depth, enum tree_mark mark,
          const char *label, const char *fmt, ...)
{
    char text[2048];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    tree_add(t, depth, mark, label, text);
}

/* Does a node of this depth follow before the tree climbs above it? */
static bool
has_sibling(const struct tree *t, size_t i, unsigned depth)
{
    for (i++; i < t->n && t->node[i].depth >= depth; i++) {
        if (t->node[i].depth == depth)
            return true;
    }
    return false;
}

/* What the nodes that are drawn as one block with node i have in common. */
struct block {
    size_t width; /* of the labels in front of a text */
    bool marks;
};

static struct block
block_of(const struct tree *t, size_t i)
{
    struct block b = { 0 };
    const struct node *n;
    unsigned depth = t->node[i].depth;
    size_t k = i, w;

    while (k > 0 && t->node[k - 1].depth >= depth)
        k--;
    for (; k < t->n && t->node[k].depth >= depth; k++) {
        n = &t->node[k];
        if (n->depth != depth)
            continue;
        w = strlen(n->label);
        if (*n->text != '\0' && w > b.width && w <= LABEL_MAX)
            b.width = w;
        b.marks = b.marks || n->mark != TREE_NONE;
    }
    return b;
}

static void
print_node(const struct tree *t, size_t i, FILE *out, bool plain)
{
    const struct glyphs *g = plain ? &ascii : &fancy;
    const struct node *n = &t->node[i];
    struct block b = block_of(t, i);
    size_t pad = strlen(n->label);
    unsigned d;

    for (d = 1; d < n->depth; d++)
        (void)fputs(has_sibling(t, i, d) ? g->bar : g->gap, out);
    if (n->depth > 0)
        (void)fputs(has_sibling(t, i, n->depth) ? g->tee : g->corner, out);
    (void)fputs(n->mark == TREE_NONE && b.marks ? g->no_mark : g->mark[n->mark],
                out);
    tree_text(out, n->label, plain);
    if (*n->text != '\0') {
        pad = n->depth > 0 && pad < b.width ? b.width - pad : 0;
        (void)fprintf(out, "%*s  ", (int)pad, "");
        tree_text(out, n->text, plain);
    }
    (void)fputc('\n', out);
}

enum tee_err
tree_print(const struct tree *t, FILE *out, bool plain)
{
    size_t i;

    if (t->err != TEE_OK)
        return t->err;
    for (i = 0; i < t->n; i++)
        print_node(t, i, out, plain);
    return ferror(out) ? TEE_E_IO : TEE_OK;
}

bool
tree_plain(void)
{
    const char *no_color = secure_getenv("NO_COLOR");
    const char *term = secure_getenv("TERM");

    (void)setlocale(LC_CTYPE, "");
    return isatty(STDOUT_FILENO) == 0 ||
           (no_color != NULL && *no_color != '\0') ||
           (term != NULL && strcmp(term, "dumb") == 0) ||
           strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

/* Length of the UTF-8 character at p that may be shown, 0: show it as \xNN.
 * C1 controls and the marks that turn the direction of text are not. */
static size_t
showable(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    size_t n = u[0] < 0x80 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : 4;

    if (n == 1)
        return u[0] >= 0x20 && u[0] != 0x7f;
    if (strnlen(p, n) < n || !tee_utf8((struct tee_bytes){ u, n }))
        return 0;
    if (u[0] == 0xc2 && u[1] < 0xa0)
        return 0; /* U+0080..009F */
    if (u[0] == 0xd8 && u[1] == 0x9c)
        return 0; /* U+061C */
    if (u[0] == 0xe2 && u[1] == 0x80 &&
        (u[2] == 0x8e || u[2] == 0x8f || (u[2] >= 0xa8 && u[2] <= 0xae)))
        return 0; /* U+200E, 200F, 2028..202E */
    if (u[0] == 0xe2 && u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9)
        return 0; /* U+2066..2069 */
    return n;
}

void
tree_text(FILE *out, const char *text, bool plain)
{
    size_t n;

    for (; *text != '\0'; text += n) {
        n = showable(text);
        if (n == 0 || (plain && n > 1)) {
            (void)fprintf(out, "\\x%02x", (unsigned)(unsigned char)*text);
            n = 1;
        } else {
            (void)fwrite(text, 1, n, out);
        }
    }
}

/* Of a character that is not showable, so of one to three bytes. */
static unsigned
code_point(const char *p, size_t *len)
{
    const unsigned char *u = (const unsigned char *)p;

    *len = u[0] < 0x80 ? 1 : u[0] < 0xe0 ? 2 : 3;
    if (*len == 1)
        return u[0];
    if (*len == 2)
        return (u[0] & 0x1fU) << 6 | (u[1] & 0x3fU);
    return (u[0] & 0x0fU) << 12 | (u[1] & 0x3fU) << 6 | (u[2] & 0x3fU);
}

void
json_text(FILE *out, struct tee_bytes json)
{
    char c[5] = "";
    unsigned v;
    size_t n;

    for (; json.len > 0; json.p += n, json.len -= n) {
        n = json.len < 4 ? json.len : 4;
        memcpy(c, json.p, n);
        c[n] = '\0';
        n = showable(c);
        if (n == 0) {
            v = code_point(c, &n);
            if (v >= 0x20) { /* below: space between values */
                (void)fprintf(out, "\\u%04x", v);
                continue;
            }
        }
        (void)fwrite(json.p, 1, n, out);
    }
}
