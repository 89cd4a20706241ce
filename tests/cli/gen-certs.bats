#!/usr/bin/env bats
# One set and one zoo are made for the whole file; a test that changes
# something does so in a copy.

setup_file() {
    export GEN="$BATS_TEST_DIRNAME/../../scripts/gen-certs.sh"
    export SET="$BATS_FILE_TMPDIR/set"
    "$GEN" --out "$SET" --host www.wirewrap.test --zoo \
        >"$BATS_FILE_TMPDIR/report"
}

setup() {
    out="$BATS_TEST_TMPDIR/out"
}

copy_of_the_set() {
    mkdir "$out"
    cp -p "$SET"/*.* "$out"
}

sums() {
    (cd "$1" && find . -type f -exec sha256sum {} + | sort)
}

# strict ROLE DIR FILE [OPTION]...: verifies as a strict peer would.
strict() {
    local role=$1 dir=$2 file=$3
    shift 3
    openssl verify -x509_strict -auth_level 2 -purpose "ssl$role" -no-CApath \
        -CAfile "$dir/ca.pem" -untrusted "$dir/$file" "$@" "$dir/$file"
}

# is_usage_error WORD ARGS...: status 2, one line that holds WORD and a hint,
# and nothing made.
is_usage_error() {
    local word=$1
    shift
    run "$GEN" --out "$out" "$@"
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 2 ]
    [[ ${lines[0]} == "gen-certs.sh: "*"$word"* ]]
    [[ ${lines[1]} == "hint: "* ]]
    [ ! -e "$out" ]
}

# is_told TEXT [HINT]: the run before failed with these two lines.
is_told() {
    [ "$status" -eq 1 ]
    [[ ${lines[0]} == "gen-certs.sh: "*"$1"* ]]
    [ $# -eq 1 ] || [[ ${lines[1]} == "hint: "*"$2"* ]]
}

# --- the good set

@test "gen-certs: the default set is there, keys for nobody else to read" {
    for name in ca intermediate server client revoked self-signed; do
        [ "$(stat -c %a "$SET/$name.pem")" = 644 ]
        [ "$(stat -c %a "$SET/$name.key")" = 600 ]
    done
    [ "$(stat -c %a "$SET/crl.pem")" = 644 ]
    [ -z "$(find "$SET" -name '.*')" ]
    [ -z "$(find "$SET" -name '*.key' ! -perm 600)" ]
}

@test "gen-certs: chains are the leaf first, then the intermediate" {
    for name in server client; do
        [ "$(grep -c BEGIN "$SET/$name.pem")" -eq 2 ]
        cmp "$SET/intermediate.pem" \
            <(sed -n '/END/,$p' "$SET/$name.pem" | tail -n +2)
    done
}

@test "gen-certs: every good chain passes strict verification, CRL and all" {
    for host in localhost www.wirewrap.test; do
        strict server "$SET" server.pem -verify_hostname $host \
            -crl_check_all -CRLfile "$SET/crl.pem"
    done
    for address in 127.0.0.1 ::1; do
        strict server "$SET" server.pem -verify_ip $address
    done
    strict client "$SET" client.pem -crl_check_all -CRLfile "$SET/crl.pem"
    openssl verify -x509_strict -purpose sslserver -no-CApath \
        -verify_hostname localhost \
        -CAfile "$SET/self-signed.pem" "$SET/self-signed.pem"
}

@test "gen-certs: client and server certificates do not stand in for each other" {
    run strict client "$SET" server.pem
    [ "$status" -ne 0 ]
    run strict server "$SET" client.pem
    [ "$status" -ne 0 ]
}

@test "gen-certs: the revoked certificate is refused with the CRL only" {
    strict server "$SET" revoked.pem
    run strict server "$SET" revoked.pem -crl_check_all -CRLfile "$SET/crl.pem"
    [ "$status" -ne 0 ]
    [[ $output == *"error 23 at 0"* ]]
}

@test "gen-certs: CAs and leaves have the extensions that RFC 5280 asks for" {
    text=$(openssl x509 -in "$SET/ca.pem" -noout -text)
    [[ $text == *"Basic Constraints: critical"*"CA:TRUE"* ]]
    [[ $text == *"Key Usage: critical"*"Certificate Sign, CRL Sign"* ]]
    [[ $text == *"Subject Key Identifier"* ]]
    text=$(openssl x509 -in "$SET/intermediate.pem" -noout -text)
    [[ $text == *"Basic Constraints: critical"*"CA:TRUE, pathlen:0"* ]]
    text=$(openssl x509 -in "$SET/server.pem" -noout -text)
    [[ $text == *"CA:FALSE"*"Digital Signature"*"Authority Key Identifier"* ]]
    [ "$(openssl x509 -in "$SET/server.pem" -noout -ext extendedKeyUsage |
        sed -n '2s/^ *//p')" = "TLS Web Server Authentication" ]
    [ "$(openssl x509 -in "$SET/client.pem" -noout -ext extendedKeyUsage |
        sed -n '2s/^ *//p')" = "TLS Web Client Authentication" ]
}

@test "gen-certs: serials have 64 bits at least, and no two are the same" {
    serials=$(for name in ca intermediate server client revoked self-signed; do
        openssl x509 -in "$SET/$name.pem" -noout -serial
    done)
    [ "$(sort -u <<<"$serials" | wc -l)" -eq 6 ]
    [ "$(grep -cE '^serial=[0-9A-F]{17,}$' <<<"$serials")" -eq 6 ]
}

@test "gen-certs: the report has names, expiry, the key's pin and two commands" {
    report=$(cat "$BATS_FILE_TMPDIR/report")
    pin=$(openssl x509 -in "$SET/server.pem" -noout -pubkey |
        openssl pkey -pubin -outform DER | openssl dgst -sha256 -binary | base64)
    [[ $report == *"made server.pem server.key"* ]]
    [[ $report == *"names    localhost "*"www.wirewrap.test"* ]]
    [[ $report == *"expires  "* ]]
    [[ $report == *"pin      sha256/$pin"* ]]
    # bin/wirewrap where the program is not installed and that is where one stands
    [[ $report == *"wirewrap server --cert $SET/server.pem --key $SET/server.key tls://localhost
"*"wirewrap client --ca $SET/ca.pem tls://localhost"* ]]
}

# --- running it again

@test "gen-certs: a second run keeps everything and says so" {
    copy_of_the_set
    before=$(sums "$out")
    run "$GEN" --out "$out" --host www.wirewrap.test
    [ "$status" -eq 0 ]
    [[ $output == *"kept server.pem server.key"*"kept crl.pem"* ]]
    [[ $output != *made* ]]
    [ "$(sums "$out")" = "$before" ]
}

@test "gen-certs: --force replaces every file" {
    copy_of_the_set
    run "$GEN" --out "$out" --force
    [ "$status" -eq 0 ]
    [[ $output != *kept* ]]
    [ -z "$(comm -12 <(sums "$SET") <(sums "$out"))" ]
    strict server "$out" server.pem -verify_hostname localhost
}

@test "gen-certs: --force replaces servers of other key types too" {
    copy_of_the_set
    for end in pem key; do
        cp "$out/server.$end" "$out/server-ec384.$end"
    done
    before=$(sums "$out")
    "$GEN" --out "$out" --force
    [ -z "$(comm -12 - <(sums "$out") <<<"$before")" ]
    strict server "$out" server-ec384.pem
}

@test "gen-certs: what is missing is added, what is there stays" {
    copy_of_the_set
    rm "$out/client.pem" "$out/client.key" "$out/self-signed.pem"
    run "$GEN" --out "$out"
    [ "$status" -eq 0 ]
    [[ $output == *"made client.pem client.key"* ]]
    [[ $output == *"made self-signed.pem, for the self-signed.key that was there"* ]]
    cmp "$out/server.pem" "$SET/server.pem"
    cmp "$out/self-signed.key" "$SET/self-signed.key"
    strict client "$out" client.pem -crl_check_all -CRLfile "$out/crl.pem"
}

@test "gen-certs: a kept set whose server has expired is told, with the remedy" {
    mkdir "$out"
    zoo="$SET/zoo"
    cp "$zoo/ca.pem" "$zoo/crl.pem" "$zoo"/self-signed.* "$zoo"/revoked.* "$out"
    sed '1,/END/d' "$zoo/good.pem" >"$out/intermediate.pem"
    for end in pem key; do
        cp "$zoo/expired.$end" "$out/server.$end"
        cp "$zoo/good-client.$end" "$out/client.$end"
    done
    before=$(sums "$out")
    run "$GEN" --out "$out"
    is_told "server.pem: certificate has expired" --force
    [ "$(sums "$out")" = "$before" ]
}

@test "gen-certs: a kept server from another CA is told, with the remedy" {
    copy_of_the_set
    cp "$SET/zoo/good.pem" "$out/server.pem"
    cp "$SET/zoo/good.key" "$out/server.key"
    run "$GEN" --out "$out"
    is_told "server.pem: unable to get local issuer certificate" --force
}

@test "gen-certs: a kept server for other hosts than asked is told" {
    copy_of_the_set
    for host in new.wirewrap.test 10.1.2.3 fd00::1 '*.wirewrap.test'; do
        run "$GEN" --out "$out" --host "$host"
        is_told "server.pem: kept, but not made for $host" --force
    done
    "$GEN" --out "$out" --force --host new.wirewrap.test
    "$GEN" --out "$out" --host NEW.wirewrap.test
}

@test "gen-certs: a kept server with another type of key than asked is told" {
    copy_of_the_set
    run "$GEN" --out "$out" --key ed25519
    is_told "server.pem: kept, but its key is ec256 and not ed25519" --force
}

@test "gen-certs: a missing or foreign key is told" {
    copy_of_the_set
    rm "$out/server.key"
    run "$GEN" --out "$out"
    is_told "server.key: missing" --force
    cp "$out/client.key" "$out/server.key"
    run "$GEN" --out "$out"
    is_told "server.key: is not the key of server.pem" --force
}

@test "gen-certs: a CA's key may be gone until something has to be signed" {
    copy_of_the_set
    rm "$out/ca.key" "$out/intermediate.key"
    "$GEN" --out "$out"
    rm "$out/client.pem" "$out/client.key"
    run "$GEN" --out "$out"
    is_told "intermediate.key: missing, and needed to sign client.pem" --force
}

# --- options

@test "gen-certs: --host takes names, wildcards, IPv4 and IPv6, also with =" {
    "$GEN" --out "$out" --host a.wirewrap.test --host='*.wild.test' \
        --host 192.0.2.7 --host 2001:db8::7 --host Upper.Test --host localhost
    for host in a.wirewrap.test any.wild.test upper.test localhost; do
        strict server "$out" server.pem -verify_hostname $host
    done
    for address in 192.0.2.7 2001:db8::7 127.0.0.1 ::1; do
        strict server "$out" server.pem -verify_ip $address
    done
    names=$(openssl x509 -in "$out/server.pem" -noout -ext subjectAltName)
    [ "$(grep -o DNS:localhost <<<"$names" | wc -l)" -eq 1 ]
}

@test "gen-certs: --host refuses what is neither a name nor an address" {
    long=$(printf 'a%.0s' {1..64})
    for host in '' ' ' 'a b' 'a,b' 'a/b' 'a"b' "a'b" $'a\nb' "a\$b" 'a=b' 'a;b' \
        'a:b' '@a' -a a- .a a. a..b '*' '*.test' 'a*.wirewrap.test' \
        '*.*.wirewrap.test' x.'*'.test 'xin-chào' "$long" 256.1.1.1 1.2.3 \
        1.2.3.4.5 01.2.3.4 1.2.3.4. '[::1]' : ::: 1::2::3 :1::2 1:2:3:4:5:6:7 \
        1:2:3:4:5:6:7:8:9 12345::1 fe80::1%eth0 DNS:a; do
        is_usage_error --host --host "$host"
    done
}

@test "gen-certs: --key makes leaves of each type, and the CAs stay as they are" {
    for type in ec384 rsa2048 rsa3072 ed25519; do
        case $type in
        ec*) words="(${type#ec} bit)" ;;
        rsa*) words="(${type#rsa} bit)" ;;
        *) words=ED25519 ;;
        esac
        "$GEN" --out "$out.$type" --key $type
        for name in server client self-signed; do
            [[ $(openssl x509 -in "$out.$type/$name.pem" -noout -text) == \
                *"Public Key Algorithm"*"$words"* ]]
        done
        strict server "$out.$type" server.pem -verify_hostname localhost
        [[ $(openssl x509 -in "$out.$type/ca.pem" -noout -text) == *"(256 bit)"* ]]
    done
}

@test "gen-certs: --key all adds a server of each type to the usual set" {
    copy_of_the_set
    run "$GEN" --out "$out" --key all
    [ "$status" -eq 0 ]
    [[ $output == *"kept server.pem server.key"* ]]
    for type in ec256 ec384 rsa2048 rsa3072 ed25519; do
        [[ $output == *"made server-$type.pem server-$type.key"* ]]
        [ "$(stat -c %a "$out/server-$type.key")" = 600 ]
        strict server "$out" "server-$type.pem" -verify_ip ::1
    done
}

# ends DAYS FILE: whether it ends within the hours before that many days.
ends() {
    openssl x509 -in "$2" -noout -checkend $((($1 - 1) * 86400)) &&
        ! openssl x509 -in "$2" -noout -checkend $(($1 * 86400))
}

@test "gen-certs: leaves live for 397 days or --days, from an hour ago" {
    ends 397 "$SET/server.pem"
    "$GEN" --out "$out" --days 30
    for name in server client revoked self-signed; do
        ends 30 "$out/$name.pem"
        start=$(openssl x509 -in "$out/$name.pem" -noout -startdate)
        age=$(($(date +%s) - $(date -d "${start#*=}" +%s)))
        [ $age -ge 3600 ]
        [ $age -lt 3900 ]
    done
    openssl x509 -in "$out/ca.pem" -noout -checkend $((3640 * 86400))
    "$GEN" --out "$out.most" --days 825
}

@test "gen-certs: --days refuses what is not a number from 1 to 825" {
    for days in '' 0 -1 826 1e2 '3 0' 99999999999999999999 x; do
        is_usage_error --days --days "$days"
    done
}

@test "gen-certs: an unknown option or value is a usage error that names it" {
    is_usage_error "--bogus: unknown option" --bogus
    is_usage_error "word: unknown option" word
    is_usage_error "--key 'dsa'" --key dsa
    is_usage_error "--key ''" --key ''
    is_usage_error "--host: needs a value" --host
    is_usage_error "--zoo: takes no value" --zoo=yes
    run "$GEN" --out ''
    [ "$status" -eq 2 ]
}

@test "gen-certs: --help lists every option and makes nothing" {
    run "$GEN" --out "$out" --help
    [ "$status" -eq 0 ]
    for option in out host key days force zoo help; do
        grep -q -- "^  --$option " <<<"$output"
    done
    [ ! -e "$out" ]
}

# --- surroundings

@test "gen-certs: a file where the directory should be is told" {
    touch "$out"
    run "$GEN" --out "$out"
    is_told "cannot make the directory $out"
    run "$GEN" --out "$out/below"
    is_told "cannot make the directory $out/below: Not a directory"
    [ ! -s "$out" ]
}

@test "gen-certs: a directory where a file should be is told" {
    mkdir -p "$out/server.pem"
    run "$GEN" --out "$out"
    is_told "server.pem: in the way"
    [ "$(ls -A "$out")" = server.pem ]
}

@test "gen-certs: a missing openssl, or one that is too old, is told" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    for tool in sh dash cat tr dirname; do
        ln -s "$(command -v $tool)" "$BATS_TEST_TMPDIR/bin/$tool"
    done
    PATH="$BATS_TEST_TMPDIR/bin" run "$GEN" --out "$out"
    is_told "openssl: command not found" openssl
    ln -s "$(command -v head)" "$BATS_TEST_TMPDIR/bin/head"
    printf '#!/bin/sh\necho LibreSSL 3.6.0\n' >"$BATS_TEST_TMPDIR/bin/openssl"
    chmod +x "$BATS_TEST_TMPDIR/bin/openssl"
    PATH="$BATS_TEST_TMPDIR/bin" run "$GEN" --out "$out"
    is_told "OpenSSL 3.0 or later is needed, this is LibreSSL 3.6.0"
    [ ! -e "$out" ]
}

@test "gen-certs: by default fills certs/ of its tree, from any directory" {
    mkdir -p "$BATS_TEST_TMPDIR/a tree/scripts" "$BATS_TEST_TMPDIR/else where"
    cp "$GEN" "$BATS_TEST_TMPDIR/a tree/scripts"
    cd "$BATS_TEST_TMPDIR/else where"
    run "../a tree/scripts/gen-certs.sh"
    [ "$status" -eq 0 ]
    [[ $output == *"--ca '"*"/a tree/certs/ca.pem' tls://localhost" ]]
    strict server "$BATS_TEST_TMPDIR/a tree/certs" server.pem
    [ -z "$(ls -A)" ]
    cd "../a tree"
    run scripts/gen-certs.sh
    [ "$status" -eq 0 ]
    [[ $output == *"--ca certs/ca.pem tls://localhost" ]]
}

@test "gen-certs: works under dash and bash, whatever the system's settings" {
    echo '= rubbish [' >"$BATS_TEST_TMPDIR/openssl.cnf"
    export OPENSSL_CONF="$BATS_TEST_TMPDIR/openssl.cnf" CDPATH=/ LC_ALL=nowhere
    for shell in dash bash; do
        command -v $shell >/dev/null || continue
        $shell "$GEN" --out "$out $shell" --host '*.a.test'
        OPENSSL_CONF=/dev/null strict server "$out $shell" server.pem
    done
}

@test "gen-certs: --force --zoo replaces all, and nothing outside --out" {
    cp -pr "$SET" "$out"
    for name in home tmp cwd; do mkdir "$BATS_TEST_TMPDIR/$name"; done
    cd "$BATS_TEST_TMPDIR/cwd"
    HOME="$BATS_TEST_TMPDIR/home" TMPDIR="$BATS_TEST_TMPDIR/tmp" \
        "$GEN" --out ../out --force --zoo </dev/null
    [ "$(comm -12 <(sums "$SET") <(sums "$out") | wc -l)" -eq 1 ]
    cmp "$SET/zoo/expectations.tsv" "$out/zoo/expectations.tsv"
    [ -z "$(find ../home ../tmp . -type f)" ]
    [ -z "$(find ../out -name '.*' ! -name ..)" ]
}

@test "gen-certs: an interrupted run leaves nothing half made" {
    "$GEN" --out "$out" --key all --zoo >"$out.said" 2>&1 3>&- &
    pid=$!
    for _ in $(seq 200); do
        compgen -G "$out/.gen-certs.tmp.*/zoo/*" >/dev/null && break
        sleep 0.05
    done
    kill -TERM $pid
    status=0
    wait $pid || status=$?
    [ $status -eq 143 ]
    grep -q interrupted "$out.said"
    [ ! -e "$out" ]
}

@test "gen-certs: what a killed run left behind is cleared away" {
    copy_of_the_set
    mkdir "$out/.gen-certs.tmp.1"
    touch "$out/.gen-certs.tmp.1/ca.key"
    # Above what Linux gives to processes.
    ln -s "4194999-$(date +%s)" "$out/.gen-certs.lock"
    "$GEN" --out "$out"
    ln -s "$$-1000" "$out/.gen-certs.lock"
    "$GEN" --out "$out"
    [ -z "$(find "$out" -name '.gen*')" ]
}

@test "gen-certs: two runs at once take turns" {
    "$GEN" --out "$out" >"$out.1" 2>&1 3>&- &
    one=$!
    "$GEN" --out "$out" >"$out.2" 2>&1 3>&- &
    two=$!
    wait $one
    wait $two
    [ "$(cat "$out.1" "$out.2" | grep -c '^made ca.pem')" -eq 1 ]
    [ "$(cat "$out.1" "$out.2" | grep -c '^kept ca.pem')" -eq 1 ]
    strict server "$out" server.pem -crl_check_all -CRLfile "$out/crl.pem"
}

# --- the zoo

zoo_rows() {
    grep -v '^#' "$SET/zoo/expectations.tsv"
}

@test "zoo: the table has eight columns, and a chain and a key for each row" {
    [ "$(head -n 1 "$SET/zoo/expectations.tsv")" = \
        $'#name\trole\tca\thost\tcrl\tverify\twords\tnote' ]
    awk -F '\t' 'NF != 8 { exit 1 } { for (i = 1; i <= 8; i++) if ($i == "") exit 1 }' \
        "$SET/zoo/expectations.tsv"
    [ "$(zoo_rows | cut -f 1 | sort -u | wc -l)" -eq "$(zoo_rows | wc -l)" ]
    while IFS=$'\t' read -r name _ anchor _ list _; do
        [ -s "$SET/zoo/$name.pem" ]
        [ "$(stat -c %a "$SET/zoo/$name.key")" = 600 ]
        [ -s "$SET/zoo/$anchor" ]
        [ "$list" = - ] || [ -s "$SET/zoo/$list" ]
    done < <(zoo_rows)
}

@test "zoo: every kind of bad certificate is in it, and good ones for control" {
    for name in expired not-yet-valid wrong-name cn-only self-signed unknown-ca \
        missing-intermediate intermediate-not-ca leaf-as-ca wrong-eku \
        client-wrong-eku revoked weak-key sha1 key-mismatch name-constraint \
        pathlen wildcard-too-deep wildcard-partial ip-in-dns nul-in-name \
        long-chain huge-names empty-san critical-extension corrupt-signature \
        good good-wildcard good-address good-client; do
        zoo_rows | cut -f 1 | grep -qx -- $name
    done
}

@test "zoo: every row that verification decides gets its verdict" {
    cd "$SET/zoo"
    while IFS=$'\t' read -r name role anchor host list verify words _; do
        options=(-x509_strict -auth_level 2 -purpose "ssl$role" -no-CApath
            -CAfile "$anchor" -untrusted "$name.pem")
        case $host in
        -) ;;
        *:* | [0-9]*) options+=(-verify_ip "$host") ;;
        *) options+=(-verify_hostname "$host") ;;
        esac
        [ "$list" = - ] || options+=(-crl_check_all -CRLfile "$list")
        run openssl verify "${options[@]}" "$name.pem"
        case $verify in
        -) continue ;;
        ok) [ "$status" -eq 0 ] ;;
        *)
            # The command has no option against these two; programs have.
            case $name in
            cn-only | wildcard-partial) continue ;;
            esac
            first=$(grep -m 1 '^error [0-9]' <<<"$output")
            [[ $first =~ ^error\ ($verify)\ at ]]
            [[ $first == *"$words" ]]
            ;;
        esac
    done < <(zoo_rows)
}

@test "zoo: no other key is wrong than the one that should be" {
    cd "$SET/zoo"
    while read -r name; do
        certificate=$(openssl x509 -in "$name.pem" -noout -pubkey)
        if [ "$certificate" = "$(openssl pkey -in "$name.key" -pubout)" ]; then
            [ "$name" != key-mismatch ]
        else
            [ "$name" = key-mismatch ]
        fi
    done < <(zoo_rows | cut -f 1)
}

# serve NAME: what a client hears from `openssl s_server` with that chain.
# (With -www it does not mind that its input is at an end.)
serve() {
    cd "$SET/zoo" || return
    sed '1,/END/d' "$1.pem" >"$BATS_TEST_TMPDIR/rest.pem"
    openssl s_server -accept 127.0.0.1:0 -naccept 1 -www \
        -cipher DEFAULT@SECLEVEL=0 -cert "$1.pem" -key "$1.key" \
        -cert_chain "$BATS_TEST_TMPDIR/rest.pem" \
        >"$BATS_TEST_TMPDIR/server" 2>&1 </dev/null 3>&- &
    server=$!
    port=
    for _ in $(seq 100); do
        port=$(sed -n 's/^ACCEPT .*://p' "$BATS_TEST_TMPDIR/server")
        [ -z "$port" ] || break
        kill -0 $server 2>/dev/null || break
        sleep 0.05
    done
    run timeout 10 openssl s_client -connect "127.0.0.1:$port" -CAfile ca.pem \
        -x509_strict -verify_return_error -verify_hostname localhost </dev/null
    kill $server 2>/dev/null || :
    wait $server || :
}

@test "zoo: openssl s_server can serve even what is weak, broken or huge" {
    while IFS=$'\t' read -r name text; do
        serve "$name"
        [ "$status" -ne 0 ] || [ "$name" = good ]
        [[ $output == *"$text"* ]]
    done <<'END'
good	Verify return code: 0 (ok)
weak-key	certificate key too weak
sha1	digest algorithm too weak
corrupt-signature	certificate signature failure
long-chain	certificate chain too long
huge-names	excessive message size
END
}

@test "zoo: a key that does not match cannot even be loaded" {
    cd "$SET/zoo"
    run openssl s_server -accept 127.0.0.1:0 -cert key-mismatch.pem \
        -key key-mismatch.key
    [ "$status" -ne 0 ]
    [[ $output == *"key values mismatch"* ]]
}

@test "zoo: the run prints what each must be refused for" {
    report=$(cat "$BATS_FILE_TMPDIR/report")
    [[ $report == *"made zoo/"* ]]
    while IFS=$'\t' read -r name _ _ _ _ _ words _; do
        [ "$words" != ok ] || words='(must be accepted)'
        line=$(grep "^$name " <<<"$report")
        [[ $line == *"$words"* ]]
    done < <(zoo_rows)
}

@test "zoo: it is kept, and told when it lies" {
    cp -pr "$SET" "$out"
    before=$(sums "$out")
    run "$GEN" --out "$out" --zoo
    [ "$status" -eq 0 ]
    [[ $output == *"kept zoo/"* ]]
    [ "$(sums "$out")" = "$before" ]
    cp "$out/zoo/good.pem" "$out/zoo/expired.pem"
    run "$GEN" --out "$out" --zoo
    is_told "zoo/expired.pem: expected 10, found 0" --force
}

@test "zoo: a directory of that name which is somebody else's is left alone" {
    copy_of_the_set
    mkdir "$out/zoo"
    touch "$out/zoo/elephant"
    run "$GEN" --out "$out" --zoo --force
    is_told "zoo: in the way"
    [ -e "$out/zoo/elephant" ]
    cmp "$out/server.pem" "$SET/server.pem"
}
