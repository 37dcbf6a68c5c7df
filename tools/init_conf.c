/* init: the text of the configuration with one more section. */
#include "config.h"

#include <string.h>

#include "tools/cmd.h"

#define CONF_MAX 65536 /* configuration.md section 2 */

static void
pair(struct tee_buf *b, const char *key, const char *value)
{
    if (value != NULL)
        tee_buf_printf(b, "%-10s = %s\n", key, value);
}

/* A value is one line and stays as it was written; the parser judges the rest
 * of it. */
static bool
one_line(const char *v)
{
    return v == NULL ||
           (strpbrk(v, "\n\r") == NULL && strspn(v, " \t") == 0 && *v != '\0');
}

enum tee_err
init_conf_append(struct tee_bytes old, const struct init_section *s,
                 struct tee_buf *ret, struct tee_fault *f)
{
    if (!one_line(s->name) || !one_line(s->origin) || !one_line(s->key_type) ||
        !one_line(s->platform) || !one_line(s->state) || !one_line(s->did))
        return tee_fault(f, TEE_E_ARG,
                         "a value must be one line without blanks before it");
    tee_buf_init(ret, CONF_MAX);
    if (old.len == 0)
        tee_buf_text(ret, "# made by tee-pkcs11 init; every key: man 5 "
                          "tee-pkcs11.conf\nlog = syslog\n");
    else
        tee_buf_bytes(ret, old);
    tee_buf_printf(ret, "\n[%s]\n", s->name);
    pair(ret, "key_origin", s->origin);
    pair(ret, "key_type", s->key_type);
    pair(ret, "platform", s->platform);
    pair(ret, "state", s->state);
    pair(ret, "did", s->did);
    pair(ret, "pin", s->pin ? "yes" : NULL);
    if (ret->err == TEE_E_TOOBIG)
        return tee_fault(f, TEE_E_TOOBIG,
                         "the configuration would pass %d bytes", CONF_MAX);
    return ret->err == TEE_OK ? TEE_OK : tee_fault(f, ret->err, "no memory");
}
