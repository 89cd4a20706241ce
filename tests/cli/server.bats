#!/usr/bin/env bats
# The server as documented: where it listens, what it answers, how it ends a
# connection.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031 # shared with helper.bash, in each test

load helper

setup_file() {
    make_certs
}

teardown() {
    end_holders
    end_server
}

# in_namespace: from now on wirewrap runs in a network of its own, where every
# port is free; what is said on the command line is run there first.
in_namespace() {
    unshare -rn true 2>/dev/null || skip "unshare is not permitted here"
    lonely=$(type -P wirewrap)
    before=${1:-true}
    wirewrap() {
        # shellcheck disable=SC2016 # for the shell inside
        exec unshare -rn sh -c "$before"' && python3 "$0" && exec "$@"' \
            "$peers/loopback_up.py" "$lonely" "$@"
    }
}

# listens_on ADDRESS...: those are what it said, in that order.
listens_on() {
    printf 'listening on %s\n' "$@" | cmp - <(grep '^listening' "$out") || {
        cat "$out"
        return 1
    }
}

# --- where it listens

@test "server: without arguments it serves tcp://localhost:12000 on both addresses" {
    in_namespace
    start_server
    listens_on tcp://127.0.0.1:12000 'tcp://[::1]:12000'
    [ "$(tail -n 1 "$out")" = ready ]
    stop_server
    [ "$server_status" -eq 0 ]
}

@test "server: --tls makes an endpoint without a scheme tls, on port 12443" {
    in_namespace
    start_server --tls --cert "$certs/server.pem" --key "$certs/server.key"
    listens_on tls://127.0.0.1:12443 'tls://[::1]:12443'
    stop_server
    start_server --tls --cert "$certs/server.pem" --key "$certs/server.key" \
        127.0.0.1 tcp://127.0.0.1
    listens_on tls://127.0.0.1:12443 tcp://127.0.0.1:12000
}

@test "server: a port, a host, both, or HOST PORT are endpoints" {
    in_namespace
    start_server :12001 127.0.0.1 TCP://127.0.0.2:12002 '[::1]:12003' \
        localhost 12004 ::1 12005 127.0.0.1 12006
    listens_on tcp://127.0.0.1:12001 'tcp://[::1]:12001' tcp://127.0.0.1:12000 \
        tcp://127.0.0.2:12002 'tcp://[::1]:12003' \
        tcp://127.0.0.1:12004 'tcp://[::1]:12004' 'tcp://[::1]:12005' \
        tcp://127.0.0.1:12006
}

@test "server: port 0 is one port for both of localhost's addresses, and ready is the last line" {
    start_both
    [ "$(wc -l <"$out")" -eq 5 ]
    listens_on "tcp://127.0.0.1:$tcp_port" "tcp://[::1]:$tcp_port" \
        "tls://127.0.0.1:$tls_port" "tls://[::1]:$tls_port"
    [ "$tcp_port" -ne 0 ] && [ "$tcp_port" -ne "$tls_port" ]
    [ "$(tail -n 1 "$out")" = ready ]
    for host in 127.0.0.1 '[::1]'; do
        run_client -m hello "tcp://$host:$tcp_port"
        ended 0
        received 'HELLO\n'
        run_client --ca "$certs/ca.pem" -m hello "tls://$host:$tls_port"
        ended 0
        received 'HELLO\n'
    done
}

@test "server: * is every address of the machine" {
    start_server '*:0'
    listens_on "tcp://0.0.0.0:$tcp_port" "tcp://[::]:$tcp_port"
    for host in 127.0.0.1 127.0.0.2 '[::1]'; do
        run_client -m hello "$host:$tcp_port"
        ended 0
        received 'HELLO\n'
    done
}

@test "server: without IPv6 the family is skipped with a note" {
    in_namespace 'echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6'
    start_server
    listens_on tcp://127.0.0.1:12000
    logged 'warn +not listening on ::1: '
    stop_server
    start_server '*:12001'
    [ "$(grep -c '^listening on tcp://0.0.0.0:12001$' "$out")" -eq 1 ]
    stop_server
    # Who asks for nothing but IPv6 can't be served.
    status=0
    (wirewrap server 'tcp://[::1]:0') >"$out" 2>"$log" || status=$?
    [ "$status" -eq 10 ]
    [ ! -s "$out" ]
    grep -q '^wirewrap: tcp://\[::1\]:0: cannot listen: ' "$log"
}

@test "server: endpoints of both kinds are served side by side, at the same time" {
    start_server --cert "$certs/server.pem" --key "$certs/server.key" \
        tcp://127.0.0.1:0 tls://127.0.0.1:0 tcp://127.0.0.1:0 tls://127.0.0.1:0
    plain_ports=$(sed -n 's|^listening on tcp://.*:||p' "$out")
    tls_ports=$(sed -n 's|^listening on tls://.*:||p' "$out")
    [ "$(sort -u <<<"$plain_ports"$'\n'"$tls_ports" | wc -l)" -eq 4 ]
    for tcp_port in $plain_ports; do hold "plain$tcp_port" tcp hold hello; done
    for tls_port in $tls_ports; do hold "wrapped$tls_port" tls hold hello; done
    for tcp_port in $plain_ports; do
        release "plain$tcp_port"
        held_says "plain$tcp_port" '^ended clean'
    done
    for tls_port in $tls_ports; do
        release "wrapped$tls_port"
        held_says "wrapped$tls_port" '^ended clean'
    done
}

@test "server: a restart gets the port at once, with connections of the old one in TIME-WAIT" {
    start_server --once tcp://127.0.0.1:0
    first=$tcp_port
    talk tcp once hello HELLO # the server is the first to end
    stop_server
    start_server "tcp://127.0.0.1:$first"
    [ "$tcp_port" -eq "$first" ]
    talk tcp converse 1
}

# --- what it does to the bytes

@test "server: answers with the upper case of Unicode, as Python has it" {
    start_both
    for wire in tcp tls tls12; do
        talk "$wire" talk 'hello' 'HELLO' 'xin chào' 'XIN CHÀO' 'Straße' 'STRASSE'
        talk "$wire" talk 'ŉǰﬃ' '\xca\xbcNJ\xcc\x8cFFI'
        talk "$wire" talk 'no newline is waited for' 'NO NEWLINE IS WAITED FOR' \
            '\r\n\0\x01\x7f' '\r\n\0\x01\x7f'
    done
}

@test "server: a character that is split between two reads is held until it is whole" {
    start_both
    for wire in tcp tls; do
        # The answer to what comes before says that it has been read.
        talk "$wire" talk 'ch\xc3' 'CH' '\xa0o' '\xc3\x80O'
        talk "$wire" talk 'a\xf0\x90' 'A' 'b' '\xf0\x90B' # not one after all
        talk "$wire" talk 'a\xef' 'A' '\xac\x83' 'FFI'
        # What never becomes whole passes at the end as it is.
        talk "$wire" talk 'a\xc3' 'A' '\xc3'
        talk "$wire" talk 'a\xf0\x90\x90' 'A' '\xf0\x90\x90'
    done
}

@test "server: bytes that are not valid UTF-8 pass unchanged" {
    start_both
    for wire in tcp tls; do
        talk "$wire" talk 'a\xffb\xc0\xafc\xed\xa0\x80d\xf5\x80e\x80f' \
            'A\xffB\xc0\xafC\xed\xa0\x80D\xf5\x80E\x80F'
    done
}

@test "server: --service echo gives back what came" {
    start_both --service echo
    for wire in tcp tls; do
        talk "$wire" talk 'hello ß\xff\0' 'hello ß\xff\0' '\xc3' '\xc3'
    done
}

@test "server: --service discard says nothing, and ends when the client does" {
    start_both --service discard
    for wire in tcp tls; do
        talk "$wire" silence 'hello'
    done
    logged 'on=tcp.* app-in=5 app-out=0 .*end=clean$'
    logged 'on=tls.* app-in=5 app-out=0 .*end=clean$'
}

@test "server: --once answers a client once and closes, and goes on with the next" {
    start_both --once
    for wire in tcp tls tls12; do
        talk "$wire" once 'hello' 'HELLO'
        # Half a character is no answer, what comes with the rest is one.
        talk "$wire" talk '\xc3' '' '\xa0 la carte' 'À LA CARTE'
        talk "$wire" once 'a\xc3' 'A\xc3'
    done
    run_client --ca "$certs/ca.pem" -m hello "tls://localhost:$tls_port"
    ended 0
    received 'HELLO\n'
}

@test "server: both of the lesson's clients get their answer, and a clean end" {
    start_both --once
    for arguments in "$tcp_port" "$tls_port $certs/ca.pem"; do
        # shellcheck disable=SC2086 # words
        run python3 "$peers/lesson_client.py" $arguments <<<'hello, world'
        [ "$status" -eq 0 ]
        [ "$output" = 'Input lowercase sentence:From Server:  HELLO, WORLD' ]
    done
    logged 'on=tcp.*app-out=12 .*end=clean'
    logged 'on=tls.*app-out=12 '
}

# --- ends

@test "server: who ends first still gets all answers, up to 8 MiB, and then the end" {
    start_both
    for wire in tcp tls tls12; do
        talk "$wire" stream 8
        talk "$wire" stream-then 1
        talk "$wire" talk 'bye' 'BYE'
        talk "$wire" silence ''
    done
    # Two clients at a time that leave their answers lying for a while.
    for wire in tcp tls; do hold "$wire" "$wire" stuck 64 end; done
    release tcp tls
    for wire in tcp tls; do held_says "$wire" '^ended clean'; done
}

@test "server: openssl's client is answered, ended and resumed" {
    start_both --once
    session=$BATS_TEST_TMPDIR/session
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    for version in -tls1_3 -tls1_2; do
        for step in "-sess_out $session" "-sess_in $session"; do
            # It waits for our end: its own input never ends.
            exec 5<>"$BATS_TEST_TMPDIR/pipe"
            echo hello >&5
            # shellcheck disable=SC2086 # words
            timeout 60 openssl s_client -quiet -verify_return_error \
                -CAfile "$certs/ca.pem" -verify_hostname localhost $version $step \
                -connect "localhost:$tls_port" <&5 5>&- \
                >"$BATS_TEST_TMPDIR/s_client.out" 2>"$BATS_TEST_TMPDIR/s_client.err"
            exec 5>&-
            [ "$(cat "$BATS_TEST_TMPDIR/s_client.out")" = HELLO ]
        done
    done
    logged 'version=TLSv1.3 .*session=full'
    logged 'version=TLSv1.3 .*session=resumed'
    logged 'version=TLSv1.2 .*session=full'
    logged 'version=TLSv1.2 .*session=resumed'
}

@test "server: a client that leaves without close_notify is truncated, one that resets is reset" {
    start_both
    talk tls cut fin
    logged 'on=tls.* app-in=5 app-out=5 .*end=truncated reason='
    for wire in tcp tls; do
        talk "$wire" cut reset
        logged "on=$wire.* app-in=5 app-out=5 .*end=reset reason="
    done
    talk tcp converse 1
    talk tls converse 1
}
