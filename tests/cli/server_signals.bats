#!/usr/bin/env bats
# How the server stops.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031 # shared with helper.bash, in each test

load helper

setup_file() {
    make_certs
}

teardown() {
    end_holders
    end_server
}

# server_ends: sets $server_status once it has ended by itself.
server_ends() {
    wait_until has_ended "$server_pid"
    server_status=0
    wait "$server_pid" || server_status=$?
    server_pid=
}

@test "server: SIGTERM and SIGINT drain: idle ones end cleanly, replies in flight arrive, new ones are refused" {
    for signal in TERM INT; do
        start_both --workers 2 --drain-timeout 60
        for wire in tcp tls tls12; do
            hold "idle-$wire" "$wire" hold hello
            hold "busy-$wire" "$wire" stuck 64
        done
        kill "-$signal" "$server_pid"
        logged 'info +draining: 6 open, at most 60\.0 s'
        talk tcp refused
        talk tls refused
        for wire in tcp tls tls12; do
            held_says "idle-$wire" '^ended clean'
            still_held "busy-$wire"
        done
        kill -0 "$server_pid"
        release busy-tcp busy-tls busy-tls12
        for wire in tcp tls tls12; do
            held_says "busy-$wire" '^ended clean'
        done
        server_ends
        [ "$server_status" -eq 0 ]
        logged 'stopped: .* open=0 .* aborted=0 '
    done
}

@test "server: with nobody there, a signal ends it at once" {
    for signal in TERM INT; do
        start_both
        kill "-$signal" "$server_pid"
        server_ends
        [ "$server_status" -eq 0 ]
        logged 'stopped: accepted=0 open=0 '
    done
}

@test "server: a client in the middle of its handshake does not keep a drain from its end" {
    start_both
    hold silent tls silent
    hold half tls silent '\x16\x03\x01\x02\0\x01\0'
    kill "$server_pid"
    held_says silent '^ended'
    held_says half '^ended'
    server_ends
    [ "$server_status" -eq 0 ]
}

@test "server: a drain takes no longer than --drain-timeout" {
    start_both --drain-timeout 0.5
    for wire in tcp tls; do hold "$wire" "$wire" stuck 64; done
    kill "$server_pid"
    server_ends
    [ "$server_status" -eq 0 ]
    logged 'on=tcp.*end=aborted reason="the drain ran out of time"'
    logged 'on=tls.*end=aborted reason="the drain ran out of time"'
}

# insist: sends SIGTERM, true if that has ended it.  (Two that come too close
# to each other are one.)
insist() {
    has_ended "$server_pid" || kill "$server_pid"
    has_ended "$server_pid"
}

@test "server: a second signal ends it at once" {
    for first in TERM INT; do
        start_both --drain-timeout 3600 --write-timeout 3600
        for wire in tcp tls; do hold "$wire" "$wire" stuck 64; done
        kill "-$first" "$server_pid"
        logged 'draining'
        wait_until insist
        server_ends
        [ "$server_status" -eq 0 ]
        logged 'warn +second signal: ending at once, 2 open'
        logged 'stopped: accepted=2 open=0 .* aborted=2 '
        end_holders
    done
}

@test "server: SIGINT works when a shell without job control has started it in the background" {
    cat >"$BATS_TEST_TMPDIR/script" <<'END'
wirewrap server tcp://127.0.0.1:0 >"$1" 2>"$2" &
echo $!
END
    out=$BATS_TEST_TMPDIR/server.out
    log=$BATS_TEST_TMPDIR/server.log
    server_pid=$(sh "$BATS_TEST_TMPDIR/script" "$out" "$log" 3>&-)
    wait_until grep -q '^ready$' "$out"
    kill -INT "$server_pid"
    logged 'stopped: accepted=0'
    wait_until has_ended "$server_pid"
    server_pid=
}

@test "server: SIGHUP and SIGPIPE do not end it" {
    start_both
    kill -HUP "$server_pid"
    logged 'warn +SIGHUP: '
    kill -PIPE "$server_pid"
    talk tcp converse 1
    talk tls converse 1
    stop_server
    [ "$server_status" -eq 0 ]
}

@test "server: a signal that comes while it starts is not lost" {
    for _ in {1..20}; do
        out=$BATS_TEST_TMPDIR/server.out
        log=$BATS_TEST_TMPDIR/server.log
        : >"$out"
        : >"$log"
        wirewrap server --cert "$certs/server.pem" --key "$certs/server.key" \
            tls://127.0.0.1:0 >"$out" 2>"$log" 3>&- &
        server_pid=$!
        wait_until grep -q '^listening' "$out"
        kill "$server_pid"
        server_ends
        [ "$server_status" -eq 0 ]
        logged 'stopped: accepted=0'
    done
}
