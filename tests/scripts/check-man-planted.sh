#!/bin/bash
# check-man.sh finds each omission that is planted for it.
exec bash "$(dirname "$0")/check-man.sh" --self-test
