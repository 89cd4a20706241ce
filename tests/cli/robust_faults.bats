#!/usr/bin/env bats
# System calls that fail now and then, as the kernel may let them fail: who is
# hurt by that is one client at most, and the server goes on.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031 # shared with helper.bash, in each test

load helper

setup_file() {
    make_certs
}

setup() {
    strace -f true 2>/dev/null || skip "strace is missing, or not permitted here"
    # Leaks can't be looked for under strace.
    export ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0
}

teardown() {
    end_server
}

# shellcheck disable=SC2317 # start_both calls what is defined inside
# with_faults INJECTION...: serves while system calls fail like that, as in
# "accept4:error=EMFILE:when=2..30+3" (from the second to the thirtieth, every
# third), and talks to it.
with_faults() {
    local calls=() fault
    for fault; do calls+=(-e "inject=$fault"); done
    faulty=$(type -P wirewrap)
    wirewrap() {
        # -D: the server is our child, and strace is not in between.
        exec strace -D -f -qq -o "$BATS_TEST_TMPDIR/strace" \
            -e trace="$(printf '%s\n' "${injected[@]%%:*}" | sort -u | paste -sd ,)" \
            "${calls[@]}" "$faulty" "$@"
    }
    injected=("$@")
    echo "with $*"
    start_both --workers 1 --log-level debug
    unset -f wirewrap
    timeout 100 python3 "$peers/server_load.py" "$server_pid" "$tcp_port" "$tls_port" \
        "$certs/ca.pem" faults 60 >"$BATS_TEST_TMPDIR/load.out" 2>&1 3>&- || {
        cat "$BATS_TEST_TMPDIR/load.out"
        return 1
    }
    grep -q INJECTED "$BATS_TEST_TMPDIR/strace" || {
        echo "nothing has failed"
        return 1
    }
    stop_server
    [ "$server_status" -eq 0 ] || {
        echo "status $server_status"
        return 1
    }
}

# unhurt: nobody has even noticed.
unhurt() {
    grep -q '^0 of ' "$BATS_TEST_TMPDIR/load.out" || {
        cat "$BATS_TEST_TMPDIR/load.out"
        return 1
    }
}

@test "faults: accept may find no descriptors or no memory: whoever comes is served later" {
    for error in EMFILE ENFILE ENOMEM ENOBUFS; do
        with_faults "accept4:error=$error:when=2..40+4"
        unhurt
        logged 'warn +cannot accept: '
    done
}

@test "faults: accept may be interrupted, or too late: the next is served at once" {
    for error in EINTR ECONNABORTED EPROTO EPERM ENETDOWN ETIMEDOUT; do
        with_faults "accept4:error=$error:when=2..60+2"
        unhurt
    done
}

@test "faults: waiting may be interrupted, or find no memory" {
    for error in EINTR ENOMEM; do
        with_faults "epoll_wait:error=$error:when=2..60+3" \
            "epoll_pwait:error=$error:when=2..60+3"
        unhurt
    done
}

@test "faults: what can't be watched hurts nobody else" {
    for error in ENOMEM ENOSPC; do
        with_faults "epoll_ctl:error=$error:when=8..40+4"
    done
}

@test "faults: receiving may have nothing, be interrupted, or find no memory or nobody" {
    for error in EAGAIN EINTR; do
        with_faults "recvfrom:error=$error:when=1..100+3"
        unhurt
    done
    for error in ENOMEM ECONNRESET ETIMEDOUT EHOSTUNREACH; do
        with_faults "recvfrom:error=$error:when=2..60+7"
    done
}

@test "faults: sending may find no room, be interrupted, or find no memory or nobody" {
    for error in EAGAIN EINTR; do
        with_faults "sendto:error=$error:when=1..100+3"
        unhurt
    done
    for error in ENOMEM ENOBUFS ECONNRESET EPIPE; do
        with_faults "sendto:error=$error:when=2..60+7"
    done
}

@test "faults: ending may fail, and so may the log" {
    with_faults shutdown:error=ENOTCONN:when=1..30+2
    for error in EAGAIN ENOSPC EIO EPIPE EINTR; do
        with_faults "write:error=$error:when=12..60+3"
        unhurt
    done
}

@test "faults: a log that takes its time blocks no worker for ever" {
    # Both workers find room in the pipe at the same time, for one of them.
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    exec 6<>"$BATS_TEST_TMPDIR/pipe"
    python3 -c 'import fcntl; fcntl.fcntl(6, 1031, 4096)' # F_SETPIPE_SZ
    faulty=$(type -P wirewrap)
    out=$BATS_TEST_TMPDIR/server.out
    : >"$out"
    strace -D -f -qq -o "$BATS_TEST_TMPDIR/strace" -e trace=write \
        -e inject=write:delay_enter=20000:when=5+ "$faulty" server --workers 2 \
        tcp://127.0.0.1:0 >"$out" 2>"$BATS_TEST_TMPDIR/pipe" 3>&- 6>&- &
    server_pid=$!
    wait_until grep -q '^ready$' "$out"
    tcp_port=$(sed -n 's|^listening on tcp://.*:||p' "$out")
    for _ in {1..10}; do
        talk tcp at-once 20
    done
    exec 6>&-
    stop_server
    [ "$server_status" -eq 0 ]
}
