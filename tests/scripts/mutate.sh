#!/bin/bash
# mutate.sh BUILD [ID...]: plants the faults of tests/mutate/list, one at a
# time, in a copy of the tree; each must turn the test that it names red.
# Prints killed/total and fails when one survives, does not apply or does not
# compile.  The list is blocks separated by blank lines:
#
#   id:   one word
#   file: the source file
#   -     text that stands there exactly once (one or more such lines)
#   +     what replaces it (lines with "+" alone or none: removed)
#   run:  program and suite
#   test: the name of the test that must be red, or how it begins
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
src=${src:-$(dirname "$(dirname "$here")")}
build=$1
shift
only=" $* "
export OPENSSL_CONF=/dev/null LC_ALL=C TZ=UTC0

tree=$build/tree
rm -rf "$tree" "$build/obj"
mkdir -p "$tree" "$build/obj"
(cd "$src" && git ls-files -z --recurse-submodules | tar --null -T - -cf -) |
    tar -C "$tree" -xf -
cp -a "$src"/{configure,aclocal.m4,config.h.in,Makefile.in,build-aux} "$tree/"
cp -a "$src"/m4/*.m4 "$tree/m4/"
cd "$build/obj"
CONFIG_SHELL=/bin/sh /bin/sh "$tree/configure" CFLAGS='-O1 -g0' >configure.out 2>&1 || {
    tail -n 20 configure.out
    exit 1
}
# The programs that the list runs; each depends on what it loads.
mapfile -t programs < <(sed -n 's/^run: *\([^ ]*\).*/\1/p' \
    "$src/tests/mutate/list" | sort -u)
make -s -j2 "${programs[@]}" >make.out 2>&1 || {
    tail -n 30 make.out
    exit 1
}
export srcdir=$tree builddir=$build/obj

# plant FILE OLD NEW: exactly one place, or a failure.
plant() {
    OLD=$2 NEW=$3 perl -0777 -i -pe '
        BEGIN { $n = 0 } $n = () = /\Q$ENV{OLD}\E/g;
        s/\Q$ENV{OLD}\E/$ENV{NEW}/;
        END { $? = $n == 1 ? 0 : 3 }' "$1"
}

# The named test ran alone and failed, or a signal ended it.
red() {
    [ "$code" -ge 128 ] && [ "$code" -lt 192 ] && return
    [ "$code" -ne 0 ] && grep -Fq "FAIL $suite: $name" "$out"
}

total=0 killed=0
# mutant: judges the block in id, file, old, new, run, name.
mutant() {
    local out=$build/mutant.out program suite code=0

    read -r program suite <<<"$run"
    total=$((total + 1))
    cp -a "$tree/$file" "$build/saved"
    if ! plant "$tree/$file" "$old" "$new"; then
        echo "FAIL mutant $id: its text does not stand once in $file"
    elif ! make -s -j2 "$program" >"$out" 2>&1; then
        echo "FAIL mutant $id: does not compile"
        tail -n 5 "$out"
    else
        timeout -k 5 120 "./$program" "$suite" "$name" >"$out" 2>&1 </dev/null || code=$?
        if red; then
            killed=$((killed + 1))
            echo "killed $id by \"$name\""
        else
            echo "FAIL mutant $id survives (status $code; wants \"$name\")"
            grep -a '^FAIL' "$out" | head -n 5 || true
        fi
    fi
    cp "$build/saved" "$tree/$file"
}

id='' file='' old='' new='' run='' name=''
block() {
    [ -n "$id" ] || return 0
    if [ "$only" = "  " ] || [[ $only == *" $id "* ]]; then mutant; fi
    id='' file='' old='' new='' run='' name=''
}
while IFS= read -r line || [ -n "$line" ]; do
    case $line in
    '') block ;;
    '#'*) ;;
    id:*) id=${line#id: } ;;
    file:*) file=${line#file: } ;;
    run:*) run=${line#run: } ;;
    test:*) name=${line#test: } ;;
    -*) old=$old${old:+$'\n'}${line#-} ;;
    +*) new=$new${new:+$'\n'}${line#+} ;;
    *) echo "FAIL mutate: unreadable line: $line"; exit 1 ;;
    esac
done <"$src/tests/mutate/list"
block
echo "== $killed of $total planted faults killed"
[ "$killed" -eq "$total" ] && [ "$total" -gt 0 ]
