dist_man_MANS += man/tee-pkcs11.1 man/tee-pkcs11-init.1 \
	man/tee-pkcs11-status.1 man/tee-pkcs11-evidence.1 \
	man/tee-pkcs11-verify.1 man/tee-pkcs11-show.1 \
	man/tee-pkcs11-policy.1 man/tee-pkcs11-version.1 \
	man/tee-attest.3 man/tee-pkcs11.conf.5 man/tee-pkcs11.7
