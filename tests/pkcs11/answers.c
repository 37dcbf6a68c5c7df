/* What came back, held against the words behind a row's arrow. */
#include <stdlib.h>
#include <string.h>

#include "tests/pkcs11/calls.h"

static char said[600];

static const char *
numbers_differ(const char *name, CK_ULONG got, const char *want)
{
    CK_ULONG n;

    if (!number_by_name(want, &n))
        return "not a number";
    if (got == n)
        return NULL;
    snprintf(said, sizeof(said), "%s is %lu (0x%lx), not %s", name, got, got,
             want);
    return said;
}

/* "flags=N"; "flags+FLAG" and "flags-FLAG" */
static const char *
flags_differ(CK_ULONG got, const char *word, const char *want)
{
    CK_ULONG n;

    if (word[0] == '\0')
        return numbers_differ("flags", got, want);
    if (!number_by_name(word + 1, &n))
        return "no such flag";
    if ((word[0] == '+') == ((got & n) == n))
        return NULL;
    snprintf(said, sizeof(said), "flags are 0x%lx, want %s", got, word);
    return said;
}

/* Blank-padded, without NUL; "_" stands for a blank. */
static const char *
padded_differs(const CK_UTF8CHAR *got, size_t room, const char *want)
{
    size_t n = strlen(want), i;
    bool same = n >= 2 && n - 2 <= room && want[0] == '"';

    for (i = 0; same && i < room; i++)
        same = got[i] == (i >= n - 2 || want[i + 1] == '_' ? ' ' : want[i + 1]);
    if (same)
        return NULL;
    snprintf(said, sizeof(said), "text is \"%.*s\", not %s", (int)room, got,
             want);
    return said;
}

static const struct attr_name *
attr_at(const struct call *c, const char *name, const CK_ATTRIBUTE **ret)
{
    const struct attr_name *a = attr_by_name(name);
    size_t i;

    for (i = 0; a != NULL && i < c->t.n; i++) {
        if (c->t.attr[i].type == a->type) {
            *ret = &c->t.attr[i];
            return a;
        }
    }
    return NULL;
}

static const char *
bytes_differ(const char *name, const CK_ATTRIBUTE *a, const char *want)
{
    char hex[121];
    size_t n = a->ulValueLen < 60 ? a->ulValueLen : 60;

    tee_hex((struct tee_bytes){ a->pValue, n }, hex);
    snprintf(said, sizeof(said), "%s has %lu bytes %s (%.*s), not %s", name,
             a->ulValueLen, hex, (int)n, (const char *)a->pValue, want);
    return said;
}

/* "name=~": unavailable; "name=len:3"; "name=has:text"; "name=@saved"; else
 * the value */
static const char *
attr_differs(const struct attr_name *name, const CK_ATTRIBUTE *a,
             const char *want, struct vars *v)
{
    CK_ATTRIBUTE w = { 0 };
    static uint8_t room[VALUE_ROOM];
    const char *wrong;

    if (strcmp(want, "~") == 0)
        return numbers_differ(name->name, a->ulValueLen, "none");
    if (strncmp(want, "len:", 4) == 0)
        return numbers_differ(name->name, a->ulValueLen, want + 4);
    if (a->ulValueLen == CK_UNAVAILABLE_INFORMATION || a->pValue == NULL) {
        snprintf(said, sizeof(said), "%s is not there", name->name);
        return said;
    }
    if (strncmp(want, "has:", 4) == 0)
        return memmem(a->pValue, a->ulValueLen, want + 4, strlen(want + 4)) !=
                       NULL
                   ? NULL
                   : bytes_differ(name->name, a, want);
    w.pValue = room;
    wrong = value_parse(want, name->shape, v, &w);
    if (wrong != NULL)
        return wrong;
    return w.ulValueLen == a->ulValueLen &&
                   memcmp(room, a->pValue, w.ulValueLen) == 0
               ? NULL
               : bytes_differ(name->name, a, want);
}

static const char *
info_fits(const char *name, const char *want, const struct call *c,
          const struct answer *a)
{
    if (c->fn == FN_C_GetTokenInfo) {
        if (strncmp(name, "flags", 5) == 0)
            return flags_differ(a->u.token.flags, name + 5, want);
        if (strcmp(name, "label") == 0)
            return padded_differs(a->u.token.label, 32, want);
        if (strcmp(name, "model") == 0)
            return padded_differs(a->u.token.model, 16, want);
        if (strcmp(name, "serial") == 0)
            return padded_differs(a->u.token.serialNumber, 16, want);
        if (strcmp(name, "manufacturer") == 0)
            return padded_differs(a->u.token.manufacturerID, 32, want);
        if (strcmp(name, "sessions") == 0)
            return numbers_differ(name, a->u.token.ulSessionCount, want);
        if (strcmp(name, "rw-sessions") == 0)
            return numbers_differ(name, a->u.token.ulRwSessionCount, want);
        if (strcmp(name, "max-sessions") == 0)
            return numbers_differ(name, a->u.token.ulMaxSessionCount, want);
    }
    if (c->fn == FN_C_GetSlotInfo) {
        if (strncmp(name, "flags", 5) == 0)
            return flags_differ(a->u.slot.flags, name + 5, want);
        if (strcmp(name, "description") == 0)
            return padded_differs(a->u.slot.slotDescription, 64, want);
    }
    if (c->fn == FN_C_GetSessionInfo) {
        if (strcmp(name, "state") == 0)
            return numbers_differ(name, a->u.session.state, want);
        if (strcmp(name, "slot") == 0)
            return numbers_differ(name, a->u.session.slotID, want);
        if (strncmp(name, "flags", 5) == 0)
            return flags_differ(a->u.session.flags, name + 5, want);
    }
    return "?";
}

static const char *
mech_info_fits(const char *name, const char *want, const struct answer *a)
{
    if (strcmp(name, "min") == 0)
        return numbers_differ(name, a->u.mech.ulMinKeySize, want);
    if (strcmp(name, "max") == 0)
        return numbers_differ(name, a->u.mech.ulMaxKeySize, want);
    if (strncmp(name, "flags", 5) == 0)
        return flags_differ(a->u.mech.flags, name + 5, want);
    return "?";
}

static const char *
module_info_fits(const char *name, const char *want, const struct answer *a)
{
    char version[16];

    if (strcmp(name, "manufacturer") == 0)
        return padded_differs(a->u.info.manufacturerID, 32, want);
    if (strcmp(name, "description") == 0)
        return padded_differs(a->u.info.libraryDescription, 32, want);
    snprintf(version, sizeof(version), "%d.%d", a->u.info.cryptokiVersion.major,
             a->u.info.cryptokiVersion.minor);
    if (strcmp(name, "version") == 0)
        return strcmp(version, want) == 0 ? NULL : "another version";
    return "?";
}

/* "save-serial=NAME", "same-serial=NAME" */
static const char *
serial_fits(const char *name, const char *want, const struct answer *a,
            struct vars *v)
{
    struct bytes *b = &var_get(v, want)->bytes;

    if (strcmp(name, "save-serial") == 0)
        return set_bytes(b, a->u.token.serialNumber, 16);
    return b->len == 16 && b->p[0] != ' ' &&
                   memcmp(b->p, a->u.token.serialNumber, 16) == 0
               ? NULL
               : "another serial";
}

static const char *
interface_fits(const char *name, const char *want, const struct answer *a)
{
    char version[16];

    snprintf(version, sizeof(version), "%d.%d", a->version.major,
             a->version.minor);
    if (strcmp(name, "version") != 0)
        return "?";
    return strcmp(version, want) == 0 ? NULL : "another version";
}

/* "is=BYTES": the output */
static const char *
output_fits(const char *want, const struct answer *a, struct vars *v)
{
    struct bytes b = { 0 };
    const char *wrong = bytes_parse(want, v, &b);

    if (wrong == NULL && (b.len != a->len || memcmp(b.p, a->out, b.len) != 0))
        wrong = "another output";
    free(b.p);
    return wrong;
}

/* "has=eddsa", "lacks=sha256": of a list of mechanisms */
static const char *
mech_list_fits(const char *name, const char *want, const struct answer *a)
{
    bool there = false;
    CK_ULONG n, i;

    if (!number_by_name(want, &n))
        return "no such mechanism";
    for (i = 0; i < a->n; i++)
        there = there || a->u.mechs[i] == n;
    return there == (strcmp(name, "has") == 0) ? NULL : "another list";
}

const char *
answer_fits(const char *word, const struct call *c, const struct answer *a,
            struct vars *v)
{
    const CK_ATTRIBUTE *attr;
    const struct attr_name *an;
    char name[40];
    const char *want = strchr(word, '='), *wrong = "?";
    size_t n = want != NULL ? (size_t)(want - word) : strlen(word);

    snprintf(name, sizeof(name), "%.*s", (int)n, word);
    want = want != NULL ? want + 1 : "";
    an = c->fn == FN_C_GetAttributeValue ? attr_at(c, name, &attr) : NULL;
    if (an != NULL)
        return attr_differs(an, attr, want, v);
    if (strcmp(name, "n") == 0)
        return numbers_differ("n", a->n, want);
    if (strcmp(name, "len") == 0)
        return numbers_differ("len", a->len, want);
    if (strcmp(name, "is") == 0)
        return output_fits(want, a, v);
    if (strstr(name, "-serial") != NULL)
        return serial_fits(name, want, a, v);
    if (c->fn == FN_C_GetInterface)
        wrong = interface_fits(name, want, a);
    else if (c->fn == FN_C_GetInfo)
        wrong = module_info_fits(name, want, a);
    else if (c->fn == FN_C_GetMechanismInfo)
        wrong = mech_info_fits(name, want, a);
    else if (c->fn == FN_C_GetMechanismList)
        wrong = mech_list_fits(name, want, a);
    else
        wrong = info_fits(name, want, c, a);
    return wrong != NULL && strcmp(wrong, "?") == 0 ? "no such result" : wrong;
}
