#!/bin/bash
# gcc, every warning an error, everything that can be built.
. "$(dirname "$0")/lib.sh"
configure_build --enable-werror CC=gcc
mk all
check
