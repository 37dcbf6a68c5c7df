/*
 * Prints the table of configuration keys as tee-pkcs11.conf(5) has to state
 * it: one line a key, "NAME<tab>FACTS".  tests/scripts/check-man.sh compares.
 */
#include <stdio.h>
#include <string.h>

#include "keystore/ks.h"

static void
print_words(const struct ks_word *w)
{
    const char *sep = ": ";

    for (; w != NULL && w->word != NULL; w++) {
        printf("%s%s", sep, w->word);
        sep = ", ";
    }
}

/* "LTS unix": letters of origins, then a condition. */
static void
print_use(const char *use)
{
    static const struct {
        char letter;
        const char *origin;
    } names[] = { { 'L', "local" }, { 'T', "tee_generated" }, { 'S', "skr" } };
    size_t n = strspn(use, "LTS"), i, k;
    const char *sep = "";

    for (i = 0; i < n; i++) {
        for (k = 0; k < TEE_LEN(names); k++) {
            if (names[k].letter == use[i])
                printf("%s%s", sep, names[k].origin);
        }
        sep = ", ";
    }
    use += n;
    use += strspn(use, " ,");
    if (*use != '\0')
        printf(n == 0 ? "%s" : " (%s)", use);
}

int
main(void)
{
    size_t i;

    for (i = 0; i < ks_conf_keys_n; i++) {
        const struct ks_conf_key *k = &ks_conf_keys[i];

        printf("%s\t%s", k->name, k->type);
        if (strcmp(k->type, "yes/no") != 0)
            print_words(k->words);
        printf(". Default: %s. For: ", k->def != NULL ? k->def : "none");
        print_use(k->use);
        printf("%s.\n", k->must ? "; must be written" : "");
    }
    return 0;
}
