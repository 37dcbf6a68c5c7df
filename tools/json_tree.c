/* JSON drawn as a tree. */
#include "config.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "tools/cmd.h"

#define TEXT_SHOWN 96
#define DEPTH_MAX  64 /* what tee_json_parse lets through */

static void
add_string(struct tree *t, unsigned depth, const char *label, const char *s)
{
    size_t n = strlen(s), cut = TEXT_SHOWN;

    if (n <= TEXT_SHOWN) {
        tree_add(t, depth, TREE_NONE, label, n > 0 ? s : "(empty)");
        return;
    }
    while (cut > 0 && ((unsigned char)s[cut] & 0xc0U) == 0x80)
        cut--; /* not inside a character */
    tree_addf(t, depth, TREE_NONE, label, "%.*s... (%zu bytes)", (int)cut, s,
              n);
}

static void
add_value(struct tree *t, unsigned depth, const char *label,
          const struct cJSON *v)
{
    if (cJSON_IsString(v))
        add_string(t, depth, label, v->valuestring);
    else if (cJSON_IsBool(v))
        tree_add(t, depth, TREE_NONE, label, cJSON_IsTrue(v) ? "yes" : "no");
    else if (cJSON_IsNumber(v))
        tree_addf(t, depth, TREE_NONE, label, "%.17g", v->valuedouble);
    else
        tree_add(t, depth, TREE_NONE, label, "null");
}

void
json_tree(struct tree *t, unsigned depth, const struct cJSON *v)
{
    const struct cJSON *c;
    char number[24];
    size_t i = 0;

    if (depth > DEPTH_MAX)
        return;
    cJSON_ArrayForEach(c, v)
    {
        (void)snprintf(number, sizeof(number), "%zu", i++);
        if (cJSON_IsObject(c) || cJSON_IsArray(c)) {
            tree_add(t, depth, TREE_NONE,
                     c->string != NULL ? c->string : number,
                     c->child == NULL ? "(empty)" : NULL);
            json_tree(t, depth + 1, c);
        } else {
            add_value(t, depth, c->string != NULL ? c->string : number, c);
        }
    }
}
