#!/usr/bin/env bats
# The client as a filter: what goes through it, and how it ends.
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

# --- what goes through

@test "client: prints exactly the server's answer and nothing else" {
    start_both
    for wire in tcp tls; do
        towards "$wire"
        run_client "${to[@]}" <<<'hello, world'
        ended 0
        received 'HELLO, WORLD\n'
    done
}

@test "client: --message sends one line in place of standard input" {
    start_both
    for wire in tcp tls; do
        towards "$wire"
        run_client "${to[@]}" -m 'xin chào' <<<'not this'
        ended 0
        received 'XIN CHÀO\n'
        run_client --message= "${to[@]}"
        ended 0
        received '\n'
    done
}

@test "client: a message as long as its buffer, and one byte longer, goes whole" {
    start_both
    for wire in tcp tls; do
        towards "$wire"
        for len in 65535 65536; do
            message=$(head -c "$len" /dev/zero | tr '\0' a)
            run_client "${to[@]}" -m "$message"
            ended 0
            [ "$(wc -c <"$got")" -eq $((len + 1)) ]
        done
    done
}

@test "client: nothing to send is a whole conversation too" {
    start_both --log-level debug # info leaves out who said nothing
    for wire in tcp tls; do
        towards "$wire"
        run_client "${to[@]}" </dev/null
        ended 0
        received ''
    done
    logged 'on=tcp://.* app-in=0 app-out=0 .*end=clean'
    logged 'on=tls://.* app-in=0 app-out=0 .*end=clean'
}

@test "client: a closed standard input is an empty one" {
    start_both
    for wire in tcp tls; do
        towards "$wire"
        run_client "${to[@]}" <&-
        ended 0
        received ''
    done
}

@test "client: bytes of any kind go both ways unchanged" {
    data=$BATS_TEST_TMPDIR/data
    start_both --service echo
    for wire in tcp tls; do
        towards "$wire"
        for text in 'no newline' 'CRLF\r\n' '\0NUL\0\0' '\n\n\n' '\377\376\200' \
            'Q\nR\nk\nK\nB\n' 'R' '\033[31m\a' 'x'; do
            # shellcheck disable=SC2059 # it is a format
            printf "$text" >"$data"
            run_client "${to[@]}" <"$data"
            ended 0
            cmp "$data" "$got"
        done
    done
}

@test "client: a line of 1 MiB goes whole" {
    data=$BATS_TEST_TMPDIR/data
    head -c 1048576 /dev/zero | tr '\0' x >"$data"
    echo >>"$data"
    start_both
    for wire in tcp tls; do
        towards "$wire"
        run_client "${to[@]}" <"$data"
        ended 0
        tr x X <"$data" | cmp - "$got"
    done
}

@test "client: sends each line as it comes and shows each answer as it comes" {
    start_both
    for wire in tcp tls; do
        towards "$wire"
        start_client "${to[@]}"
        for word in ONE TWO THREE; do
            tr '[:upper:]' '[:lower:]' <<<"$word" >&4
            wait_until grep -q "^$word\$" "$got"
        done
        end_input
        wait_client
        ended 0
        received 'ONE\nTWO\nTHREE\n'
    done
}

@test "client: gets the answers of a server that speaks only after the end of the input" {
    for wire in tcp tls; do
        start_peer "$wire" after-end
        head -c 300000 /dev/zero >"$BATS_TEST_TMPDIR/data"
        run_client "${to[@]}" <"$BATS_TEST_TMPDIR/data"
        ended 0
        received 'got 300000'
        peer_says '^done'
    done
}

@test "client: a server that sends 8 MiB before it reads does not lock it up" {
    head -c 8388608 /dev/urandom >"$BATS_TEST_TMPDIR/data"
    for wire in tcp tls; do
        start_peer "$wire" speak-first
        run_client "${to[@]}" <"$BATS_TEST_TMPDIR/data"
        ended 0
        [ "$(wc -c <"$got")" -eq $((8388608 + 11)) ]
        [ "$(tail -c 11 "$got")" = 'got 8388608' ]
    done
}

@test "client: 32 MiB both ways at once arrive whole, through files and pipes" {
    data=$BATS_TEST_TMPDIR/data
    head -c 33554432 /dev/urandom >"$data"
    start_both --service echo
    for wire in tcp tls; do
        towards "$wire"
        run_client "${to[@]}" <"$data"
        ended 0
        cmp "$data" "$got"
        # shellcheck disable=SC2002 # a pipe is meant
        cat "$data" | wirewrap client "${to[@]}" | cmp "$data" -
    done
}

# has_received N: the client has written as many bytes.
has_received() {
    [ "$(stat -c %s "$got")" -eq "$1" ]
}

@test "client: its memory does not grow with what goes through it" {
    data=$BATS_TEST_TMPDIR/data
    head -c 33554432 /dev/urandom >"$data"
    start_both --service echo
    for wire in tcp tls; do
        towards "$wire"
        start_client "${to[@]}"
        cat "$data" >&4
        wait_until has_received 33554432
        peak=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$client_pid/status")
        end_input
        wait_client
        ended 0
        # A sanitizer takes what it likes.
        [[ $WW_BUILD == *san-* ]] || [ "$peak" -lt 16000 ]
    done
}

# --- when standard output is not what it should be

@test "client: a reader that has had enough ends it quietly with status 141" {
    for wire in tcp tls; do
        start_peer "$wire" speak-first
        told=$BATS_TEST_TMPDIR/told
        { wirewrap client "${to[@]}" </dev/null 2>"$told" ||
            echo $? >"$BATS_TEST_TMPDIR/status"; } | head -c 5 >/dev/null
        status=$(cat "$BATS_TEST_TMPDIR/status")
        ended 141
    done
}

@test "client: a full device is told in one line, status 1" {
    start_both
    for wire in tcp tls; do
        towards "$wire"
        run_client "${to[@]}" -m hello
        told=$BATS_TEST_TMPDIR/told
        status=0
        wirewrap client "${to[@]}" -m hello >/dev/full 2>"$told" || status=$?
        ended 1 'wirewrap: standard output: No space left on device'
        one_line
    done
}

@test "client: a closed standard output is told in one line, status 1" {
    start_both
    for wire in tcp tls; do
        towards "$wire"
        told=$BATS_TEST_TMPDIR/told
        status=0
        wirewrap client "${to[@]}" -m hello >&- 2>"$told" || status=$?
        ended 1 'wirewrap: standard output: Bad file descriptor'
        one_line
    done
}

@test "client: without any standard descriptor it still fails with status 1" {
    start_both
    for wire in tcp tls; do
        towards "$wire"
        status=0
        wirewrap client "${to[@]}" -m hello <&- >&- 2>&- || status=$?
        [ "$status" -eq 1 ]
    done
}

@test "client: a directory as standard input is told in one line, status 1" {
    start_both
    for wire in tcp tls; do
        towards "$wire"
        run_client "${to[@]}" </
        ended 1 'wirewrap: standard input: Is a directory'
        one_line
    done
}

# --- how the server ends

@test "client: ends at once when the server does, though the input stays open" {
    for wire in tcp tls; do
        start_peer "$wire" end-first
        start_client -v "${to[@]}"
        wait_client
        ended 0 'the server ended the conversation' 'ended: clean'
        received 'hi\n'
        peer_says '^done'
    done
}

@test "client: tells at once that the server is gone between two lines" {
    for wire in tcp tls; do
        start_both
        towards "$wire"
        start_client -v "${to[@]}"
        echo one >&4
        wait_until grep -q '^ONE$' "$got"
        stop_server
        wait_client
        ended 0 'the server ended the conversation' 'ended: clean'
        received 'ONE\n'
    done
}

@test "client: a server killed between two lines ends it: 0 for a FIN, 8 without close_notify" {
    for wire in tcp tls; do
        start_both
        towards "$wire"
        start_client "${to[@]}"
        echo one >&4
        wait_until grep -q '^ONE$' "$got"
        kill -9 "$server_pid"
        wait "$server_pid" 2>/dev/null || true
        server_pid=
        wait_client
        if [ "$wire" = tcp ]; then
            ended 0
        else
            ended 8 'ended without close_notify' '4 bytes received so far'
            one_line
        fi
        received 'ONE\n'
    done
}

@test "client: a TLS stream cut short is status 8, and what came before is printed" {
    for version in 1.2 1.3; do
        start_peer -m "$version" tls cut
        start_client "${to[@]}"
        echo hello >&4
        wait_until grep -q part "$got"
        let_go
        wait_client
        ended 8 "wirewrap: tls://localhost:$tls_port: " \
            'it ended without close_notify' '4 bytes received so far'
        one_line
        received 'part'
    done
    # TCP's own end is an end where there is no TLS.
    start_peer tcp cut
    let_go
    run_client "${to[@]}" -m hello
    ended 0
    received 'part'
}

@test "client: a connection reset in mid reply is status 7, and tells what came" {
    for wire in tcp tls; do
        start_peer "$wire" reset
        start_client "${to[@]}"
        echo hello >&4
        wait_until grep -q part "$got"
        let_go
        wait_client
        ended 7 "wirewrap: $wire://localhost:$tcp_port: " \
            'Connection reset by peer' '4 bytes received so far'
        one_line
        received 'part'
    done
}

@test "client: a server that ends before it took everything is status 7" {
    head -c 33554432 /dev/zero >"$BATS_TEST_TMPDIR/data"
    for wire in tcp tls; do
        start_peer "$wire" take-little
        run_client "${to[@]}" <"$BATS_TEST_TMPDIR/data"
        ended 7 'the server ended the conversation before it took' \
            '3 bytes received so far'
        one_line
        received 'bye'
    done
}

# --- signals

@test "client: a signal ends it with 128 and its number, and it says goodbye" {
    start_both
    for wire in tcp tls; do
        towards "$wire"
        for signal in INT:130 TERM:143 HUP:129; do
            : >"$log"
            start_client "${to[@]}"
            echo one >&4
            wait_until grep -q '^ONE$' "$got"
            kill "-${signal%:*}" "$client_pid"
            wait_client
            ended "${signal#*:}"
            logged "on=$wire://.* app-in=4 .*end=clean"
        done
    done
}

@test "client: SIGINT while data pours through ends it all the same" {
    start_both --service echo
    for wire in tcp tls; do
        towards "$wire"
        got=$BATS_TEST_TMPDIR/client.out
        told=$BATS_TEST_TMPDIR/client.err
        wirewrap client "${to[@]}" </dev/zero >"$got" 2>"$told" 3>&- &
        client_pid=$!
        wait_until [ -s "$got" ]
        kill -INT "$client_pid"
        wait_client
        ended 130
        : >"$got"
    done
}

@test "client: SIGINT and SIGTERM end a handshake that does not move" {
    for signal in INT:130 TERM:143; do
        start_peer tcp silent
        start_client --ca "$certs/ca.pem" "tls://localhost:$tls_port"
        wait_until is_connected "$client_pid"
        kill "-${signal%:*}" "$client_pid"
        wait_client
        ended "${signal#*:}"
        received ''
    done
}

# is_connected PID: it has a socket beside its standard descriptors.
is_connected() {
    find "/proc/$1/fd" -lname 'socket:*' 2>/dev/null | grep -q .
}

# --- what it tells

@test "client: -v tells the connection, the bytes and the end, on standard error" {
    start_both
    towards tcp
    run_client -v "${to[@]}" -m hello
    ended 0 "connected to " 'sent 6 bytes, received 6 (on the wire: 6, 6)' \
        'ended: clean, after '
    received 'HELLO\n'

    towards tls
    run_client -v "${to[@]}" -m hello
    ended 0 "connected to " 'wirewrap: TLSv1.3, TLS_' ', group X25519' ', full handshake' \
        'wirewrap: verified as localhost' 'sent 6 bytes, received 6' 'ended: clean'
    received 'HELLO\n'
    if grep -v '^wirewrap: ' "$told"; then false; fi
}

@test "client: a plain client at a TLS port is told what the answer looks like" {
    # The server's alert, as the bytes that they are.
    start_peer tcp answer '\x15\x03\x03\x00\x02\x02\x46'
    run_client "${to[@]}" -m hello
    ended 5 "the server answered with a TLS alert" "try tls://localhost:$tcp_port"
    received '\x15\x03\x03\x00\x02\x02\x46'

    # An answer that goes on may be anything: a remark, and no more.
    start_peer tcp answer '\x15\x03\x03\x00\x02\x02\x46and so on'
    run_client "${to[@]}" -m hello
    ended 0 "the answer begins like a TLS alert" "try tls://localhost:$tcp_port"
    one_line

    # What only looks similar is nobody's alert, and neither is one in TLS.
    start_peer tcp answer '\x15\x03\x03\x00\x03\x02\x46'
    run_client "${to[@]}" -m hello
    ended 0
    start_peer tls answer '\x15\x03\x03\x00\x02\x02\x46'
    run_client "${to[@]}" -m hello
    ended 0
    received '\x15\x03\x03\x00\x02\x02\x46'
}

@test "client: a plain client at our own TLS port is told so" {
    start_both
    run --separate-stderr wirewrap client -m hello "tcp://localhost:$tls_port"
    [ "$status" -eq 5 ]
    [[ $stderr == *"try tls://localhost:$tls_port"* ]]
    logged "plain text on the TLS port, it starts with 'hello"
}
