#!/usr/bin/env bats
# Python's socket and ssl at the other end, and the lesson as it was taught.
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

# start_lesson [CERT KEY]: the lesson's server in Python.
start_lesson() {
    end_peer
    heard=$BATS_TEST_TMPDIR/peer.out
    : >"$heard"
    python3 "$peers/lesson_server.py" 0 "$@" >"$heard" 2>&1 3>&- </dev/null &
    peer_pid=$!
    wait_until grep -q ready "$heard"
    tcp_port=$(sed -n 's/.* on //p' "$heard")
    tls_port=$tcp_port
}

# python_client ARGS...: its output is in $got.
python_client() {
    got=$BATS_TEST_TMPDIR/client.out
    timeout 60 python3 "$peers/client_python.py" "$@" >"$got" 3>&-
}

@test "python: a client that half-closes gets the rest of its answers" {
    start_both
    python_client "$tcp_port" <<<'hello'
    received 'HELLO\n'
    logged 'on=tcp://.* app-in=6 app-out=6 .*end=clean'
    for version in 1.2 1.3; do
        : >"$log"
        python_client "$tls_port" "$certs/ca.pem" "$version" <<<'hello'
        received 'HELLO\n'
        logged "on=tls://.* version=TLSv$version .* app-in=6 app-out=6 .*end=clean"
    done
}

@test "python: 1 MiB by a client that sends it all and half-closes comes back whole" {
    data=$BATS_TEST_TMPDIR/data
    head -c 1048576 /dev/urandom >"$data"
    start_both --service echo
    python_client "$tcp_port" <"$data"
    cmp "$data" "$got"
    python_client "$tls_port" "$certs/ca.pem" <"$data"
    cmp "$data" "$got"
}

@test "python: a client of another CA refuses our server, which logs the refusal" {
    start_both
    run ! python_client "$tls_port" "$certs/self-signed.pem" <<<'hello'
    logged 'on=tls://.* app-in=0 .*end=refused'
}

@test "python: servers end cleanly for our client, in TLS 1.2 and 1.3" {
    start_peer tcp answer 'HELLO\n'
    run_client "${to[@]}" -m hello
    ended 0
    received 'HELLO\n'
    peer_says '^done'
    for version in 1.2 1.3; do
        start_peer -m "$version" tls answer 'HELLO\n'
        run_client -v "${to[@]}" -m hello
        ended 0 "wirewrap: TLSv$version, " 'ended: clean'
        received 'HELLO\n'
        peer_says '^done'
    done
}

@test "lesson: its client is answered by our server" {
    for mode in '' --once; do
        # shellcheck disable=SC2086 # an option or none
        start_both $mode
        for port in "$tcp_port" "$tls_port $certs/ca.pem"; do
            # shellcheck disable=SC2086 # one or two arguments
            run python3 "$peers/lesson_client.py" $port <<<'hello, world'
            [ "$status" -eq 0 ]
            [ "$output" = 'Input lowercase sentence:From Server:  HELLO, WORLD' ]
        done
        stop_server
    done
}

@test "lesson: its server answers our client, one after the other" {
    start_lesson
    for _ in 1 2; do
        run_client "tcp://localhost:$tcp_port" -m 'hello, world'
        ended 0
        received 'HELLO, WORLD\n'
    done
    run_client "tcp://localhost:$tcp_port" <<<'hello'
    ended 0
    received 'HELLO\n'
}

@test "lesson: its server wrapped in Python's TLS answers our client" {
    start_lesson "$certs/server.pem" "$certs/server.key"
    for _ in 1 2; do
        run_client --ca "$certs/ca.pem" "tls://localhost:$tls_port" -m 'hello, world'
        ended 0
        received 'HELLO, WORLD\n'
    done
}

@test "lesson: our client at a terminal talks to its server as its own does" {
    start_lesson
    run timeout 60 python3 "$peers/client_terminal.py" \
        see 'Input lowercase sentence: ' type 'hello\n' see 'From Server: HELLO\r\n' -- \
        wirewrap client "tcp://localhost:$tcp_port"
    [ "$status" -eq 0 ]
    [[ $output == 'Input lowercase sentence: hello\r\nFrom Server: HELLO\r\n'* ]]
}
