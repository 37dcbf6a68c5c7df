/*
 * tee-pkcs11: vendor-defined numbers of the PKCS#11 module.
 *
 * Needs the types of a pkcs11.h that was included before.  All numbers lie
 * in the block 0x80544500-0x805445ff: vendor bit 31 set, CKF_ARRAY_ATTRIBUTE
 * (bit 30) clear.  Attributes are read with C_GetAttributeValue; an absent
 * one answers CKR_ATTRIBUTE_TYPE_INVALID, never an empty value.  Reading
 * never acquires a key and never collects evidence.  (PKCS#11 3.2, section
 * 4.3: values with CKA_VENDOR_DEFINED are the vendor's.)
 *
 * KEY_ORIGIN and KEY_BOUND are what the token says of itself.  A relying
 * party believes the key statement inside verified evidence, never an
 * attribute.
 */
#ifndef TEE_PKCS11_H
#define TEE_PKCS11_H

/* CK_ULONG: CK_TEE_ORIGIN_*; on every private and public key. */
#define CKA_TEE_KEY_ORIGIN          0x80544501UL
#define CK_TEE_ORIGIN_LOCAL         0UL
#define CK_TEE_ORIGIN_SKR           1UL
#define CK_TEE_ORIGIN_TEE_GENERATED 2UL

/* CK_BBOOL: TRUE after a successful acquisition of a key whose origin is not
 * `local`, on hardware; always FALSE on the platform `simulated`. */
#define CKA_TEE_KEY_BOUND 0x80544502UL

/* UTF-8: "amd-sev-snp", "azure-cvm-sev-snp", "azure-cvm-tdx", "intel-tdx",
 * "tpm2", "aws-nitro", "simulated". */
#define CKA_TEE_PLATFORM 0x80544503UL

/* UTF-8 JSON: the evidence bundle tee-pkcs11.evidence/v1.  On a key: the last
 * stored snapshot.  On a CKO_TEE_EVIDENCE object: the same as CKA_VALUE. */
#define CKA_TEE_EVIDENCE 0x80544504UL
/* UTF-8: media type of that bundle. */
#define CKA_TEE_EVIDENCE_TYPE 0x80544505UL
/* CK_ULONG: when it was collected, seconds since 1970-01-01T00:00:00Z. */
#define CKA_TEE_EVIDENCE_TIME 0x80544506UL
/* Bytes: the caller-controlled field (SNP REPORT_DATA, TDX REPORTDATA: 64;
 * TPM qualifyingData: 32). */
#define CKA_TEE_REPORT_DATA 0x80544507UL
/* Bytes: the report or quote as the device gave it. */
#define CKA_TEE_RAW_REPORT 0x80544508UL
/* UTF-8: PEM certificates, leaf first. */
#define CKA_TEE_ENDORSEMENTS 0x80544509UL

/* UTF-8: the token (JWT) that authorised a release; origin skr only, while it
 * is held. */
#define CKA_TEE_ATTESTATION_TOKEN 0x8054450aUL
/* UTF-8 JSON: its claims, present only after its signature was verified. */
#define CKA_TEE_CLAIMS 0x8054450bUL
/* CK_ULONG: seconds since the epoch when the key must be acquired again;
 * absent if never. */
#define CKA_TEE_EXPIRES 0x8054450cUL
/* UTF-8: typed error and sentence of the last acquisition or collection;
 * absent when none. */
#define CKA_TEE_LAST_ERROR 0x8054450dUL
/* UTF-8: the key statement, RFC 8785 JSON. */
#define CKA_TEE_STATEMENT 0x8054450eUL

/* Given by the caller when it creates a CKO_TEE_EVIDENCE object; all UTF-8
 * without NUL. DID may come from the configuration instead; the nonce has 1
 * to 1024 bytes. */
#define CKA_TEE_AGENT_DID    0x80544510UL
#define CKA_TEE_CHALLENGE_ID 0x80544511UL
#define CKA_TEE_NONCE        0x80544512UL
/* Bytes: CKA_ID of the key that the evidence is about. */
#define CKA_TEE_KEY_REF 0x80544513UL
/* Bytes, 32: the TLS exporter of RFC 9266; only with binding "session". */
#define CKA_TEE_TLS_EXPORTER 0x80544514UL
/* UTF-8: binding type, "tee-v1" (default), "agt-v1", "session". */
#define CKA_TEE_BINDING 0x80544515UL
/* Bytes: input of the binding types am-manifest, am-runtime, tresor-spki and
 * raw. */
#define CKA_TEE_BINDING_INPUT 0x80544516UL

/* Object class of an evidence request: C_CreateObject collects once, the
 * bundle is CKA_VALUE, every attribute above is readable until the object
 * goes.  Session objects only (CKA_TOKEN = FALSE), read-only sessions too. */
#define CKO_TEE_EVIDENCE 0x80544501UL

#endif
