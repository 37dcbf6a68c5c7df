#include <elf.h>
#include <link.h>
#include <string.h>

#include "base/tee.h"

struct wanted {
    bool found;
    uint8_t id[20];
};

/* Skips from `n` bytes to the next multiple of `align`. */
static void
pad(struct tee_cur *c, size_t n, size_t align)
{
    (void)tee_cur_take(c, (align - n % align) % align);
}

/*
 * gABI, "Note Section": three words of the machine's own byte order, name and
 * descriptor, each padded.  Segments aligned to 8 pad to 8, but count the name
 * from the start of the note (as .note.gnu.property is laid out).
 */
static bool
note_one(struct tee_cur *c, size_t align, struct wanted *w)
{
    ElfW(Nhdr) h;
    struct tee_bytes name, desc;

    tee_cur_copy(c, &h, sizeof(h));
    name = tee_cur_bytes(c, h.n_namesz);
    pad(c, sizeof(h) + name.len, align);
    desc = tee_cur_bytes(c, h.n_descsz);
    if (c->bad)
        return false;
    if (h.n_type == NT_GNU_BUILD_ID && desc.len == sizeof(w->id) &&
        tee_bytes_equal(name,
                        (struct tee_bytes){ (const uint8_t *)"GNU", 4 })) {
        memcpy(w->id, desc.p, sizeof(w->id));
        w->found = true;
        return false;
    }
    if (c->left > 0) /* nothing need follow the last one */
        pad(c, desc.len, align);
    return !c->bad;
}

static void
notes(const struct dl_phdr_info *o, const ElfW(Phdr) * ph, struct wanted *w)
{
    struct tee_cur c = tee_cur_of((struct tee_bytes){
        (const uint8_t *)(o->dlpi_addr + ph->p_vaddr), ph->p_memsz });

    while (c.left > 0 && note_one(&c, ph->p_align == 8 ? 8 : 4, w))
        ;
}

static bool
holds(const struct dl_phdr_info *o, uintptr_t at)
{
    ElfW(Half) i;

    for (i = 0; i < o->dlpi_phnum; i++) {
        const ElfW(Phdr) *ph = &o->dlpi_phdr[i];

        if (ph->p_type == PT_LOAD &&
            at - (o->dlpi_addr + ph->p_vaddr) < ph->p_memsz)
            return true;
    }
    return false;
}

/*
 * The object is the one that this very function lies in: libbase.la is linked
 * whole into the module and into each program, never shared between them.
 */
static int
visit(struct dl_phdr_info *o, size_t size, void *arg)
{
    struct wanted *w = arg;
    ElfW(Half) i;

    (void)size;
    if (!holds(o, (uintptr_t)visit))
        return 0;
    for (i = 0; i < o->dlpi_phnum && !w->found; i++) {
        if (o->dlpi_phdr[i].p_type == PT_NOTE)
            notes(o, &o->dlpi_phdr[i], w);
    }
    return 1; /* no other object can hold it */
}

enum tee_err
tee_build_id(uint8_t ret[20])
{
    struct wanted w = { 0 };

    (void)dl_iterate_phdr(visit, &w);
    if (!w.found)
        return TEE_E_NOTFOUND;
    memcpy(ret, w.id, sizeof(w.id));
    return TEE_OK;
}
