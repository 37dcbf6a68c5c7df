#!/bin/bash
# check-banned.sh [TREE]: calls that the style guide forbids (section 14) and
# no tool finds.  tests/scripts/banned.allow lists the exceptions, counted:
# "FILE WORD COUNT reason"; one more, or one less, is a fault.
. "$(dirname "$0")/check-lib.sh"
cd "${1:-${srcdir:-.}}" || exit 99

# Everywhere; then what only a program of our own may do, with its process.
export BANNED="strcpy strcat sprintf vsprintf sscanf strtok gets alloca system \
popen atexit on_exit getenv syslog openlog getpwnam getpwuid getgrnam getgrgid \
pthread_atfork rand srand tmpnam mktemp setenv putenv unsetenv memcmp"
# What a test or a bench may not do either.
export TESTS="strcpy strcat sprintf vsprintf sscanf strtok gets alloca getenv \
tmpnam mktemp syslog rand srand"
export GUEST="pthread_create chdir umask setlocale signal abort exit"

mapfile -t files < <(c_files base attest skr keystore pkcs11 daemon tools include
    c_files tests bench)
[ "${#files[@]}" -gt 0 ] || fault "no file to check"
list=$(perl -e '
    use strict;
    my %banned = map { $_ => 1 } split " ", $ENV{BANNED};
    my %guest = map { $_ => 1 } split " ", $ENV{GUEST};
    my %tests = map { $_ => 1 } split " ", $ENV{TESTS};
    my ($list, @files) = @ARGV;
    my (%may, %have);

    # comments and strings go, line ends stay
    sub bare {
        my $s = shift;
        $s =~ s{(/\*.*?\*/)|//[^\n]*|("(?:[^"\\\n]|\\.)*")|\x27(?:[^\x27\\\n]|\\.)*\x27}
               {my $c = $1; defined $c ? ($c =~ tr/\n//cdr) : defined $2 ? q("") : 0}gse;
        return $s;
    }
    # the library context is the first argument of these
    my $first = qr/\w+_fetch|OSSL_PROVIDER_\w+|EVP_PKEY_CTX_new_from_(?:name|pkey)
        |RAND_(?:priv_)?bytes_ex|EVP_PKEY_new_raw_(?:private|public)_key_ex
        |EVP_Q_\w+|X509_new_ex|X509_STORE_CTX_new_ex/x;
    for my $f (@files) {
        open(my $in, "<", $f) or die "$f: $!";
        local $/;
        my $s = bare(<$in>);
        my @found;
        my $shipped = $f !~ m{^(?:tests|bench)/};
        while ($s =~ /\b([A-Za-z_]\w*)\s*\(/g) {
            push @found, [$1, $-[0]] if !$shipped ? $tests{$1} : $banned{$1} ||
                ($guest{$1} && $f !~ m{^(?:daemon|tools)/});
        }
        if ($shipped) {
            push @found, ["byname", $-[0]]
                while $s =~ /\bEVP_get_\w*by(?:name|nid)\b/g;
            push @found, ["constructor", $-[0]]
                while $s =~ /__attribute__\s*\(\([^;{]*?(?:con|de)structor/g;
            push @found, ["NULL-context", $-[0]]
                while $s =~ /\b(?:$first)\s*\(\s*NULL\b/g;
        }
        for (@found) {
            my $line = 1 + (substr($s, 0, $_->[1]) =~ tr/\n//);
            push @{$have{"$f $_->[0]"}}, $line;
        }
    }
    if (open(my $in, "<", $list)) {
        while (<$in>) {
            next if /^\s*(?:#|$)/;
            my ($f, $w, $n, $why) = split " ", $_, 4;
            print "$list: $f $w: without a reason\n" if ($why // "") !~ /\w/;
            $may{"$f $w"} = $n;
        }
    }
    for (sort keys %{{%have, %may}}) {
        my @at = @{$have{$_} // []};
        my $n = $may{$_} // 0;
        printf "%s: %d times (line %s), %s allowed in %s\n", $_, scalar @at,
            join(" ", @at), $n, $list if @at != $n;
    }' tests/scripts/banned.allow "${files[@]}") || fault "perl gave up"
while read -r line; do
    [ -z "$line" ] || fault "$line"
done <<<"$list"
finish "no banned call but those that are listed"
