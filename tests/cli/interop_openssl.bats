#!/usr/bin/env bats
# The openssl command at the other end.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031 # shared with helper.bash, in each test

load helper

setup_file() {
    make_certs
}

teardown() {
    exec 5>&-
    end_client
    end_peer
    end_server
}

# start_s_client ARGS...: openssl's client; what is written to descriptor 5 is
# typed, what it says is in $heard.
start_s_client() {
    start_tool openssl s_client -connect "localhost:$tls_port" -servername localhost \
        -CAfile "$certs/ca.pem" -verify_return_error -verify_hostname localhost "$@"
}

# start_s_server ARGS...: openssl's server; sets $to.
start_s_server() {
    start_tool openssl s_server -accept 127.0.0.1:0 -cert "$certs/server.pem" \
        -key "$certs/server.key" -cert_chain "$certs/intermediate.pem" "$@"
    wait_until grep -q '^ACCEPT ' "$heard"
    tls_port=$(sed -n 's/^ACCEPT .*://p' "$heard" | head -n 1)
    towards tls
}

# wait_peer: sets $status once it has ended.
wait_peer() {
    status=0
    wait_until has_ended "$peer_pid" || return 1
    wait "$peer_pid" || status=$?
    peer_pid=
    exec 5>&-
}

# --- its client, our server

@test "s_client: is answered line by line, and Q ends it cleanly" {
    for version in tls1_2:TLSv1.2 tls1_3:TLSv1.3; do
        start_both
        start_s_client "-${version%:*}"
        for word in HELLO WORLD; do
            tr '[:upper:]' '[:lower:]' <<<"$word" >&5
            has_answered "$word"
        done
        echo Q >&5
        wait_peer
        [ "$status" -eq 0 ]
        grep -q 'Verify return code: 0 (ok)' "$heard"
        logged "version=${version#*:} .*session=full .*app-in=12 app-out=12 .*end=clean"
        stop_server
    done
}

@test "s_client: -quiet is answered, and ends with its input if it is told to" {
    start_both
    start_s_client -quiet -no_ign_eof
    echo hello >&5
    has_answered HELLO
    exec 5>&-
    wait_peer
    [ "$status" -eq 0 ]
    logged 'app-in=6 app-out=6 .*end=clean'
}

@test "s_client: -quiet that goes on after its input is ended by the server's drain" {
    start_both
    start_s_client -quiet
    echo hello >&5
    has_answered HELLO
    exec 5>&-
    stop_server
    [ "$server_status" -eq 0 ]
    wait_peer
}

@test "s_client: -brief tells a verified connection" {
    start_both
    start_s_client -brief
    echo hello >&5
    has_answered HELLO
    grep -qx 'Verification: OK' "$heard"
    grep -qx 'Verified peername: localhost' "$heard"
    grep -qx 'Protocol version: TLSv1.3' "$heard"
    exec 5>&-
    wait_peer
    [ "$status" -eq 0 ]
}

@test "s_client: TLS 1.1 and suites without forward secrecy are refused" {
    start_both
    for options in '-tls1_1 -cipher DEFAULT@SECLEVEL=0' '-tls1_2 -cipher AES128-GCM-SHA256' \
        '-tls1_2 -cipher ECDHE-ECDSA-AES128-SHA'; do
        : >"$log"
        # shellcheck disable=SC2086 # words
        start_s_client $options
        wait_peer
        [ "$status" -ne 0 ]
        logged 'app-in=0 .*end=refused'
    done
}

@test "s_client: -reconnect resumes all five times in TLS 1.2" {
    start_both
    start_s_client -tls1_2 -reconnect
    wait_until five_reused
    echo hello >&5
    has_answered HELLO
    echo Q >&5
    wait_peer
    [ "$status" -eq 0 ]
    [ "$(grep -c 'version=TLSv1.2.*session=resumed' "$log")" -ge 4 ]
}

five_reused() {
    [ "$(grep -c '^Reused, TLSv1.2' "$heard")" -eq 5 ]
}

@test "s_client: a session that it kept is resumed by another run" {
    for version in tls1_2:TLSv1.2 tls1_3:TLSv1.3; do
        session=$BATS_TEST_TMPDIR/session
        rm -f "$session"
        start_both
        start_s_client "-${version%:*}" -sess_out "$session"
        echo hello >&5
        has_answered HELLO
        echo Q >&5
        wait_peer
        [ -s "$session" ]
        start_s_client "-${version%:*}" -sess_in "$session"
        echo again >&5
        has_answered AGAIN
        echo Q >&5
        wait_peer
        grep -q "^Reused, ${version#*:}" "$heard"
        logged "version=${version#*:} .*session=resumed .*app-in=6 .*end=clean"
        stop_server
    done
}

@test "s_client: key updates, asked for and not, do not disturb the conversation" {
    start_both
    start_s_client -tls1_3
    echo one >&5
    has_answered ONE
    updates=0
    for command in K k K; do
        updates=$((updates + 1))
        echo "$command" >&5
        # Two lines read at once would be one.
        wait_until has_updated "$updates"
        echo "after $command" >&5
        has_answered "AFTER ${command^}"
    done
    echo Q >&5
    wait_peer
    [ "$status" -eq 0 ]
    logged 'app-in=28 app-out=28 .*end=clean'
}

has_updated() {
    [ "$(grep -c '^KEYUPDATE' "$heard")" -eq "$1" ]
}

# --- its server, our client

@test "s_server: -rev answers our client and both end cleanly, in TLS 1.2 and 1.3" {
    for version in tls1_2:TLSv1.2 tls1_3:TLSv1.3; do
        start_s_server -rev "-${version%:*}"
        run_client -v "${to[@]}" -m hello
        ended 0 "wirewrap: ${version#*:}, " 'verified as localhost' 'ended: clean'
        received 'olleh\n'
        start_client "${to[@]}"
        for word in one two; do
            echo "$word" >&4
            wait_until grep -q "^$(rev <<<"$word")\$" "$got"
        done
        end_input
        wait_client
        ended 0
        received 'eno\nowt\n'
    done
}

@test "s_server: what somebody types there is what our client prints" {
    start_s_server -naccept 1
    start_client "${to[@]}"
    echo 'a question' >&4
    has_answered 'a question'
    echo 'an answer' >&5
    wait_until grep -qx 'an answer' "$got"
    end_input
    wait_client
    ended 0
    received 'an answer\n'
}

@test "s_server: -www is a web server to our client" {
    start_s_server -www
    printf 'GET / HTTP/1.0\r\n\r\n' >"$BATS_TEST_TMPDIR/request"
    run_client "${to[@]}" <"$BATS_TEST_TMPDIR/request"
    ended 0
    [[ $(head -n 1 "$got") == 'HTTP/1.0 200 ok'* ]]
    grep -q '</HTML>\|</html>' "$got"
}

@test "s_server: one that demands a certificate of ours is status 5, in its words" {
    for version in tls1_2 tls1_3; do
        start_s_server -Verify 1 -verify_return_error "-$version"
        run_client "${to[@]}" -m hello
        ended 5 'alert'
        one_line
        received ''
    done
}

@test "s_server: TLS 1.1 is refused by our client with status 5" {
    start_s_server -tls1_1 -cipher DEFAULT@SECLEVEL=0
    run_client "${to[@]}" -m hello
    ended 5 'TLS handshake: '
    one_line
}

@test "s_server: a key update while it talks does not disturb our client" {
    start_s_server -tls1_3 -naccept 1
    start_client "${to[@]}"
    wait_until grep -q '^CIPHER is' "$heard"
    echo K >&5
    wait_until comes_through 'after it'
    echo hello >&4
    has_answered hello
    end_input
    wait_client
    ended 0
    [ "$(sort -u "$got")" = 'after it' ]
}

# comes_through LINE: typed at the server, it reaches our client.  (What it
# reads together with a K, it drops.)
comes_through() {
    echo "$1" >&5
    grep -qx -- "$1" "$got"
}
