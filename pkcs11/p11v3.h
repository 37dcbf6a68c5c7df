/*
 * What PKCS#11 3.0 to 3.2 added and the p11-kit header of 2.40 lacks.
 *
 * Numbers are defined only where the header at hand has none.  Types have
 * names of our own, so that newer headers, which declare some of them in their
 * own way, never clash.  Source: OASIS pkcs11t.h and pkcs11f.h, 3.2.
 */
#ifndef TEE_PKCS11_P11V3_H
#define TEE_PKCS11_P11V3_H

#include <p11-kit/pkcs11.h>

#ifndef CKR_TOKEN_RESOURCE_EXCEEDED
#define CKR_TOKEN_RESOURCE_EXCEEDED 0x201UL
#endif
#ifndef CKR_SESSION_ASYNC_NOT_SUPPORTED
#define CKR_SESSION_ASYNC_NOT_SUPPORTED 0x205UL
#endif
#ifndef CKF_ASYNC_SESSION
#define CKF_ASYNC_SESSION 0x8UL
#endif
#ifndef CKF_FIND_OBJECTS
#define CKF_FIND_OBJECTS 0x40UL
#endif
#ifndef CKF_EC_OID
#define CKF_EC_OID 0x00800000UL
#endif
#ifndef CKF_EC_CURVENAME
#define CKF_EC_CURVENAME 0x04000000UL
#endif
#ifndef CKO_PROFILE
#define CKO_PROFILE 0x9UL
#endif
#ifndef CKP_BASELINE_PROVIDER
#define CKP_BASELINE_PROVIDER 0x1UL
#endif
#ifndef CKP_EXTENDED_PROVIDER
#define CKP_EXTENDED_PROVIDER 0x2UL
#endif
#ifndef CKP_AUTHENTICATION_TOKEN
#define CKP_AUTHENTICATION_TOKEN 0x3UL
#endif
#ifndef CKP_PUBLIC_CERTIFICATES_TOKEN
#define CKP_PUBLIC_CERTIFICATES_TOKEN 0x4UL
#endif
#ifndef CKA_UNIQUE_ID
#define CKA_UNIQUE_ID 0x4UL
#endif
#ifndef CKA_PROFILE_ID
#define CKA_PROFILE_ID 0x601UL
#endif
#ifndef CKA_PARAMETER_SET
#define CKA_PARAMETER_SET 0x61dUL
#endif
#ifndef CKA_SEED
#define CKA_SEED 0x637UL
#endif
#ifndef CKK_ML_DSA
#define CKK_ML_DSA 0x4aUL
#endif
#ifndef CKM_ML_DSA_KEY_PAIR_GEN
#define CKM_ML_DSA_KEY_PAIR_GEN 0x1cUL
#endif
#ifndef CKM_ML_DSA
#define CKM_ML_DSA 0x1dUL
#endif
#ifndef CKM_EC_EDWARDS_KEY_PAIR_GEN
#define CKM_EC_EDWARDS_KEY_PAIR_GEN 0x1055UL
#endif
/* hedgeVariant of CK_SIGN_ADDITIONAL_CONTEXT */
#ifndef CKH_HEDGE_PREFERRED
#define CKH_HEDGE_PREFERRED 0x0UL
#endif
#ifndef CKH_HEDGE_REQUIRED
#define CKH_HEDGE_REQUIRED 0x1UL
#endif
#ifndef CKH_DETERMINISTIC_REQUIRED
#define CKH_DETERMINISTIC_REQUIRED 0x2UL
#endif

/* CK_EDDSA_PARAMS: 24 bytes on LP64 */
struct tp11_eddsa_params {
    CK_BBOOL ph_flag;
    CK_ULONG context_len;
    CK_BYTE_PTR context;
};
/* CK_SIGN_ADDITIONAL_CONTEXT */
struct tp11_mldsa_params {
    CK_ULONG hedge;
    CK_BYTE_PTR context;
    CK_ULONG context_len;
};
/* CK_INTERFACE */
struct tp11_interface {
    CK_UTF8CHAR_PTR name;
    CK_VOID_PTR list;
    CK_FLAGS flags;
};

#endif
