/*
 * json-get FILE PATH: the value at PATH ("tokens.0.name") of one strict JSON
 * document: text and numbers as they are, true, false, null, or [N] and {N}
 * for arrays and objects of N.  Status 1: no such member; 2: not JSON.
 */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cmd.h"

static const struct cJSON *
step(const struct cJSON *v, const char *name)
{
    return cJSON_IsArray(v) ? cJSON_GetArrayItem(v, atoi(name))
                            : cJSON_GetObjectItemCaseSensitive(v, name);
}

static void
print(const struct cJSON *v)
{
    if (cJSON_IsString(v))
        puts(v->valuestring);
    else if (cJSON_IsNumber(v))
        printf("%.17g\n", v->valuedouble);
    else if (cJSON_IsBool(v))
        puts(cJSON_IsTrue(v) ? "true" : "false");
    else if (cJSON_IsNull(v))
        puts("null");
    else
        printf(cJSON_IsArray(v) ? "[%d]\n" : "{%d}\n", cJSON_GetArraySize(v));
}

int
main(int argc, char **argv)
{
    struct tee_fault f = { 0 };
    struct cJSON *doc = NULL;
    const struct cJSON *v;
    struct tee_buf b;
    char *name, *rest;

    if (argc != 3 || cmd_read(argv[1], CMD_FILE_MAX, &b, &f) != TEE_OK ||
        tee_json_parse(tee_buf_view(&b), CMD_FILE_MAX, &doc, &f) != TEE_OK) {
        fprintf(stderr, "json-get: %s\n", f.text);
        return 2;
    }
    v = doc;
    for (name = strtok_r(argv[2], ".", &rest); v != NULL && name != NULL;
         name = strtok_r(NULL, ".", &rest))
        v = step(v, name);
    if (v != NULL)
        print(v);
    cJSON_Delete(doc);
    tee_buf_clear(&b);
    return v != NULL ? 0 : 1;
}
