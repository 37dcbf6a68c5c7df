#include "config.h"

#include "tests/attest/suites.h"

const struct suite *const suites[] = { &suite_json,
                                       &suite_key,
                                       &suite_binding,
                                       &suite_proof,
                                       &suite_statement,
                                       &suite_evidence,
                                       &suite_sim,
                                       &suite_collect,
                                       &suite_sig,
                                       &suite_policy,
                                       &suite_verify,
                                       &suite_attacks,
                                       &suite_vectors,
                                       &suite_show,
                                       &suite_api,
                                       &suite_nomem,
                                       NULL };
