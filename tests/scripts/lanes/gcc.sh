#!/bin/bash
# gcc, every warning an error, everything that can be built; run-tests runs it.
. "$(dirname "$0")/lib.sh"
configure_build --enable-werror CC=gcc
mk all
