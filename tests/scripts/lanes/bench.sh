#!/bin/bash
# The budgets of the design, measured.  Numbers are printed, not judged; a
# series whose signature openssl does not verify fails.
. "$(dirname "$0")/lib.sh"
chmod 755 "$LANES" "$build"
configure_build --enable-werror --prefix="$build/inst" --sysconfdir=/etc
mk all
mk install >"$build/install.out" 2>&1
mk bench | tee "$build/bench.out"
sed 's/^/== /' "$build/bench.out"
