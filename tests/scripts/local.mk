# Manual and completion against the programs, and that check against omissions.
TESTS += tests/scripts/check-man.sh tests/scripts/check-man-planted.sh
EXTRA_DIST += tests/scripts/check-man.sh tests/scripts/check-man-planted.sh
