# Manual and completion against the programs, and that check against omissions.
TESTS += tests/scripts/check-man.sh tests/scripts/check-man-planted.sh
EXTRA_DIST += tests/scripts/check-man.sh tests/scripts/check-man-planted.sh

# Arrows, headers, banned calls, NEEDED and exports; and each of these checks
# against what is planted for it.
checks = tests/scripts/check-includes.sh tests/scripts/check-headers.sh \
	tests/scripts/check-banned.sh tests/scripts/check-needed.sh \
	tests/scripts/check-exports.sh tests/scripts/check-planted.sh
TESTS += $(checks)
EXTRA_DIST += $(checks) tests/scripts/check-lib.sh tests/scripts/banned.allow
