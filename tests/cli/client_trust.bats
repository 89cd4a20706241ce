#!/usr/bin/env bats
# Whom the client believes.  (Certificates gone bad are in zoo.bats.)
# shellcheck disable=SC2034,SC2154,SC2030,SC2031 # shared with helper.bash, in each test

load helper

setup_file() {
    make_certs
}

teardown() {
    end_client
    end_peer
    end_server
}

# start_tls NAME: our server with that certificate.
start_tls() {
    start_server --cert "$certs/$1.pem" --key "$certs/$1.key" tls://localhost:0
}

# accepted ARGS...: the client is answered.
accepted() {
    run_client "$@" -m hello
    ended 0
    received 'HELLO\n'
}

# refused STATUS TEXT... -- ARGS...: it is not, and says why.
refused() {
    local wanted=$1 texts=()
    shift
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    run_client "$@" <<<'a secret'
    ended "$wanted" "${texts[@]}"
    one_line
    received ''
}

# --- authorities

@test "trust: a server of the CA that is named is accepted" {
    start_tls server
    accepted --ca "$certs/ca.pem" "tls://localhost:$tls_port"
    accepted --tls --ca "$certs/ca.pem" "localhost:$tls_port"
}

@test "trust: a server of another CA is refused, by issuer" {
    start_tls server
    refused 6 "wirewrap: tls://localhost:$tls_port: certificate not accepted: " \
        'is not trusted' '(unable to get local issuer certificate)' \
        'hint: if you trust that issuer, name its certificate with --ca FILE' \
        -- --ca "$certs/self-signed.pem" "tls://localhost:$tls_port"
    logged 'app-in=0 .*end=refused'
}

@test "trust: a private CA is refused without --ca, with a hint at it" {
    start_tls server
    refused 6 'certificate not accepted: ' 'hint: ' '--ca FILE' \
        -- "tls://localhost:$tls_port"
    logged 'app-in=0 .*end=refused'
}

@test "trust: a self-signed certificate is refused, and accepted where it is named" {
    start_tls self-signed
    refused 6 'is self-signed and not trusted' '--ca FILE' \
        -- --ca "$certs/ca.pem" "tls://localhost:$tls_port"
    accepted --ca "$certs/self-signed.pem" "tls://localhost:$tls_port"
}

@test "trust: a file of several authorities serves with any of them" {
    start_tls server
    cat "$certs/self-signed.pem" "$certs/ca.pem" >"$BATS_TEST_TMPDIR/several.pem"
    accepted --ca "$BATS_TEST_TMPDIR/several.pem" "tls://localhost:$tls_port"
}

@test "trust: --ca is in place of the system's authorities, SSL_CERT_FILE is one of those" {
    start_tls server
    SSL_CERT_FILE=$certs/ca.pem accepted "tls://localhost:$tls_port"
    export SSL_CERT_FILE=$certs/ca.pem
    refused 6 'is not trusted' -- --ca "$certs/self-signed.pem" "tls://localhost:$tls_port"
    unset SSL_CERT_FILE
}

# --- names and addresses

@test "trust: another name than the certificate's is refused, with both names told" {
    start_tls server
    refused 6 "it is not for 'other.example' but for localhost, " '127.0.0.1' \
        '(hostname mismatch)' '--servername NAME' \
        -- --ca "$certs/ca.pem" --servername other.example "tls://localhost:$tls_port"
    logged 'app-in=0 .*end=refused'
}

@test "trust: an address is proved by an address, IPv4 and IPv6" {
    start_server --cert "$certs/server.pem" --key "$certs/server.key" \
        tls://127.0.0.1:0 'tls://[::1]:0'
    v4=$(sed -n 's|^listening on tls://127.0.0.1:||p' "$out")
    v6=$(sed -n 's|^listening on tls://\[::1\]:||p' "$out")
    run_client -v --ca "$certs/ca.pem" "tls://127.0.0.1:$v4" -m hello
    ended 0 'verified as 127.0.0.1'
    received 'HELLO\n'
    if [ -n "$v6" ]; then # the machine may have none
        run_client -v --ca "$certs/ca.pem" "tls://[::1]:$v6" -m hello
        ended 0 'verified as ::1'
        received 'HELLO\n'
        accepted --ca "$certs/ca.pem" "tls://[0:0::0001]:$v6"
    fi
    refused 6 "it is not for '127.0.0.2'" '(IP address mismatch)' \
        -- --ca "$certs/ca.pem" --servername 127.0.0.2 "tls://127.0.0.1:$v4"
}

@test "trust: --servername is the name that is verified and sent" {
    start_tls server
    accepted --ca "$certs/ca.pem" --servername localhost "tls://127.0.0.1:$tls_port"
    accepted --ca "$certs/ca.pem" --servername LOCALHOST "tls://127.0.0.1:$tls_port"
    accepted --ca "$certs/ca.pem" --servername localhost. "tls://127.0.0.1:$tls_port"
    accepted --ca "$certs/ca.pem" --servername 127.0.0.1 "tls://localhost:$tls_port"
    accepted --ca "$certs/ca.pem" --servername ::1 "tls://localhost:$tls_port"
}

# start_sni_peer: openssl's server, which logs the name that it is sent.
start_sni_peer() {
    end_peer
    heard=$BATS_TEST_TMPDIR/peer.out
    mkfifo "$BATS_TEST_TMPDIR/peer.in.$1"
    openssl s_server -accept 127.0.0.1:0 -cert "$certs/server.pem" -key "$certs/server.key" \
        -cert_chain "$certs/server.pem" -tlsextdebug -rev \
        >"$heard" 2>&1 3>&- <>"$BATS_TEST_TMPDIR/peer.in.$1" &
    peer_pid=$!
    wait_until grep -q '^ACCEPT ' "$heard"
    tls_port=$(sed -n 's/^ACCEPT .*://p' "$heard" | head -n 1)
}

@test "trust: a name is sent as server name, an address never" {
    start_sni_peer 1
    run_client --ca "$certs/ca.pem" "tls://localhost:$tls_port" -m x
    ended 0
    peer_says 'TLS client extension "server name"'
    peer_says 'localhost$'
    start_sni_peer 2
    run_client --ca "$certs/ca.pem" "tls://127.0.0.1:$tls_port" -m x
    ended 0
    peer_says 'TLS client extension'
    if grep 'server name' "$heard"; then false; fi
}

@test "trust: a name that no certificate could prove is a usage error" {
    start_tls server
    for name in '' "$(head -c 300 /dev/zero | tr '\0' a)"; do
        refused 2 'wirewrap: ' -- --ca "$certs/ca.pem" --servername "$name" \
            "tls://localhost:$tls_port"
    done
    for name in '*' 'a b' 'localhost/' '-' 'local%host'; do
        refused 6 'it is not for' -- --ca "$certs/ca.pem" --servername "$name" \
            "tls://localhost:$tls_port"
    done
}

# --- without verification

@test "trust: --insecure works and warns on every connection" {
    start_tls server
    for _ in 1 2; do
        run_client --insecure "tls://localhost:$tls_port" -m hello
        ended 0 "wirewrap: warning: tls://localhost:$tls_port: certificate not verified (--insecure)"
        one_line
        received 'HELLO\n'
    done
    run_client --insecure -v --servername other.example "tls://localhost:$tls_port" -m hello
    ended 0 'certificate not verified' 'NOT verified: it may be anybody'
    received 'HELLO\n'
}

# --- nothing before verification

@test "trust: not a byte of the input reaches a server that is not accepted" {
    for version in 1.2 1.3; do
        for name in self-signed revoked; do
            start_peer -c "$name" -m "$version" tls record
            run_client --ca "$certs/ca.pem" --crl "$certs/crl.pem" "tls://localhost:$tls_port" \
                <<<'a secret'
            ended 6 'certificate not accepted'
            peer_says '^decrypted 0$'
            peer_says '^refused '
            peer_says '^secret on the wire: False$'
        done
        # The same peer hears it all where it is accepted.
        start_peer -m "$version" tls record
        start_client "${to[@]}"
        echo 'a secret' >&4
        end_input
        peer_says '^decrypted 9$'
        peer_says '^secret on the wire: True$'
        end_client
    done
}

# --- revocation

@test "trust: --crl accepts what is not on the list and refuses what is" {
    start_tls server
    accepted --ca "$certs/ca.pem" --crl "$certs/crl.pem" "tls://localhost:$tls_port"
    stop_server
    start_tls revoked
    accepted --ca "$certs/ca.pem" "tls://localhost:$tls_port"
    refused 6 'has been revoked' '(certificate revoked)' \
        -- --ca "$certs/ca.pem" --crl "$certs/crl.pem" "tls://localhost:$tls_port"
}

@test "trust: an issuer that no list covers is refused by name" {
    start_tls server
    csplit -s -z -f "$BATS_TEST_TMPDIR/crl-" "$certs/crl.pem" '/BEGIN X509 CRL/' '{*}'
    for one in "$BATS_TEST_TMPDIR"/crl-*; do
        issuer=$(openssl crl -in "$one" -noout -issuer -nameopt oneline)
        echo "only the list of $issuer"
        refused 6 "no CRL covers issuer '" '(unable to get certificate CRL)' \
            -- --ca "$certs/ca.pem" --crl "$one" "tls://localhost:$tls_port"
    done
}
