#include <stdlib.h>
#include <string.h>

#include "pkcs11/tp11.h"

/* A search while it is evaluated: results go into the session's list. */
struct search {
    struct tp11_session *s;
    const CK_ATTRIBUTE *t;
    CK_ULONG n;
    bool private; /* private objects are seen */
};

static bool
matches(const struct search *q, const struct tp11_object *o)
{
    CK_ULONG i;

    if (!q->private && o->o != NULL && o->o->flags & KS_O_PRIVATE)
        return false;
    for (i = 0; i < q->n; i++) {
        if (!tp11_attr_matches(q->s->token, o, &q->t[i]))
            return false;
    }
    return true;
}

static CK_RV
add(struct tp11_find *f, CK_OBJECT_HANDLE h, size_t most)
{
    if (f->n == TP11_FOUND && f->many == NULL) {
        f->many = calloc(most, sizeof(f->many[0]));
        if (f->many == NULL)
            return CKR_HOST_MEMORY;
        memcpy(f->many, f->few, sizeof(f->few));
    }
    if (f->many != NULL)
        f->many[f->n++] = h;
    else
        f->few[f->n++] = h;
    return CKR_OK;
}

/* The rarest of what is indexed; NULL: nothing is. */
static const CK_ATTRIBUTE *
indexed(const struct search *q)
{
    const CK_ATTRIBUTE *a = NULL;
    CK_ULONG i;

    for (i = 0; i < q->n; i++) {
        if (q->t[i].type == CKA_ID || (q->t[i].type == CKA_LABEL && a == NULL))
            a = &q->t[i];
    }
    return a;
}

static CK_RV
run(const struct search *q)
{
    const struct tp11_view *v = q->s->view;
    struct tp11_find *f = &q->s->find;
    const CK_ATTRIBUTE *a = indexed(q);
    const struct tp11_index *x;
    uint32_t at, i;
    CK_RV rv = CKR_OK;

    if (a == NULL) {
        for (i = 0; rv == CKR_OK && i < v->n; i++) {
            if (matches(q, &v->object[i]))
                rv = add(f, v->object[i].handle, v->n);
        }
        return rv;
    }
    x = a->type == CKA_ID ? &v->by_id : &v->by_label;
    at = tp11_hash((struct tee_bytes){ a->pValue, a->ulValueLen });
    while (rv == CKR_OK && tp11_index_next(x, &at, &i)) {
        if (matches(q, &v->object[i]))
            rv = add(f, v->object[i].handle, v->n);
    }
    return rv;
}

/* NULL with a length matches nothing and is a mistake of the caller. */
static bool
template_ok(const CK_ATTRIBUTE *t, CK_ULONG n)
{
    CK_ULONG i;

    if ((t == NULL && n > 0) || n > TP11_SEARCH_MAX)
        return false;
    for (i = 0; i < n; i++) {
        if (t[i].pValue == NULL && t[i].ulValueLen > 0)
            return false;
    }
    return true;
}

/* The one stat of a search. The session's lock is not held. */
static CK_RV
look_at_store(CK_SESSION_HANDLE h)
{
    struct tp11_session *s;
    struct tp11_token *t;
    CK_RV rv;

    rv = tp11_session_take(h, &s);
    if (rv != CKR_OK)
        return rv;
    t = s->token;
    if (s->find.active)
        rv = CKR_OPERATION_ACTIVE;
    tp11_session_give(s);
    if (rv == CKR_OK)
        (void)tp11_token_refresh(t);
    return rv;
}

CK_RV
tp11_find_objects_init(CK_SESSION_HANDLE h, CK_ATTRIBUTE *t, CK_ULONG n)
{
    struct search q = { .t = t, .n = n };
    CK_RV rv;

    rv = look_at_store(h);
    if (rv != CKR_OK)
        return rv;
    if (!template_ok(t, n))
        return CKR_ARGUMENTS_BAD;
    rv = tp11_session_take(h, &q.s);
    if (rv != CKR_OK)
        return rv;
    if (q.s->find.active) {
        rv = CKR_OPERATION_ACTIVE;
    } else {
        q.private = tp11_sees_private(q.s->token);
        q.s->find.active = true;
        rv = run(&q);
        if (rv != CKR_OK)
            tp11_find_end(&q.s->find);
    }
    tp11_session_give(q.s);
    return rv;
}

CK_RV
tp11_find_objects(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE *o, CK_ULONG max,
                  CK_ULONG *n)
{
    struct tp11_session *s;
    struct tp11_find *f;
    CK_RV rv;

    rv = tp11_session_take(h, &s);
    if (rv != CKR_OK)
        return rv;
    f = &s->find;
    if (n == NULL || (o == NULL && max > 0)) {
        rv = CKR_ARGUMENTS_BAD;
    } else if (!f->active) {
        rv = CKR_OPERATION_NOT_INITIALIZED;
    } else {
        for (*n = 0; *n < max && f->next < f->n; f->next++)
            o[(*n)++] = f->many != NULL ? f->many[f->next] : f->few[f->next];
    }
    tp11_session_give(s);
    return rv;
}

CK_RV
tp11_find_objects_final(CK_SESSION_HANDLE h)
{
    struct tp11_session *s;
    CK_RV rv;

    rv = tp11_session_take(h, &s);
    if (rv != CKR_OK)
        return rv;
    if (s->find.active)
        tp11_find_end(&s->find);
    else
        rv = CKR_OPERATION_NOT_INITIALIZED;
    tp11_session_give(s);
    return rv;
}
