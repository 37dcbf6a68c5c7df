#include <stdlib.h>

#include "pkcs11/tp11.h"

CK_OBJECT_HANDLE
tp11_handle_next(void)
{
    static _Atomic CK_OBJECT_HANDLE last;

    return atomic_fetch_add(&last, 1) + 1;
}

/* FNV-1a: the items are objects of one's own token, at most some 2000 */
uint32_t
tp11_hash(struct tee_bytes v)
{
    uint32_t h = 2166136261u;
    size_t i;

    for (i = 0; i < v.len; i++)
        h = (h ^ v.p[i]) * 16777619u;
    return h ^ h >> 15;
}

enum tee_err
tp11_index_init(struct tp11_index *x, size_t items)
{
    size_t room = 8;

    if (items > UINT32_MAX / 4)
        return TEE_E_TOOBIG;
    while (room < 2 * items)
        room *= 2;
    x->slot = calloc(room, sizeof(x->slot[0]));
    if (x->slot == NULL)
        return TEE_E_NOMEM;
    x->mask = (uint32_t)(room - 1);
    return TEE_OK;
}

void
tp11_index_clear(struct tp11_index *x)
{
    free(x->slot);
    *x = (struct tp11_index){ 0 };
}

/* Half of the slots stay empty, so every walk ends. */
void
tp11_index_add(struct tp11_index *x, uint32_t hash, uint32_t item)
{
    uint32_t at = hash & x->mask;

    while (x->slot[at] != 0)
        at = (at + 1) & x->mask;
    x->slot[at] = item + 1;
}

bool
tp11_index_next(const struct tp11_index *x, uint32_t *at, uint32_t *item)
{
    uint32_t slot = x->slot[*at & x->mask];

    if (slot == 0)
        return false;
    *item = slot - 1;
    *at = *at + 1;
    return true;
}
