/*
 * Every function of PKCS#11, in the order of the function lists: 68 of 2.40,
 * 24 more of 3.0, 12 more of 3.2 (OASIS pkcs11f.h).  A row is
 *
 *   N(name, parameters)                        defined in entry.c by hand
 *   F(name, parameters, function, arguments)   a shim around that function
 *   S(name, parameters)                        not offered
 *
 * entry.c expands these rows into shims, lists and list types.
 */
#ifndef TEE_PKCS11_FUNCTIONS_H
#define TEE_PKCS11_FUNCTIONS_H

/* clang-format off */
#define TP11_FUNCTIONS_2_40(N, F, S) \
    N(C_Initialize, (CK_VOID_PTR args)) \
    N(C_Finalize, (CK_VOID_PTR reserved)) \
    F(C_GetInfo, (CK_INFO_PTR info), tp11_get_info, (info)) \
    N(C_GetFunctionList, (CK_FUNCTION_LIST_PTR_PTR ret)) \
    F(C_GetSlotList, \
        (CK_BBOOL present, CK_SLOT_ID_PTR slot, CK_ULONG_PTR n), \
        tp11_get_slot_list, (present, slot, n)) \
    F(C_GetSlotInfo, (CK_SLOT_ID slot, CK_SLOT_INFO_PTR info), \
        tp11_get_slot_info, (slot, info)) \
    F(C_GetTokenInfo, (CK_SLOT_ID slot, CK_TOKEN_INFO_PTR info), \
        tp11_get_token_info, (slot, info)) \
    F(C_GetMechanismList, \
        (CK_SLOT_ID slot, CK_MECHANISM_TYPE_PTR m, CK_ULONG_PTR n), \
        tp11_get_mechanism_list, (slot, m, n)) \
    F(C_GetMechanismInfo, \
        (CK_SLOT_ID slot, CK_MECHANISM_TYPE m, CK_MECHANISM_INFO_PTR info), \
        tp11_get_mechanism_info, (slot, m, info)) \
    F(C_InitToken, \
        (CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG len, \
         CK_UTF8CHAR_PTR label), \
        tp11_init_token, (slot, pin, len, label)) \
    F(C_InitPIN, (CK_SESSION_HANDLE s, CK_UTF8CHAR_PTR pin, CK_ULONG len), \
        tp11_init_pin, (s, pin, len)) \
    F(C_SetPIN, \
        (CK_SESSION_HANDLE s, CK_UTF8CHAR_PTR old, CK_ULONG old_len, \
         CK_UTF8CHAR_PTR pin, CK_ULONG len), \
        tp11_set_pin, (s, old, old_len, pin, len)) \
    F(C_OpenSession, \
        (CK_SLOT_ID slot, CK_FLAGS flags, CK_VOID_PTR app, CK_NOTIFY notify, \
         CK_SESSION_HANDLE_PTR ret), \
        tp11_open_session, (slot, flags, app, notify, ret)) \
    F(C_CloseSession, (CK_SESSION_HANDLE s), tp11_close_session, (s)) \
    F(C_CloseAllSessions, (CK_SLOT_ID slot), tp11_close_all_sessions, (slot)) \
    F(C_GetSessionInfo, (CK_SESSION_HANDLE s, CK_SESSION_INFO_PTR info), \
        tp11_get_session_info, (s, info)) \
    S(C_GetOperationState, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR state, CK_ULONG_PTR len)) \
    S(C_SetOperationState, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR state, CK_ULONG len, \
         CK_OBJECT_HANDLE encrypt, CK_OBJECT_HANDLE authenticate)) \
    F(C_Login, \
        (CK_SESSION_HANDLE s, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, \
         CK_ULONG len), \
        tp11_login, (s, user, pin, len)) \
    F(C_Logout, (CK_SESSION_HANDLE s), tp11_logout, (s)) \
    F(C_CreateObject, \
        (CK_SESSION_HANDLE s, CK_ATTRIBUTE_PTR t, CK_ULONG n, \
         CK_OBJECT_HANDLE_PTR ret), \
        tp11_create_object, (s, t, n, ret)) \
    F(C_CopyObject, \
        (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_PTR t, \
         CK_ULONG n, CK_OBJECT_HANDLE_PTR ret), \
        tp11_copy_object, (s, o, t, n, ret)) \
    F(C_DestroyObject, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o), \
        tp11_destroy_object, (s, o)) \
    F(C_GetObjectSize, \
        (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ULONG_PTR ret), \
        tp11_get_object_size, (s, o, ret)) \
    F(C_GetAttributeValue, \
        (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_PTR t, \
         CK_ULONG n), \
        tp11_get_attribute_value, (s, o, t, n)) \
    F(C_SetAttributeValue, \
        (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_PTR t, \
         CK_ULONG n), \
        tp11_set_attribute_value, (s, o, t, n)) \
    F(C_FindObjectsInit, (CK_SESSION_HANDLE s, CK_ATTRIBUTE_PTR t, CK_ULONG n), \
        tp11_find_objects_init, (s, t, n)) \
    F(C_FindObjects, \
        (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE_PTR o, CK_ULONG max, \
         CK_ULONG_PTR n), \
        tp11_find_objects, (s, o, max, n)) \
    F(C_FindObjectsFinal, (CK_SESSION_HANDLE s), tp11_find_objects_final, (s)) \
    S(C_EncryptInit, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE key)) \
    S(C_Encrypt, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG len, CK_BYTE_PTR out, \
         CK_ULONG_PTR out_len)) \
    S(C_EncryptUpdate, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG len, CK_BYTE_PTR out, \
         CK_ULONG_PTR out_len)) \
    S(C_EncryptFinal, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR out, CK_ULONG_PTR out_len)) \
    S(C_DecryptInit, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE key)) \
    S(C_Decrypt, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG len, CK_BYTE_PTR out, \
         CK_ULONG_PTR out_len)) \
    S(C_DecryptUpdate, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG len, CK_BYTE_PTR out, \
         CK_ULONG_PTR out_len)) \
    S(C_DecryptFinal, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR out, CK_ULONG_PTR out_len)) \
    S(C_DigestInit, (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m)) \
    S(C_Digest, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG len, CK_BYTE_PTR out, \
         CK_ULONG_PTR out_len)) \
    S(C_DigestUpdate, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG len)) \
    S(C_DigestKey, (CK_SESSION_HANDLE s, CK_OBJECT_HANDLE key)) \
    S(C_DigestFinal, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR out, CK_ULONG_PTR out_len)) \
    F(C_SignInit, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE key), \
        tp11_sign_init, (s, m, key)) \
    F(C_Sign, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG len, CK_BYTE_PTR sig, \
         CK_ULONG_PTR sig_len), \
        tp11_sign, (s, in, len, sig, sig_len)) \
    F(C_SignUpdate, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG len), \
        tp11_sign_update, (s, in, len)) \
    F(C_SignFinal, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR sig, CK_ULONG_PTR sig_len), \
        tp11_sign_final, (s, sig, sig_len)) \
    S(C_SignRecoverInit, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE key)) \
    S(C_SignRecover, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG len, CK_BYTE_PTR out, \
         CK_ULONG_PTR out_len)) \
    F(C_VerifyInit, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE key), \
        tp11_verify_init, (s, m, key)) \
    F(C_Verify, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG len, CK_BYTE_PTR sig, \
         CK_ULONG sig_len), \
        tp11_verify, (s, in, len, sig, sig_len)) \
    F(C_VerifyUpdate, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG len), \
        tp11_verify_update, (s, in, len)) \
    F(C_VerifyFinal, (CK_SESSION_HANDLE s, CK_BYTE_PTR sig, CK_ULONG sig_len), \
        tp11_verify_final, (s, sig, sig_len)) \
    S(C_VerifyRecoverInit, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE key)) \
    S(C_VerifyRecover, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR sig, CK_ULONG sig_len, \
         CK_BYTE_PTR out, CK_ULONG_PTR out_len)) \
    S(C_DigestEncryptUpdate, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG len, CK_BYTE_PTR out, \
         CK_ULONG_PTR out_len)) \
    S(C_DecryptDigestUpdate, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG len, CK_BYTE_PTR out, \
         CK_ULONG_PTR out_len)) \
    S(C_SignEncryptUpdate, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG len, CK_BYTE_PTR out, \
         CK_ULONG_PTR out_len)) \
    S(C_DecryptVerifyUpdate, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG len, CK_BYTE_PTR out, \
         CK_ULONG_PTR out_len)) \
    S(C_GenerateKey, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_ATTRIBUTE_PTR t, \
         CK_ULONG n, CK_OBJECT_HANDLE_PTR ret)) \
    F(C_GenerateKeyPair, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_ATTRIBUTE_PTR pub, \
         CK_ULONG n_pub, CK_ATTRIBUTE_PTR priv, CK_ULONG n_priv, \
         CK_OBJECT_HANDLE_PTR ret_pub, CK_OBJECT_HANDLE_PTR ret_priv), \
        tp11_generate_key_pair, \
        (s, m, (struct tp11_template){ pub, n_pub }, \
         (struct tp11_template){ priv, n_priv }, ret_pub, ret_priv)) \
    S(C_WrapKey, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE with, \
         CK_OBJECT_HANDLE key, CK_BYTE_PTR out, CK_ULONG_PTR out_len)) \
    S(C_UnwrapKey, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE with, \
         CK_BYTE_PTR in, CK_ULONG len, CK_ATTRIBUTE_PTR t, CK_ULONG n, \
         CK_OBJECT_HANDLE_PTR ret)) \
    S(C_DeriveKey, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE key, \
         CK_ATTRIBUTE_PTR t, CK_ULONG n, CK_OBJECT_HANDLE_PTR ret)) \
    F(C_SeedRandom, (CK_SESSION_HANDLE s, CK_BYTE_PTR seed, CK_ULONG len), \
        tp11_seed_random, (s, seed, len)) \
    F(C_GenerateRandom, (CK_SESSION_HANDLE s, CK_BYTE_PTR out, CK_ULONG len), \
        tp11_generate_random, (s, out, len)) \
    F(C_GetFunctionStatus, (CK_SESSION_HANDLE s), tp11_not_parallel, (s)) \
    F(C_CancelFunction, (CK_SESSION_HANDLE s), tp11_not_parallel, (s)) \
    F(C_WaitForSlotEvent, \
        (CK_FLAGS flags, CK_SLOT_ID_PTR slot, CK_VOID_PTR reserved), \
        tp11_wait_for_slot_event, (flags, slot, reserved))

#define TP11_MESSAGE_CRYPT(S, Word) \
    S(C_Message##Word##Init, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE key)) \
    S(C_##Word##Message, \
        (CK_SESSION_HANDLE s, CK_VOID_PTR param, CK_ULONG param_len, \
         CK_BYTE_PTR aad, CK_ULONG aad_len, CK_BYTE_PTR in, CK_ULONG len, \
         CK_BYTE_PTR out, CK_ULONG_PTR out_len)) \
    S(C_##Word##MessageBegin, \
        (CK_SESSION_HANDLE s, CK_VOID_PTR param, CK_ULONG param_len, \
         CK_BYTE_PTR aad, CK_ULONG aad_len)) \
    S(C_##Word##MessageNext, \
        (CK_SESSION_HANDLE s, CK_VOID_PTR param, CK_ULONG param_len, \
         CK_BYTE_PTR in, CK_ULONG len, CK_BYTE_PTR out, CK_ULONG_PTR out_len, \
         CK_FLAGS flags)) \
    S(C_Message##Word##Final, (CK_SESSION_HANDLE s))

/* Length is CK_ULONG_PTR for signing and CK_ULONG for verifying. */
#define TP11_MESSAGE_SIGN(S, Word, Length) \
    S(C_Message##Word##Init, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE key)) \
    S(C_##Word##Message, \
        (CK_SESSION_HANDLE s, CK_VOID_PTR param, CK_ULONG param_len, \
         CK_BYTE_PTR in, CK_ULONG len, CK_BYTE_PTR sig, Length sig_len)) \
    S(C_##Word##MessageBegin, \
        (CK_SESSION_HANDLE s, CK_VOID_PTR param, CK_ULONG param_len)) \
    S(C_##Word##MessageNext, \
        (CK_SESSION_HANDLE s, CK_VOID_PTR param, CK_ULONG param_len, \
         CK_BYTE_PTR in, CK_ULONG len, CK_BYTE_PTR sig, Length sig_len)) \
    S(C_Message##Word##Final, (CK_SESSION_HANDLE s))

#define TP11_FUNCTIONS_3_0(N, F, S) \
    N(C_GetInterfaceList, (struct tp11_interface *list, CK_ULONG_PTR n)) \
    N(C_GetInterface, \
        (CK_UTF8CHAR_PTR name, CK_VERSION_PTR version, \
         struct tp11_interface **ret, CK_FLAGS flags)) \
    F(C_LoginUser, \
        (CK_SESSION_HANDLE s, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin, \
         CK_ULONG len, CK_UTF8CHAR_PTR name, CK_ULONG name_len), \
        tp11_login_user, (s, user, pin, len, name, name_len)) \
    F(C_SessionCancel, (CK_SESSION_HANDLE s, CK_FLAGS flags), \
        tp11_session_cancel, (s, flags)) \
    TP11_MESSAGE_CRYPT(S, Encrypt) \
    TP11_MESSAGE_CRYPT(S, Decrypt) \
    TP11_MESSAGE_SIGN(S, Sign, CK_ULONG_PTR) \
    TP11_MESSAGE_SIGN(S, Verify, CK_ULONG)

#define TP11_FUNCTIONS_3_2(N, F, S) \
    S(C_EncapsulateKey, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE key, \
         CK_ATTRIBUTE_PTR t, CK_ULONG n, CK_BYTE_PTR out, \
         CK_ULONG_PTR out_len, CK_OBJECT_HANDLE_PTR ret)) \
    S(C_DecapsulateKey, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE key, \
         CK_ATTRIBUTE_PTR t, CK_ULONG n, CK_BYTE_PTR in, CK_ULONG len, \
         CK_OBJECT_HANDLE_PTR ret)) \
    F(C_VerifySignatureInit, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE key, \
         CK_BYTE_PTR sig, CK_ULONG sig_len), \
        tp11_verify_signature_init, (s, m, key, sig, sig_len)) \
    F(C_VerifySignature, (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG len), \
        tp11_verify_signature, (s, in, len)) \
    F(C_VerifySignatureUpdate, \
        (CK_SESSION_HANDLE s, CK_BYTE_PTR in, CK_ULONG len), \
        tp11_verify_signature_update, (s, in, len)) \
    F(C_VerifySignatureFinal, (CK_SESSION_HANDLE s), \
        tp11_verify_signature_final, (s)) \
    S(C_GetSessionValidationFlags, \
        (CK_SESSION_HANDLE s, CK_ULONG type, CK_FLAGS *flags)) \
    S(C_AsyncComplete, \
        (CK_SESSION_HANDLE s, CK_UTF8CHAR_PTR name, CK_VOID_PTR ret)) \
    S(C_AsyncGetID, \
        (CK_SESSION_HANDLE s, CK_UTF8CHAR_PTR name, CK_ULONG_PTR id)) \
    S(C_AsyncJoin, \
        (CK_SESSION_HANDLE s, CK_UTF8CHAR_PTR name, CK_ULONG id, \
         CK_BYTE_PTR data, CK_ULONG len)) \
    S(C_WrapKeyAuthenticated, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE with, \
         CK_OBJECT_HANDLE key, CK_BYTE_PTR aad, CK_ULONG aad_len, \
         CK_BYTE_PTR out, CK_ULONG_PTR out_len)) \
    S(C_UnwrapKeyAuthenticated, \
        (CK_SESSION_HANDLE s, CK_MECHANISM_PTR m, CK_OBJECT_HANDLE with, \
         CK_BYTE_PTR in, CK_ULONG len, CK_ATTRIBUTE_PTR t, CK_ULONG n, \
         CK_BYTE_PTR aad, CK_ULONG aad_len, CK_OBJECT_HANDLE_PTR ret))
/* clang-format on */

#endif
