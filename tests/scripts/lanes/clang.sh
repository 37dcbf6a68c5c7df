#!/bin/bash
# clang, every warning an error, the tests too.
. "$(dirname "$0")/lib.sh"
configure_build --enable-werror CC=clang-14
mk all
