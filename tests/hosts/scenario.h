/*
 * What a host does with the module, whatever else the host exports: it sees
 * three entry points and p11-kit's header, and links no crypto library.
 */
#ifndef TEE_TESTS_HOSTS_SCENARIO_H
#define TEE_TESTS_HOSTS_SCENARIO_H

/*
 * Loads the module, makes each configured token of `tokens` (words, NULL
 * ends) and a key pair on it, signs, and writes TOKEN.spki and TOKEN.sig into
 * the folder.  0; or 1 after a line "refused: FUNCTION CODE" on stdout when
 * the module answered an error.  Ends the process on what a host can't help.
 */
int scenario(const char *module, const char *dir, const char *const *tokens);

#endif
