#!/usr/bin/env bats
# What the server bears: many clients, bad clients, clients that vanish.
# What load_with prints is for whoever wants to know the figures.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031 # shared with helper.bash, in each test

load helper

setup_file() {
    make_certs
}

teardown() {
    end_server
}

# load_with BEHAVIOUR [ARGUMENT]...: runs server_load.py against the server.
load_with() {
    timeout 200 python3 "$peers/server_load.py" "$server_pid" "$tcp_port" "$tls_port" \
        "$certs/ca.pem" "$@" >"$BATS_TEST_TMPDIR/load.out" 2>&1 3>&- || {
        cat "$BATS_TEST_TMPDIR/load.out"
        return 1
    }
    sed 's/^/# /' "$BATS_TEST_TMPDIR/load.out" >&3
}

# stops_well: it drains, with status 0.
stops_well() {
    stop_server
    [ "$server_status" -eq 0 ]
}

@test "robust: 80 silent and 20 dripping handshakes keep nobody else waiting, and are dropped" {
    start_both --workers 2 --handshake-timeout 2
    load_with stalled
    [ "$(grep -c 'end=timeout phase=handshake' "$log")" -eq 100 ]
    stops_well
}

@test "robust: 300 held connections cost little, and others are served" {
    start_both --workers 2 --handshake-timeout 1
    load_with held 300
    stops_well
}

@test "robust: a client that sends 64 MiB and reads nothing costs neither memory nor time, and gets every byte" {
    start_both --workers 2 --handshake-timeout 1
    most=4096
    ! sanitized || most=any
    for wire in tcp tls; do load_with unread "$wire" 1 "$most"; done
    stops_well
}

@test "robust: nor do twenty such" {
    start_both --workers 2 --handshake-timeout 1
    most=16384
    ! sanitized || most=any
    for wire in tcp tls; do load_with unread "$wire" 20 "$most"; done
    stops_well
}

@test "robust: conversations, failed handshakes, comers and goers, and resets leave no descriptor behind" {
    start_both --workers 2 --log-level warn
    load_with balance
    stops_well
}

@test "robust: out of descriptors it neither spins nor dies, and goes on when there are some" {
    # It raises its soft limit to the hard one.
    start_both --workers 1 --handshake-timeout 3600
    prlimit "--pid=$server_pid" --nofile=60:60
    load_with few-descriptors
    logged 'warn +cannot accept: Too many open files; '
    [ "$(grep -c 'cannot accept' "$log")" -le 2 ]
    stops_well
}

@test "robust: clients that vanish without a word are dropped as idle" {
    python3 -c 'import socket; socket.socket().setsockopt(socket.IPPROTO_TCP, 19, 1)' ||
        skip "no right to let a connection vanish here"
    start_both --idle-timeout 1 --log-level info
    load_with vanish 20
    logged 'on=tcp.*end=timeout phase=idle'
    # What it had not acknowledged may find out sooner.
    logged 'on=tls.*end=(timeout phase=idle|reset)'
    stops_well
}

@test "robust: no byte stays stuck, however records and segments fall" {
    start_both
    load_with segments
    load_with early
    stops_well
}

@test "robust: a thousand key updates are borne, and others served meanwhile" {
    start_both --workers 1
    load_with key-updates 1000
    stops_well
}

@test "robust: a drain delivers the replies in flight of 50 clients, whole and with a clean end" {
    start_both --workers 2 --drain-timeout 60
    load_with drain 50
    wait_until has_ended "$server_pid"
    server_status=0
    wait "$server_pid" || server_status=$?
    server_pid=
    [ "$server_status" -eq 0 ]
    # (Who takes long over his goodbye is a time-out, and has all he wanted.)
    logged 'stopped: .* open=0 .* aborted=0 '
}
