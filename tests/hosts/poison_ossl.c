/*
 * A host that exports libcrypto's names, as one with a static copy inside
 * does, except that each of them ends the process.  tests/hosts/names.sh
 * compares the first list with what the plug-in imports; the second are names
 * by which libcrypto calls itself.
 */
#include <stdio.h>
#include <stdlib.h>

static _Noreturn void
poisoned(const char *name)
{
    fprintf(stderr, "poisoned: %s\n", name);
    abort();
}

#define P(name)                                                                \
    void name(void);                                                           \
    __attribute__((visibility("default"))) void name(void)                     \
    {                                                                          \
        poisoned(#name);                                                       \
    }

/* clang-format off */
#define IMPORTED \
    P(BN_CTX_end) P(BN_CTX_free) P(BN_CTX_get) P(BN_CTX_secure_new_ex) \
    P(BN_CTX_start) P(BN_bin2bn) P(BN_bn2bin) P(BN_bn2binpad) \
    P(BN_check_prime) P(BN_clear_free) P(BN_cmp) P(BN_div) P(BN_is_odd) \
    P(BN_is_one) P(BN_is_zero) P(BN_mod_mul) P(BN_mul) P(BN_new) \
    P(BN_num_bits) P(BN_secure_new) P(BN_set_flags) P(BN_sub) P(BN_value_one) \
    P(EC_KEY_OpenSSL) P(EC_KEY_get_default_method) \
    P(ENGINE_finish) P(ENGINE_get_default_EC) P(ENGINE_get_default_RSA) \
    P(ENGINE_get_pkey_meth_engine) P(RSA_PKCS1_OpenSSL) \
    P(RSA_get_default_method) P(EC_GROUP_free) P(EC_GROUP_get0_order) P(EC_GROUP_new_by_curve_name_ex) \
    P(EC_POINT_free) P(EC_POINT_mul) P(EC_POINT_new) P(EC_POINT_oct2point) \
    P(EC_POINT_point2oct) P(EC_curve_nist2nid) P(ERR_pop_to_mark) \
    P(ERR_set_mark) P(EVP_Digest) P(EVP_DigestFinal_ex) P(EVP_DigestInit_ex2) \
    P(EVP_DigestSign) P(EVP_DigestSignInit_ex) P(EVP_DigestUpdate) \
    P(EVP_DigestVerify) P(EVP_DigestVerifyInit_ex) P(EVP_MD_CTX_free) \
    P(EVP_MD_CTX_new) P(EVP_MD_fetch) P(EVP_MD_free) P(EVP_PKEY_CTX_dup) \
    P(EVP_PKEY_CTX_free) P(EVP_PKEY_CTX_new_from_name) \
    P(EVP_PKEY_CTX_new_from_pkey) P(EVP_PKEY_CTX_set_params) \
    P(EVP_PKEY_CTX_set_rsa_mgf1_md) P(EVP_PKEY_CTX_set_rsa_padding) \
    P(EVP_PKEY_CTX_set_rsa_pss_saltlen) P(EVP_PKEY_CTX_set_signature_md) \
    P(EVP_PKEY_free) P(EVP_PKEY_fromdata) P(EVP_PKEY_fromdata_init) \
    P(EVP_PKEY_generate) P(EVP_PKEY_get_bn_param) \
    P(EVP_PKEY_get_octet_string_param) P(EVP_PKEY_keygen_init) \
    P(EVP_PKEY_sign) P(EVP_PKEY_sign_init) P(EVP_PKEY_verify) \
    P(EVP_PKEY_verify_init) P(EVP_SIGNATURE_fetch) P(EVP_SIGNATURE_free) \
    P(EVP_SIGNATURE_settable_ctx_params) P(OPENSSL_cleanse) \
    P(OPENSSL_init_crypto) P(OSSL_LIB_CTX_free) P(OSSL_LIB_CTX_new) \
    P(OSSL_PARAM_BLD_free) P(OSSL_PARAM_BLD_new) P(OSSL_PARAM_BLD_push_BN) \
    P(OSSL_PARAM_BLD_push_BN_pad) P(OSSL_PARAM_BLD_push_octet_string) \
    P(OSSL_PARAM_BLD_push_utf8_string) P(OSSL_PARAM_BLD_to_param) \
    P(OSSL_PARAM_construct_end) P(OSSL_PARAM_construct_int) \
    P(OSSL_PARAM_construct_octet_string) P(OSSL_PARAM_construct_uint) \
    P(OSSL_PARAM_construct_utf8_string) P(OSSL_PARAM_free) \
    P(OSSL_PARAM_locate_const) P(OSSL_PROVIDER_load) P(OSSL_PROVIDER_unload) \
    P(RAND_priv_bytes_ex)
#define INNER \
    P(BN_CTX_new_ex) P(BN_dup) P(BN_free) P(BN_generate_dsa_nonce) \
    P(BN_mod_exp_mont) P(BN_nnmod) P(BN_num_bits_word) P(BN_set_word) \
    P(CRYPTO_THREAD_get_local) P(CRYPTO_THREAD_lock_new) \
    P(CRYPTO_THREAD_read_lock) P(CRYPTO_THREAD_run_once) \
    P(CRYPTO_THREAD_unlock) P(CRYPTO_THREAD_write_lock) P(CRYPTO_clear_free) \
    P(CRYPTO_free) P(CRYPTO_malloc) P(CRYPTO_memdup) P(CRYPTO_realloc) \
    P(CRYPTO_strdup) P(CRYPTO_zalloc) P(ECDSA_sign) P(ECDSA_verify) \
    P(EC_GROUP_new_by_curve_name) P(EC_KEY_free) P(EC_KEY_new_ex) \
    P(ERR_new) P(ERR_set_debug) P(ERR_set_error) P(EVP_CIPHER_fetch) \
    P(EVP_KEYMGMT_fetch) P(EVP_MAC_fetch) P(EVP_MD_get_size) \
    P(EVP_RAND_fetch) P(OBJ_nid2sn) P(OBJ_sn2nid) P(OPENSSL_LH_insert) \
    P(OPENSSL_LH_retrieve) P(OPENSSL_sk_new) P(OPENSSL_sk_push) \
    P(OSSL_PARAM_get_BN) P(OSSL_PARAM_locate) P(RAND_bytes_ex) \
    P(RSA_private_encrypt) P(RSA_public_decrypt) P(SHA256_Update)
/* clang-format on */
IMPORTED
INNER
