#!/usr/bin/env bats
# The zoo of scripts/gen-certs.sh, animal by animal: what is bad is refused for
# the reason in the table, and what is good is not.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031 # shared with helper.bash, in each test

load helper

setup_file() {
    # The set that all tests share may have no zoo.
    if [ -f "$certs/zoo/expectations.tsv" ]; then
        ln -s "$certs/zoo" "$BATS_FILE_TMPDIR/zoo"
    else
        "$tree/scripts/gen-certs.sh" --out "$BATS_FILE_TMPDIR" --zoo \
            >"$BATS_FILE_TMPDIR/gen-certs.log" 2>&1
    fi
}

setup() {
    zoo=$BATS_FILE_TMPDIR/zoo
}

teardown() {
    end_peer
    end_server
}

# rows ROLE: the table's lines for that role, as NAME HOST CRL VERIFY WORDS with
# bars between them.
rows() {
    awk -F'\t' -v role="$1" '!/^#/ && $2 == role {
        gsub(/[|]/, "/")
        print $1 "|" $4 "|" $5 "|" $6 "|" $7
    }' "$zoo/expectations.tsv"
}

# show NAME [OPTION]...: openssl's server, which takes anything.
show() {
    local name=$1
    shift
    end_peer
    heard=$BATS_TEST_TMPDIR/peer.out
    : >"$heard"
    openssl x509 -in "$zoo/$name.pem" -out "$BATS_TEST_TMPDIR/leaf.pem"
    awk '/BEGIN/ { n++ } n > 1' "$zoo/$name.pem" >"$BATS_TEST_TMPDIR/chain.pem"
    [ ! -s "$BATS_TEST_TMPDIR/chain.pem" ] ||
        set -- -cert_chain "$BATS_TEST_TMPDIR/chain.pem" "$@"
    openssl s_server -accept 127.0.0.1:0 -naccept 1 -rev -cipher DEFAULT@SECLEVEL=0 \
        -cert "$BATS_TEST_TMPDIR/leaf.pem" -key "$zoo/$name.key" "$@" \
        >"$heard" 2>&1 3>&- </dev/null &
    peer_pid=$!
    wait_until is_shown || return 1
    tls_port=$(sed -n 's/^ACCEPT .*://p' "$heard")
    [ -n "$tls_port" ]
}

is_shown() {
    grep -q '^ACCEPT ' "$heard" || has_ended "$peer_pid"
}

# ask HOST CRL: our client looks at what is shown.
ask() {
    local options=(--ca "$zoo/ca.pem" --servername "$1")
    [ "$2" = - ] || options+=(--crl "$zoo/$2")
    run_client "${options[@]}" "tls://127.0.0.1:$tls_port" -m hello
}

# is_judged VERIFY WORDS: the client did what the table says.
is_judged() {
    local word words
    if [ "$1" = ok ]; then
        [ "$status" -eq 0 ] && [ -s "$got" ]
        return
    fi
    # What is wrong before anything is verified is a failed handshake.
    if [ "$1" = - ]; then
        [ "$status" -eq 5 ] || [ "$status" -eq 6 ] || return 1
    else
        [ "$status" -eq 6 ] || return 1
    fi
    [ ! -s "$got" ] && one_line || return 1
    IFS=/ read -ra words <<<"$2"
    for word in "${words[@]}"; do
        if grep -qF -- "$word" "$told"; then return 0; fi
    done
    return 1
}

# complain WHAT: for the failure's report; the test goes on.
complain() {
    echo "$1: status $status"
    cat "$told"
    wrong=yes
}

# judge_all OPTION...: shows every server's certificate to our client.
judge_all() {
    local name host crl verify words count=0
    wrong=
    while IFS='|' read -r name host crl verify words <&5; do
        case $words in
        # No server loads this: the next test has it.
        'key values mismatch') continue ;;
        esac
        show "$name" "$@"
        ask "$host" "$crl"
        is_judged "$verify" "$words" || complain "$name ($verify $words)"
        count=$((count + 1))
    done 5< <(rows server)
    echo "$count looked at"
    [ "$count" -gt 25 ]
    [ -z "$wrong" ]
}

@test "zoo: bad certificates are refused for their reason, good ones accepted, in TLS 1.3" {
    judge_all -tls1_3
}

@test "zoo: bad certificates are refused for their reason, good ones accepted, in TLS 1.2" {
    judge_all -tls1_2
}

@test "zoo: our server refuses to load what it cannot serve, and what it serves is judged the same" {
    wrong=
    served=0
    while IFS='|' read -r name host crl verify words <&5; do
        got=/dev/null
        told=$BATS_TEST_TMPDIR/server.log
        status=0
        if start_server --cert "$zoo/$name.pem" --key "$zoo/$name.key" tls://127.0.0.1:0 \
            >"$BATS_TEST_TMPDIR/output" 5<&- && [ -n "$tls_port" ]; then
            served=$((served + 1))
            ask "$host" "$crl"
            [ "$words" != 'key values mismatch' ] || complain "$name was loaded"
            is_judged "$verify" "$words" || complain "$name ($verify $words)"
        else
            wait "$server_pid" || status=$?
            server_pid=
            if [ "$status" -ne 3 ] || [ "$verify" = ok ] ||
                ! grep -q "^wirewrap: .*$name\.\(pem\|key\)" "$told"; then
                complain "$name was not loaded"
            fi
        fi
        stop_server
    done 5< <(rows server)
    [ "$served" -gt 20 ]
    [ -z "$wrong" ]
}

@test "zoo: clients' certificates are no servers'" {
    wrong=
    while IFS='|' read -r name host crl verify words <&5; do
        case $name in
        client-wrong-eku) continue ;; # it is a server's, that is what is wrong
        esac
        show "$name"
        ask localhost -
        [ "$status" -eq 6 ] || complain "$name"
    done 5< <(rows client)
    [ -z "$wrong" ]
}
