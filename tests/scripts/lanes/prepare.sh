#!/bin/bash
# Generates the build system once, before lanes that would do it in parallel.
. "$(dirname "$0")/lib.sh"
cd "$src"
if [ -f Makefile ] || [ -f config.status ]; then
    # Out-of-tree builds refuse a source tree that was configured itself.
    make -s distclean
fi
autoreconf -fi
