/* A store in a folder of its own, and changes to it. */
#ifndef TEE_TESTS_STORE_PLACE_H
#define TEE_TESTS_STORE_PLACE_H

#include <sys/stat.h>

#include "tests/keystore/store_make.h"

#define NOBODY   65534
#define PATIENCE 20000 /* ms: more than any lock here is held */

struct place {
    char dir[128];   /* trusted, above the folder */
    char state[160]; /* the folder */
    char token[192], lock[192];
    struct ks_conf_token conf;
};

typedef enum tee_err place_change(struct ks_store **s, const uint8_t **key,
                                  void *arg, struct tee_fault *f);

void place_new(struct place *p);  /* nothing there yet */
void place_made(struct place *p); /* one key pair, no PIN */
int64_t place_soon(void);
const uint8_t *place_key(const struct ks_store *s);
/* C_InitToken in small. */
place_change place_fresh;
/* arg: the object to add or to change. */
place_change place_put;
/* No key: the only change that is lawful without one. */
place_change place_try;
enum tee_err place_run(const struct place *p, bool create, place_change *change,
                       void *arg, struct tee_fault *f);
enum tee_err place_reads(const struct place *p, struct tee_fault *f);
struct tee_buf place_bytes(const char *path);
void place_write(const char *path, struct tee_bytes v);
unsigned place_entries(const char *dir);
struct stat place_stat(const char *path);
/* A change that is refused leaves the file, and nothing beside it. */
void place_refused(const struct place *p, place_change *change, void *arg,
                   enum tee_err want, const char *text);

#endif
