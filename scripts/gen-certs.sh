#!/bin/sh
# Makes a private CA with certificates for tests and learning: a good set, and
# on request a zoo of bad ones with a table of what each must be refused for.
#
# Everything is made and verified in a temporary directory inside the target
# and renamed into place last, so a run either does all of its work or none.

set -eu
unset CDPATH
LC_ALL=C # for error texts and character ranges that are the same everywhere
export LC_ALL
# The system's own settings must have no say in what is made here.
OPENSSL_CONF=/dev/null
export OPENSSL_CONF
unset OPENSSL_MODULES OPENSSL_ENGINES SSL_CERT_FILE SSL_CERT_DIR

shop=$(cd -- "$(dirname -- "$0")" && pwd -P)
start=$(pwd -P)
hour=3600
day=86400
key_types='ec256 ec384 rsa2048 rsa3072 ed25519'
# Some platforms refuse a server's certificate that lives longer than 398 days,
# and Apple's refuse more than 825 even from a private CA: hence the default
# and the limit of --days.
default_days=397
most_days=825

out=
hosts=
key=
days=$default_days
force=
zoo=

usage() {
    cat <<END
usage: gen-certs.sh [OPTION]...
Makes a root CA, an intermediate CA, certificates for a server and a client,
and a CRL. What is there already is kept, what is missing is added.

  --out DIR    where to put them (certs/ of the source tree)
  --host NAME  one more name of the server: a name, *.name, IPv4 or IPv6
               address; repeatable; localhost, 127.0.0.1, ::1 and the name of
               this machine are always in
  --key TYPE   key of the leaf certificates: ec256 (default), ec384, rsa2048,
               rsa3072, ed25519 (browsers do not take it), or all: a server
               certificate of each type as well
  --days N     life of new leaf certificates, from an hour ago: 1 to $most_days
               ($default_days); the CAs and the CRL live for years
  --force      replace what is there
  --zoo        also make DIR/zoo: certificates that must be refused, and why
  --help       print this
END
}

say() {
    printf '%s\n' "$*"
}

# holds LIST WORD
holds() {
    case " $1 " in
    *" $2 "*) ;;
    *) return 1 ;;
    esac
}

# die MESSAGE [HINT]
die() {
    say "gen-certs.sh: $1" >&2
    if [ $# -gt 1 ]; then say "hint: $2" >&2; fi
    exit 1
}

bad_usage() {
    say "gen-certs.sh: $1" >&2
    say "hint: ${2:-"--help lists the options"}" >&2
    exit 2
}

# --- names and addresses ---------------------------------------------------
# These decide what may stand in an OpenSSL extension file, so they name what
# is allowed and refuse all else.

# A host name; "*." may stand before two labels or more, because clients take
# no wildcard that spans a whole top-level domain.
is_name() (
    name=$1
    [ "${#name}" -le 253 ] || return 1
    case $name in
    '*.'*.*) name=${name#??} ;;
    esac
    case $name in
    '' | *[!A-Za-z0-9_.-]* | .* | *. | *..* | -* | *- | *.-* | *-.*) return 1 ;;
    esac
    # A last label of digits alone would be an address gone wrong.
    case ${name##*.} in
    *[!0-9]*) ;;
    *) return 1 ;;
    esac
    while [ -n "$name" ]; do
        label=${name%%.*}
        [ "${#label}" -le 63 ] || return 1
        name=${name#"$label"}
        name=${name#.}
    done
)

is_ipv4() (
    case $1 in
    *[!0-9.]* | *.) return 1 ;;
    esac
    IFS=.
    count=0
    for number in $1; do
        case $number in
        '' | 0?* | ????*) return 1 ;;
        esac
        [ "$number" -le 255 ] || return 1
        count=$((count + 1))
    done
    [ $count -eq 4 ]
)

is_ipv6() (
    case $1 in
    *:*) ;;
    *) return 1 ;;
    esac
    case $1 in
    *[!0-9A-Fa-f:]* | *:::* | *::*::* | :[!:]* | *[!:]:) return 1 ;;
    esac
    most=8 least=8
    case $1 in
    *::*) most=7 least=0 ;;
    esac
    groups=0
    IFS=:
    for group in $1; do
        [ -n "$group" ] || continue
        [ "${#group}" -le 4 ] || return 1
        groups=$((groups + 1))
    done
    [ "$groups" -ge "$least" ] && [ "$groups" -le "$most" ]
)

is_address() {
    is_ipv4 "$1" || is_ipv6 "$1"
}

lower() {
    printf '%s' "$1" | tr '[:upper:]' '[:lower:]'
}

# --- options ---------------------------------------------------------------

# Control characters in what somebody typed must not reach the terminal.
shown() {
    printf '%s' "$1" | tr '[:cntrl:]' '?'
}

add_host() {
    is_name "$1" || is_address "$1" ||
        bad_usage "--host '$(shown "$1")': not a host name, *.name or address" \
            "an address stands without brackets, other scripts as xn--..."
    hosts="$hosts $(lower "$1")"
}

while [ $# -gt 0 ]; do
    case $1 in
    --*=*)
        option=${1%%=*} value=${1#*=}
        shift
        set -- "$option" "$value" "$@"
        ;;
    *) value= ;;
    esac
    case $1 in
    --out | --host | --key | --days)
        [ $# -ge 2 ] || bad_usage "$1: needs a value"
        ;;
    --force | --zoo | --help | -h)
        [ -z "$value" ] || bad_usage "$1: takes no value"
        ;;
    *) bad_usage "$(shown "$1"): unknown option" ;;
    esac
    case $1 in
    --out)
        [ -n "$2" ] || bad_usage "--out: needs a directory"
        out=$2
        shift
        ;;
    --host)
        add_host "$2"
        shift
        ;;
    --key)
        case $2 in
        ec256 | ec384 | rsa2048 | rsa3072 | ed25519 | all) key=$2 ;;
        *) bad_usage "--key '$(shown "$2")': not one of $key_types all" ;;
        esac
        shift
        ;;
    --days)
        case $2 in
        '' | *[!0-9]* | 0* | ????*) days=0 ;;
        *) days=$2 ;;
        esac
        if [ "$days" -lt 1 ] || [ "$days" -gt $most_days ]; then
            bad_usage "--days '$(shown "$2")': not a number from 1 to $most_days" \
                "clients refuse a server's certificate that lives longer"
        fi
        shift
        ;;
    --force) force=yes ;;
    --zoo) zoo=yes ;;
    --help | -h)
        usage
        exit 0
        ;;
    esac
    shift
done

command -v openssl >/dev/null 2>&1 ||
    die "openssl: command not found" "it is in the package openssl"
case $(openssl version 2>&1) in
'OpenSSL '[3-9].* | 'OpenSSL '[1-9][0-9].*) ;;
*) die "openssl: OpenSSL 3.0 or later is needed, this is $(
    openssl version 2>&1 | head -n 1
)" ;;
esac

# --- the directory, and one run at a time in it ----------------------------

if [ -z "$out" ]; then
    root=$(cd -- "$(dirname -- "$0")/.." && pwd)
    out=$root/certs
    [ "$(pwd)" != "$root" ] || out=certs
fi
case $out in
-*) out=./$out ;;
esac
where=${out%/} # as the user knows it; $out becomes absolute
now=$(date -u +%s)
me=$$-$now
lock=
tmp=
new_out=

clean_up() {
    trap '' HUP INT TERM
    cd /
    [ -z "$tmp" ] || rm -rf "$tmp"
    if [ -n "$lock" ] && [ "$(readlink "$lock" 2>/dev/null)" = "$me" ]; then
        rm -f "$lock"
    fi
    [ -z "$new_out" ] || rmdir "$out" 2>/dev/null || :
}

interrupted() {
    say 'gen-certs.sh: interrupted, nothing was changed' >&2
    exit "$1"
}

trap clean_up EXIT
trap 'interrupted 129' HUP
trap 'interrupted 130' INT
trap 'interrupted 143' TERM

if [ ! -d "$out" ]; then
    why=$(mkdir -p -- "$out" 2>&1) ||
        die "cannot make the directory $where: ${why##*: }"
    new_out=yes
fi
out=$(cd -- "$out" 2>/dev/null && pwd) ||
    die "cannot enter the directory $where: Permission denied"

is_running() {
    kill -0 "$1" 2>/dev/null || [ -d "/proc/$1" ]
}

# The lock is a symbolic link to "PID-TIME": one step makes it and says whose
# it is.  A killed run leaves it behind; one whose process is gone, or which is
# ten minutes old, holds nobody up.
take_lock() {
    lock=$out/.gen-certs.lock
    tries=0
    until why=$(ln -s "$me" "$lock" 2>&1); do
        tries=$((tries + 1))
        holder=$(readlink "$lock" 2>/dev/null) || holder=
        case $holder in
        '')
            # Either nobody may write here, or the lock was just released.
            [ $tries -lt 3 ] || die "cannot write in $where: ${why##*: }"
            ;;
        *[!0-9-]* | *-*-* | -* | *-) rm -f "$lock" ;;
        *-*)
            if ! is_running "${holder%-*}" ||
                [ $(($(date -u +%s) - ${holder#*-})) -gt 600 ]; then
                rm -f "$lock"
            elif [ $tries -gt 60 ]; then
                die "$where: another run is at work (process ${holder%-*})" \
                    "wait for it, or remove $where/.gen-certs.lock"
            else
                [ $tries -gt 1 ] || say "waiting for another run in $where" >&2
                sleep 1
            fi
            ;;
        *) rm -f "$lock" ;;
        esac
    done
}

take_lock
now=$(date -u +%s)
umask 077
# With the lock in hand, any other temporary directory is a killed run's.
rm -rf "$out"/.gen-certs.tmp.*
set -f # from here on a star is a wildcard in a certificate
tmp=$out/.gen-certs.tmp.$$
why=$(mkdir "$tmp" 2>&1) || die "cannot write in $where: ${why##*: }"

# --- issuing ---------------------------------------------------------------

# stamp SECONDS: that time from now as YYYYMMDDHHMMSSZ.  date(1) has no portable
# way to say it, so this is the usual count of days in the Gregorian calendar,
# with years that start in March.
stamp() (
    t=$((now + $1))
    d=$((t / day + 719468))
    t=$((t % day))
    era=$((d / 146097)) of_era=$((d % 146097))
    year=$(((of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365))
    of_year=$((of_era - (365 * year + year / 4 - year / 100)))
    month=$(((5 * of_year + 2) / 153))
    year=$((year + 400 * era + month / 10))
    printf '%04d%02d%02d%02d%02d%02dZ\n' $year \
        $((month < 10 ? month + 3 : month - 9)) \
        $((of_year - (153 * month + 2) / 5 + 1)) \
        $((t / hour)) $((t / 60 % 60)) $((t % 60))
)

# Before OpenSSL 3.4 only its `ca` command can choose a certificate's first
# day, so that is what signs here.  It takes random serials of 159 bits.
write_settings() {
    cat >"$tmp/openssl.cnf" <<'END'
[req]
distinguished_name = name
prompt = no
string_mask = utf8only
[name]
O = wirewrap
[ca]
default_ca = signer
[signer]
database = index
new_certs_dir = .
rand_serial = yes
crlnumber = crlnumber
crl_extensions = crl
unique_subject = no
copy_extensions = none
policy = any_name
default_md = default
[any_name]
organizationName = optional
commonName = optional
[crl]
authorityKeyIdentifier = keyid:always
END
    OPENSSL_CONF=$tmp/openssl.cnf
}

# Makes the directory that `openssl ca` wants to work in, and goes there.
workshop() {
    mkdir "$tmp/$1"
    cd "$tmp/$1"
    : >index
    echo 01 >crlnumber
}

# Runs openssl, which must not ask anything.
ossl() {
    openssl "$@" </dev/null >"$tmp/said" 2>&1 ||
        die "openssl $1 failed: $(
            sed 's/.*error:[^:]*:[^:]*:[^:]*:\([^:]*\).*/\1/' "$tmp/said" |
                tail -n 1
        )"
}

# new_request NAME TYPE SUBJECT: NAME.csr, and NAME.key unless there is one.
new_request() {
    request=$1 kind=$2 subject=$3
    if [ -f "$request.key" ]; then
        set -- -key "$request.key" -passin pass:
    else
        case $kind in
        ec*) set -- -newkey ec -pkeyopt "ec_paramgen_curve:P-${kind#ec}" ;;
        rsa*) set -- -newkey "rsa:${kind#rsa}" ;;
        *) set -- -newkey "$kind" ;;
        esac
        set -- "$@" -nodes -keyout "$request.key"
    fi
    ossl req -new -batch "$@" -subj "$subject" -out "$request.csr"
}

# sign NAME ISSUER EXTENSIONS [CA-OPTION]...: NAME.csr becomes NAME.crt, signed
# by ISSUER or, where that is "self", by its own key.
sign() {
    signed=$1 issuer=$2
    printf '%s\n' "$3" >"$signed.ext"
    shift 3
    case $issuer in
    self) set -- -selfsign -keyfile "$signed.key" "$@" ;;
    *) set -- -cert "$issuer.crt" -keyfile "$issuer.key" "$@" ;;
    esac
    ossl ca -batch -notext -passin pass: -in "$signed.csr" -out "$signed.crt" \
        -extfile "$signed.ext" -startdate "$from" -enddate "$until" "$@"
}

# ca_extensions [PATH-LENGTH]
ca_extensions() {
    say "basicConstraints = critical, CA:TRUE${1:+", pathlen:$1"}
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always"
}

# leaf_extensions USAGE [SAN]
leaf_extensions() {
    say "basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = $1
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always
${2:+"subjectAltName = $2"}"
}

# crl ISSUER FILE [CA-OPTION]...
crl() {
    issuer=$1 file=$2
    shift 2
    ossl ca -gencrl -cert "$issuer.crt" -keyfile "$issuer.key" -passin pass: \
        -out "$file" -crl_lastupdate "$from" -crl_nextupdate "$until" "$@"
}

# --- verifying -------------------------------------------------------------

# The names in a certificate, one per line, as OpenSSL prints them.
names_in() {
    openssl x509 -in "$1" -noout -ext subjectAltName 2>/dev/null |
        tr ',' '\n' | sed -n 's/^ *\(DNS:\)/\1/p; s/^ *IP Address:/IP:/p'
}

# Whether a certificate's alternative names hold a name: themselves, or with a
# wildcard for the whole first label.
names_fit() {
    names_in "$1" | grep -qixF -e "DNS:$2" -e "DNS:*.${2#*.}"
}

# verdict ROLE CA HOST CRL CHAIN: what a strict client (or, for the role
# client, server) says to CHAIN: sets $number (0: fine) and $words.
#
# `openssl verify` reports every error; the first is where a program gives up.
# It takes names from the subject, and wildcards for a part of a label, and has
# no option against either, unlike X509_VERIFY_PARAM_set_hostflags(); so where
# it finds nothing wrong the names are looked at once more.
verdict() {
    role=$1 anchor=$2 host=$3 list=$4 chain=$5
    set -- -x509_strict -auth_level 2 -no-CApath -no-CAstore \
        -CAfile "$anchor" -untrusted "$chain"
    [ "$role" = - ] || set -- "$@" -purpose "ssl$role"
    [ "$list" = - ] || set -- "$@" -crl_check_all -CRLfile "$list"
    if [ "$host" != - ]; then
        if is_address "$host"; then
            set -- "$@" -verify_ip "$host"
        else
            set -- "$@" -verify_hostname "$host"
        fi
    fi
    number=0 words=ok
    if ! openssl verify "$@" "$chain" </dev/null >"$tmp/said" 2>&1; then
        first=$(sed -n 's/^error \([0-9]*\) at [0-9]* depth lookup: */\1 /p' \
            "$tmp/said" | head -n 1)
        number=${first%% *} words=${first#* }
        if [ -z "$number" ]; then
            number=- words="cannot be read"
        fi
    elif [ "$host" != - ] && ! is_address "$host" && ! names_fit "$chain" "$host"; then
        number=62 words='hostname mismatch'
    fi
}

# Whether NAME.pem holds the public half of NAME.key.
is_pair() {
    [ "$(openssl x509 -in "$1.pem" -noout -pubkey 2>/dev/null)" = "$(
        openssl pkey -in "$1.key" -pubout -passin pass: 2>/dev/null || echo none
    )" ]
}

# must_be NUMBER ROLE CA HOST CRL FILE: verifies a part of the set.
must_be() {
    must=$1
    shift
    verdict "$@"
    [ "$number" != "$must" ] || return 0
    if [ "$must" -ne 0 ]; then
        words="is not revoked by crl.pem, but $words ($number)"
    fi
    case $number in
    62 | 64) words="$words (as $3)" ;;
    esac
    die "$where/$5: $words" ${kept:+"--force replaces the whole set"}
}

# --- the good set ----------------------------------------------------------

made=
kept=
reused= # made for a key that was there

# wanted NAME: whether the pair NAME has to be made; brings along what is kept.
# Certificates are made anew for a key that is there, never the other way.
wanted() {
    for file in "$1.pem" "$1.key"; do
        [ ! -e "../../$file" ] || [ -f "../../$file" ] ||
            die "$where/$file: in the way, and not a file"
        if [ -z "$force" ] && [ -e "../../$file" ]; then
            why=$(cp "../../$file" "$file" 2>&1) ||
                die "$where/$file: cannot be read: ${why##*: }"
        fi
    done
    if [ ! -f "$1.pem" ]; then
        made="$made $1"
        [ ! -f "$1.key" ] || reused="$reused $1"
        return 0
    fi
    kept="$kept $1"
    # Without its key a CA can still be verified against.
    [ -f "$1.key" ] || holds 'ca intermediate crl' "$1" ||
        die "$where/$1.key: missing, while $1.pem is there" \
            "remove $1.pem, or --force replaces the whole set"
    return 1
}

# A CA's key is missed only when there is something to sign.
need_key() {
    [ -f "$1.key" ] || die "$where/$1.key: missing, and needed to sign $2" \
        '--force replaces the whole set'
}

# leaf NAME ISSUER TYPE COMMON-NAME USAGE [SAN]: NAME.pem as it is served.
leaf() {
    [ "$2" = self ] || need_key "$2" "$1.pem"
    new_request "$1" "$3" "/O=wirewrap/CN=$4"
    sign "$1" "$2" "$(leaf_extensions "$5" "${6-}")"
    cp "$1.crt" "$1.pem"
    [ "$2" = self ] || cat "$2.pem" >>"$1.pem"
}

server_names() {
    list='localhost'
    machine=$(lower "$(uname -n)")
    case $machine in
    '*'*) ;;
    *) if is_name "$machine"; then list="$list $machine"; fi ;;
    esac
    list="$list$hosts 127.0.0.1 ::1"
    san=
    for host in $list; do
        if is_address "$host"; then host=IP:$host; else host=DNS:$host; fi
        case ",$san," in
        *",$host,"*) ;;
        *) san=$san${san:+,}$host ;;
        esac
    done
}

make_cas() {
    until=$(stamp $((3650 * day)))
    if wanted ca; then
        new_request ca ec256 '/O=wirewrap/CN=wirewrap root CA'
        sign ca self "$(ca_extensions)"
        cp ca.crt ca.pem
    else
        cp ca.pem ca.crt
    fi
    until=$(stamp $((1825 * day)))
    if wanted intermediate; then
        need_key ca intermediate.pem
        new_request intermediate ec256 '/O=wirewrap/CN=wirewrap intermediate CA'
        sign intermediate ca "$(ca_extensions 0)"
        cp intermediate.crt intermediate.pem
    else
        cp intermediate.pem intermediate.crt
    fi
}

# The CRL revokes one certificate, which is here to be tried: revoked.pem.
# Both CAs have a list in it, because who checks a whole chain needs both.
make_crl() {
    wanted crl || return 0
    need_key ca crl.pem
    need_key intermediate crl.pem
    until=$(stamp $((1825 * day)))
    crl ca root.crl
    ossl ca -revoke revoked.pem -crl_reason superseded \
        -cert intermediate.crt -keyfile intermediate.key -passin pass:
    crl intermediate intermediate.crl
    cat root.crl intermediate.crl >crl.pem
}

make_set() {
    type=$key
    case $type in
    '' | all) type=ec256 ;;
    esac
    server_names
    make_cas
    until=$(stamp $((days * day - hour)))
    if wanted server; then
        leaf server intermediate "$type" 'wirewrap server' serverAuth "$san"
    fi
    if wanted client; then
        leaf client intermediate "$type" 'wirewrap client' clientAuth \
            DNS:client.wirewrap.test
    fi
    if wanted revoked; then
        leaf revoked intermediate ec256 'wirewrap revoked server' serverAuth "$san"
    fi
    if wanted self-signed; then
        leaf self-signed self "$type" 'wirewrap self-signed server' serverAuth "$san"
    fi
    # Those there are of other key types hang from the CA that --force replaces.
    servers=server
    for type in $key_types; do
        if [ "$key" != all ] && [ ! -e "../../server-$type.pem" ]; then
            continue
        fi
        servers="$servers server-$type"
        if wanted "server-$type"; then
            leaf "server-$type" intermediate "$type" "wirewrap server ($type)" \
                serverAuth "$san"
        fi
    done
    make_crl
}

# The key type of a certificate, in the words of --key.
type_of() {
    openssl x509 -in "$1" -noout -text | sed -n '
        s/.*Public Key Algorithm: rsaEncryption/rsa/p
        s/.*Public Key Algorithm: id-ecPublicKey/ec/p
        s/.*Public Key Algorithm: ED25519/ed25519/p
        s/.*Public-Key: (\([0-9]*\) bit.*/\1/p' | head -n 2 | tr -d '\n'
}

# A kept certificate has to be what is asked for now.
check_request() {
    for name in $servers; do
        holds "$kept" "$name" || continue
        for host in $hosts; do
            if is_address "$host"; then
                openssl x509 -in "$name.pem" -noout -checkip "$host" |
                    grep -q 'does match'
            else
                names_fit "$name.pem" "$host"
            fi || die "$where/$name.pem: kept, but not made for $host" \
                '--force replaces the whole set'
        done
    done
    case $key in
    '' | all) return 0 ;;
    esac
    type=$(type_of server.pem)
    [ "$type" = "$key" ] ||
        die "$where/server.pem: kept, but its key is $type and not $key" \
            '--force replaces the whole set'
}

check_set() {
    must_be 0 - ca.pem - - ca.pem
    must_be 0 - ca.pem - - intermediate.pem
    for name in $servers self-signed client revoked; do
        is_pair "$name" || die "$where/$name.key: is not the key of $name.pem" \
            "remove both, or --force replaces the whole set"
    done
    for name in $servers; do
        must_be 0 server ca.pem localhost crl.pem "$name.pem"
        for host in $(names_in "$name.pem" | sed 's/^[A-Z]*://; s/^[*]/any/'); do
            must_be 0 server ca.pem "$host" - "$name.pem"
        done
    done
    must_be 0 client ca.pem - crl.pem client.pem
    must_be 0 server self-signed.pem localhost - self-signed.pem
    must_be 0 server ca.pem localhost - revoked.pem
    must_be 23 server ca.pem localhost crl.pem revoked.pem
    check_request
}

# --- into place, and the report --------------------------------------------

# Short, and not to be interrupted: half of a set is worse than an old one.
install_all() {
    trap '' HUP INT TERM
    [ "$(readlink "$lock")" = "$me" ] ||
        die "$where: another run took over, nothing was changed"
    cd "$tmp"
    for name in $made; do
        case $name in
        zoo)
            [ ! -e "$out/zoo" ] || mv "$out/zoo" old-zoo
            mv zoo "$out/zoo"
            ;;
        *)
            chmod 644 "set/$name.pem"
            if [ -f "set/$name.key" ] && ! holds "$reused" "$name"; then
                mv -f "set/$name.key" "$out/$name.key"
            fi
            mv -f "set/$name.pem" "$out/$name.pem"
            ;;
        esac
    done
    new_out=
}

# A path as the shell takes it.
quoted() {
    case $1 in
    *[!A-Za-z0-9_./+,:@%-]*)
        printf "'%s'\n" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
        ;;
    *) say "$1" ;;
    esac
}

report_pairs() {
    for name in $2; do
        if [ "$name" = zoo ]; then
            say "$1 zoo/"
        elif [ "$1" = made ] && holds "$reused" "$name"; then
            say "made $name.pem, for the $name.key that was there"
        elif [ -f "$name.key" ]; then
            say "$1 $name.pem $name.key"
        else
            say "$1 $name.pem"
        fi
    done
}

report() {
    program=wirewrap
    if ! command -v wirewrap >/dev/null && [ "$start" = "${shop%/*}" ]; then
        program=bin/wirewrap
    fi
    cd "$out"
    report_pairs kept "$kept"
    report_pairs made "$made"
    [ -n "$made" ] || say 'everything was there; --force replaces it'
    pin=$(openssl x509 -in server.pem -noout -pubkey |
        openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary |
        openssl base64)
    cat <<END

names    $(names_in server.pem | sed 's/^[A-Z]*://' | sed "s|0:0:0:0:0:0:0:1|::1|" | paste -s -d ' ' -)
expires  $(openssl x509 -in server.pem -noout -enddate | sed 's/.*=//')
pin      sha256/$pin

$program server --cert $(quoted "$where/server.pem") --key $(quoted "$where/server.key") tls://localhost
$program client --ca $(quoted "$where/ca.pem") tls://localhost
END
}

write_settings
from=$(stamp -$hour)
workshop set
make_set
check_set
if [ -n "$zoo" ]; then
    # shellcheck source=scripts/gen-certs-zoo.sh
    . "$shop/gen-certs-zoo.sh"
    make_zoo
fi
install_all
report
[ -z "$zoo" ] || report_zoo
