#!/usr/bin/env bats
# The lesson on the library: both example programs, over either wire.
# shellcheck disable=SC2154 # set in helper.bash

load helper

setup_file() {
    make_certs
}

teardown() {
    end_server
    [ -z "${lesson_pid-}" ] || kill "$lesson_pid" 2>/dev/null || true
}

@test "examples: each is under 60 lines" {
    for file in "$tree"/examples/*.c; do
        [ "$(wc -l <"$file")" -lt 60 ]
    done
}

@test "examples: the lesson's client gets its answer over either wire" {
    start_both
    run "$WW_BUILD/examples/lesson_client" 'xin chào' "tcp://localhost:$tcp_port"
    [ "$status" -eq 0 ]
    [ "$output" = "From Server: XIN CHÀO" ]
    run "$WW_BUILD/examples/lesson_client" 'xin chào' "tls://localhost:$tls_port" "$certs/ca.pem"
    [ "$status" -eq 0 ]
    [ "$output" = "From Server: XIN CHÀO" ]
}

@test "examples: the lesson's client refuses a server it does not trust" {
    start_both
    run "$WW_BUILD/examples/lesson_client" secret "tls://localhost:$tls_port" "$certs/self-signed.pem"
    [ "$status" -eq 6 ]
    [[ $output == *"certificate not accepted"* ]]
}

# start_lesson ARGS...: runs the lesson's server and sets $port.
start_lesson() {
    "$WW_BUILD/examples/lesson_server" "$@" >"$BATS_TEST_TMPDIR/lesson.out" 2>&1 3>&- &
    lesson_pid=$!
    wait_until lesson_listens
}

lesson_listens() {
    # The port is the kernel's choice; /proc has it, whoever asks.
    port=$(ss -tlnpH 2>/dev/null | sed -n "s/.*127\.0\.0\.1:\([0-9]*\) .*pid=$lesson_pid,.*/\1/p")
    [ -n "$port" ]
}

@test "examples: the lesson's server answers over either wire" {
    command -v ss >/dev/null || skip "ss is not installed"
    start_lesson tcp://127.0.0.1:0
    run wirewrap client -m hello "tcp://127.0.0.1:$port"
    [ "$status" -eq 0 ]
    [ "$output" = HELLO ]
    kill "$lesson_pid"

    start_lesson tls://127.0.0.1:0 "$certs/server.pem" "$certs/server.key"
    run tls_client -m hello "tls://127.0.0.1:$port"
    [ "$status" -eq 0 ]
    [ "$output" = HELLO ]
}
