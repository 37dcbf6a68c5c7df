#!/bin/bash
# gcc's static analyser over the sources that are shipped.
. "$(dirname "$0")/lib.sh"
configure_build CC=gcc --enable-werror CFLAGS='-O1 -g -fanalyzer'
mk all
