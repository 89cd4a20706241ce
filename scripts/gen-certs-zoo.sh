# The zoo of gen-certs.sh, which reads this file: certificates that are wrong in
# one way each, a few that are right, and the table of what is expected.  It uses
# gen-certs.sh's own functions for issuing and verifying, and its variables.
# shellcheck shell=sh disable=SC2034,SC2154
set -eu

case_key=ec256
case_words=-

# case_leaf NAME ISSUER USAGE SAN [CA-OPTION]...
case_leaf() {
    name=$1 signer=$2 extensions=$(leaf_extensions "$3" "$4")
    shift 4
    new_request "$name" "$case_key" "/O=wirewrap/CN=wirewrap zoo, $name"
    sign "$name" "$signer" "$extensions" "$@"
}

# case_ca NAME ISSUER EXTENSIONS [CA-OPTION]...
case_ca() {
    name=$1
    new_request "$name" ec256 "/O=wirewrap/CN=wirewrap zoo, $name"
    sign "$@"
}

# row NAME ROLE HOST CRL VERIFY NOTE CERTIFICATE...: a case's files, and its
# line for the table (the words come when it is verified).  VERIFY may hold
# several numbers, for versions of OpenSSL that look at things in another order.
row() {
    name=$1
    printf '%s\t%s\tca.pem\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$5" \
        "$case_words" "$6" >>rows
    shift 6
    for certificate; do cat "$certificate.crt"; done >"../zoo/$name.pem"
    cp "$name.key" "../zoo/$name.key"
}

# server_case NAME HOST SAN VERIFY NOTE: good but for its name.
server_case() {
    case_leaf "$1" sub serverAuth "$3"
    row "$1" server "$2" - "$4" "$5" "$1" sub
}

# More CAs than the 100 that OpenSSL climbs by default.  The root's key serves
# them all: it is the number that counts.
long_chain() {
    set --
    extensions=$(ca_extensions)
    above=ca
    n=0
    while [ $n -lt 103 ]; do
        n=$((n + 1))
        sign "link-$n" $above "$extensions" -in ca.csr -keyfile ca.key \
            -subj "/O=wirewrap/CN=wirewrap zoo, link $n"
        set -- "link-$n" "$@"
        above=link-$n
    done
    case_leaf long-chain $above serverAuth DNS:localhost -keyfile ca.key
    row long-chain server localhost - 22 \
        'more than a hundred intermediate CAs' long-chain "$@"
}

# A certificate beyond the 100 KiB that a client takes by default.
huge_names() {
    sans=$(awk 'BEGIN {
        for (n = 0; n < 5000; n++)
            printf "\nDNS.%d = name-%d.wirewrap.test", n + 1, n
    }')
    new_request huge-names ec256 '/O=wirewrap/CN=wirewrap zoo, huge-names'
    sign huge-names sub "$(leaf_extensions serverAuth @names)
[names]
DNS.0 = localhost$sans"
    case_words='excessive message size'
    row huge-names server localhost - - \
        'five thousand names, a message over 100 KiB' huge-names sub
    case_words=-
}

# Flips a bit in the last byte of a certificate, which is in its signature.
corrupt_signature() {
    case_leaf corrupt-signature sub serverAuth DNS:localhost
    ossl x509 -in corrupt-signature.crt -outform DER -out corrupt.der
    size=$(wc -c <corrupt.der)
    last=$(tail -c 1 corrupt.der | od -An -tu1)
    printf '%b' "\\0$(printf '%03o' $((last ^ 1)))" |
        dd of=corrupt.der bs=1 seek=$((size - 1)) conv=notrunc 2>/dev/null
    ossl x509 -inform DER -in corrupt.der -out corrupt-signature.crt
    row corrupt-signature server localhost - 7 \
        'one bit of the signature is flipped' corrupt-signature sub
}

# The zoo's own CAs: nothing of the good set trusts them.  "other" is a CA that
# nobody trusts.
zoo_cas() {
    from=$(stamp $((-90 * day)))
    until=$(stamp $((3650 * day)))
    case_ca ca self "$(ca_extensions)"
    case_ca other self "$(ca_extensions)"
    case_ca sub ca "$(ca_extensions 0)"
    case_ca other-sub other "$(ca_extensions 0)"
    case_ca old-sub ca "$(ca_extensions 0)" -enddate "$(stamp $((-30 * day)))"
    case_ca below-sub sub "$(ca_extensions 0)"
    case_ca no-ca ca 'basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature, keyCertSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid:always'
    case_ca narrow ca "$(ca_extensions 0)
nameConstraints = critical, permitted;DNS:wirewrap.test"
    cp ca.crt ../zoo/ca.pem
    crl ca root.crl
    crl other other.crl
}

zoo_dates() {
    case_leaf expired sub serverAuth DNS:localhost \
        -startdate "$(stamp $((-60 * day)))" -enddate "$(stamp $((-30 * day)))"
    row expired server localhost - 10 'ended a month ago' expired sub
    case_leaf not-yet-valid sub serverAuth DNS:localhost \
        -startdate "$(stamp $((1825 * day)))" -enddate "$(stamp $((2190 * day)))"
    row not-yet-valid server localhost - 9 'begins in five years' \
        not-yet-valid sub
    case_leaf expired-intermediate old-sub serverAuth DNS:localhost
    row expired-intermediate server localhost - 10 \
        'good, but its intermediate CA ended a month ago' \
        expired-intermediate old-sub
}

zoo_names() {
    server_case wrong-name localhost DNS:other.wirewrap.test 62 \
        'made for another name'
    server_case wrong-address 127.0.0.1 IP:192.0.2.1 64 \
        'made for another address'
    new_request cn-only ec256 /O=wirewrap/CN=localhost
    sign cn-only sub "$(leaf_extensions serverAuth)"
    row cn-only server localhost - 62 \
        'the name stands in the subject only, not in an alternative name' \
        cn-only sub
    server_case empty-san localhost DER:3000 '87|62' \
        'a list of alternative names with nothing in it'
    server_case wildcard-too-deep a.b.wirewrap.test 'DNS:*.wirewrap.test' 62 \
        'a wildcard stands for one label, not for two'
    server_case wildcard-partial foo.wirewrap.test 'DNS:f*o.wirewrap.test' 62 \
        'a wildcard must stand for a whole label'
    server_case ip-in-dns 127.0.0.1 DNS:127.0.0.1 64 \
        'an address written as if it were a name'
    # "localhost", a zero byte, ".wirewrap.test"
    server_case nul-in-name localhost \
        DER:301a82186c6f63616c686f7374002e77697265777261702e74657374 62 \
        'reads as localhost to who stops at the zero byte in the name'
}

zoo_chains() {
    case_leaf self-signed self serverAuth DNS:localhost
    row self-signed server localhost - 18 \
        'signed by itself, and not the one that is trusted' self-signed
    case_leaf unknown-ca other-sub serverAuth DNS:localhost
    row unknown-ca server localhost - 20 \
        'from a CA that is not trusted' unknown-ca other-sub
    case_leaf unknown-root-sent other-sub serverAuth DNS:localhost
    row unknown-root-sent server localhost - 19 \
        'as before, and the server sends the root along' \
        unknown-root-sent other-sub other
    case_leaf missing-intermediate sub serverAuth DNS:localhost
    row missing-intermediate server localhost - '20|21' \
        'good, but the server does not send the intermediate CA' \
        missing-intermediate
    case_leaf intermediate-not-ca no-ca serverAuth DNS:localhost
    row intermediate-not-ca server localhost - '79|82' \
        'the one that signed it has no CA flag' intermediate-not-ca no-ca
    case_leaf some-leaf ca serverAuth DNS:localhost
    case_leaf leaf-as-ca some-leaf serverAuth DNS:localhost
    row leaf-as-ca server localhost - '20|32|79' \
        "signed with an ordinary server's certificate" leaf-as-ca some-leaf
    case_leaf pathlen below-sub serverAuth DNS:localhost
    row pathlen server localhost - 25 \
        'a CA below one that may have none below it' pathlen below-sub sub
    case_leaf name-constraint narrow serverAuth DNS:localhost
    row name-constraint server localhost - 47 \
        'its CA may sign below wirewrap.test only' name-constraint narrow
    long_chain
}

zoo_insides() {
    case_leaf wrong-eku sub clientAuth DNS:localhost
    row wrong-eku server localhost - 26 "a client's certificate on a server" \
        wrong-eku sub
    case_key=rsa1024
    case_leaf weak-key sub serverAuth DNS:localhost
    case_key=ec256
    row weak-key server localhost - 66 'an RSA key of 1024 bits' weak-key sub
    case_leaf sha1 sub serverAuth DNS:localhost -md sha1
    row sha1 server localhost - 68 'signed with SHA-1' sha1 sub
    # 1.3.6.1.4.1.32473 is set aside for examples (RFC 5612).
    new_request critical-extension ec256 \
        '/O=wirewrap/CN=wirewrap zoo, critical-extension'
    sign critical-extension sub "$(leaf_extensions serverAuth DNS:localhost)
1.3.6.1.4.1.32473.1 = critical, DER:0500"
    row critical-extension server localhost - 34 \
        'a critical extension that nobody knows' critical-extension sub
    corrupt_signature
    case_leaf key-mismatch sub serverAuth DNS:localhost
    cp sub.key key-mismatch.key
    case_words='key values mismatch'
    row key-mismatch server localhost - - \
        'the key belongs to another certificate' key-mismatch sub
    case_words=-
    huge_names
}

zoo_crls() {
    case_leaf revoked sub serverAuth DNS:localhost
    ossl ca -revoke revoked.crt -crl_reason keyCompromise \
        -cert sub.crt -keyfile sub.key -passin pass:
    crl sub sub.crl
    crl sub old.crl -crl_lastupdate "$(stamp $((-60 * day)))" \
        -crl_nextupdate "$(stamp $((-30 * day)))"
    cat root.crl sub.crl >../zoo/crl.pem
    cat root.crl old.crl >../zoo/old-crl.pem
    cat root.crl other.crl >../zoo/other-crl.pem
    row revoked server localhost crl.pem 23 'revoked by its CA' revoked sub
    case_leaf crl-expired sub serverAuth DNS:localhost
    row crl-expired server localhost old-crl.pem 12 \
        'good, but the list of revoked ones is out of date' crl-expired sub
    case_leaf crl-of-another sub serverAuth DNS:localhost
    row crl-of-another server localhost other-crl.pem 3 \
        "good, but the list is not its CA's" crl-of-another sub
}

zoo_clients() {
    case_leaf client-expired sub clientAuth '' \
        -startdate "$(stamp $((-60 * day)))" -enddate "$(stamp $((-30 * day)))"
    row client-expired client - - 10 'a client, ended a month ago' \
        client-expired sub
    case_leaf client-unknown-ca other-sub clientAuth ''
    row client-unknown-ca client - - 20 \
        'a client, from a CA that is not trusted' client-unknown-ca other-sub
    case_leaf client-self-signed self clientAuth ''
    row client-self-signed client - - 18 'a client, signed by itself' \
        client-self-signed
    case_leaf client-wrong-eku sub serverAuth DNS:localhost
    row client-wrong-eku client - - 26 "a server's certificate on a client" \
        client-wrong-eku sub
}

# So that a client which refuses everything does not pass for a strict one.
zoo_good() {
    server_case good localhost DNS:localhost ok 'nothing'
    case_leaf good-crl sub serverAuth DNS:localhost
    row good-crl server localhost crl.pem ok 'nothing: the list is not about it' \
        good-crl sub
    server_case good-wildcard a.wirewrap.test 'DNS:*.wirewrap.test' ok \
        'nothing: a wildcard for one label'
    server_case good-address 127.0.0.1 IP:127.0.0.1 ok \
        'nothing: an address and no name'
    server_case good-address-ipv6 ::1 IP:::1 ok 'nothing: an IPv6 address'
    case_leaf good-constraint narrow serverAuth DNS:a.wirewrap.test
    row good-constraint server a.wirewrap.test - ok \
        'nothing: a name that its CA may sign' good-constraint narrow
    case_leaf good-client sub clientAuth ''
    row good-client client - - ok 'nothing: a client' good-client sub
}

# A row whose verify is "-" is refused before or after verification: the key is
# not its own, or the chain is more than a client reads (100 KiB of DER, which
# is at most three quarters of the PEM).
refused_elsewhere() {
    ! is_pair "$1" || [ "$(openssl x509 -in "$1.pem" -outform DER | wc -c)" -gt 102400 ]
}

# judge NAME ROLE CA HOST CRL VERIFY: whether the table tells the truth.  Runs
# where the files are.  Sets $words where the number says more than the table.
judge() {
    if [ "$6" = - ]; then
        number='not refused'
        refused_elsewhere "$1" || return 1
        return 0
    fi
    verdict "$2" "$3" "$4" "$5" "$1.pem"
    case "|$6|" in
    *"|$number|"*) ;;
    *) [ "$6 $number" = 'ok 0' ] ;;
    esac
}

tab=$(printf '\t')

# check_table [HINT]: reads a table, complains where it is not so, and writes it
# with the words of this OpenSSL.  Runs where the zoo's files are.
check_table() {
    printf '#name\trole\tca\thost\tcrl\tverify\twords\tnote\n'
    while IFS=$tab read -r name role anchor host list expected text note; do
        case $name in
        '#'*) continue ;;
        esac
        words=$text
        judge "$name" "$role" "$anchor" "$host" "$list" "$expected" ||
            die "$where/zoo/$name.pem: expected $expected, found $number ($words)" \
                "$@"
        printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$name" "$role" "$anchor" \
            "$host" "$list" "$expected" "$words" "$note"
    done
}

make_zoo() {
    if [ -e "$out/zoo" ] && [ ! -f "$out/zoo/expectations.tsv" ]; then
        rmdir "$out/zoo" 2>/dev/null ||
            die "$where/zoo: in the way, and not a zoo from here" \
                'move it elsewhere'
    fi
    if [ -z "$force" ] && [ -e "$out/zoo" ]; then
        cd "$out/zoo"
        check_table '--force replaces it' <expectations.tsv >"$tmp/table"
        kept="$kept zoo"
        return 0
    fi
    mkdir "$tmp/zoo"
    workshop zoo-shop
    zoo_cas
    from=$(stamp -"$hour")
    until=$(stamp $((days * day - hour)))
    zoo_good
    zoo_dates
    zoo_names
    zoo_chains
    zoo_insides
    zoo_crls
    zoo_clients
    cd "$tmp/zoo"
    check_table <../zoo-shop/rows >"$tmp/table"
    cp "$tmp/table" expectations.tsv
    find . -type f ! -name '*.key' -exec chmod 644 {} +
    chmod 755 .
    made="$made zoo"
}

report_zoo() {
    say
    while IFS=$tab read -r name role _ _ _ expected words note; do
        case $name in
        '#'*) printf '%-21s %-6s %s\n' zoo shows 'must be refused for' ;;
        *)
            case $expected in
            ok) words='(must be accepted)' ;;
            -) ;;
            *) words="$words ($expected)" ;;
            esac
            printf '%-21s %-6s %s: %s\n' "$name" "$role" "$words" "$note"
            ;;
        esac
    done <"$tmp/table"
}
