#!/usr/bin/env bats
# What the server tells of its connections, and its limits.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031 # shared with helper.bash, in each test

load helper

setup_file() {
    make_certs
}

teardown() {
    end_holders
    end_server
}

# count PATTERN: how many lines of the log have it.
count() {
    grep -cE -- "$1" "$log" || true
}

counted() {
    [ "$(count "$2")" -eq "$1" ]
}

# --- a line for each connection

@test "server log: one line tells everything about a connection" {
    start_both --workers 1
    ms='[0-9]+\.[0-9]{3}'
    head='^20[0-9-]{8}T[0-9:]{8}\.[0-9]{3}Z info  peer=127\.0\.0\.1:[0-9]+ on='
    tail="app-in=5 app-out=5 wire-in=[0-9]{3,} wire-out=[0-9]{3,} total-ms=$ms end=clean\$"
    talk tcp talk hello HELLO
    logged "${head}tcp://127\.0\.0\.1:$tcp_port app-in=5 app-out=5 wire-in=5 wire-out=5 total-ms=$ms end=clean\$"
    talk tls talk hello HELLO
    logged "${head}tls://127\.0\.0\.1:$tls_port version=TLSv1\.3 suite=TLS_AES_[0-9A-Z_]+ group=X25519(MLKEM768)? session=full handshake-ms=$ms $tail"
    talk tls12 talk hello HELLO
    logged "${head}tls://127\.0\.0\.1:$tls_port version=TLSv1\.2 suite=ECDHE-[0-9A-Z-]+ group=X25519 session=full handshake-ms=$ms $tail"
    counted 3 ' peer='
    # The peer is the one that was there.
    run_client --ca "$certs/ca.pem" -m hello "tls://[::1]:$tls_port"
    ended 0
    logged 'peer=\[::1\]:[0-9]+ on=tls://\[::1\]:'
}

@test "server log: a resumed session is told apart, whichever worker resumes it" {
    start_both --workers 4
    for wire in tls tls12; do
        talk "$wire" resume 20
    done
    wait_until counted 20 'version=TLSv1\.3 .*session=resumed'
    wait_until counted 20 'version=TLSv1\.2 .*session=resumed'
    counted 2 'session=full'
}

@test "server log: a TLS client on the plain port is told in words, and ended by FIN" {
    start_both
    hold other tcp hold hello
    tls_port=$tcp_port talk tls hello
    grep -q '^fin after ' "$heard"
    logged "on=tcp.*end=refused reason=\"a TLS client is talking to the plain port: "
    # With our own client, who can say why, too.
    run_client --ca "$certs/ca.pem" -m hello "tls://localhost:$tcp_port"
    ended 5 'plain'
    release other
    held_says other '^ended clean'
}

@test "server log: what looks a little like a TLS client is served on the plain port" {
    start_both --service echo
    talk tcp talk '\x16\x03\x01' '\x16\x03\x01'
    talk tcp talk '\x16\x03\x01 this is no client hello' '\x16\x03\x01 this is no client hello'
    run ! grep -q refused "$log"
}

@test "server log: HTTP and plain text on the TLS port are told in words, and ended by FIN" {
    start_both
    hold other tls hold hello
    talk tls raw 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
    grep -q '^fin after' "$heard"
    logged 'on=tls.*end=refused reason="an HTTP request in plain text on the TLS port'
    talk tls raw 'hello, world\n'
    grep -q '^fin after' "$heard"
    logged "end=refused reason=\"plain text on the TLS port, it starts with 'hello"
    talk tls raw 'hi\n' end
    grep -q '^fin after' "$heard"
    logged "it starts with 'hi.n'"
    # Twenty lines at once are not a reset either, nor is what is no text.
    talk tls raw "$(printf 'hello, world\\r\\n%.0s' {1..20})" end
    grep -q '^fin after' "$heard"
    talk tls raw '\0\x01\x02\xff\xfe\x1b[31mred\n'
    grep -q '^fin after' "$heard"
    logged 'bytes that are not TLS on the TLS port'
    # No control character of a peer's reaches the log.
    run ! grep -q $'[\x01-\x08\x0b-\x1f\x7f]' "$log"
    # A TLS client is told by an alert, one that asks for too little at least.
    talk tls raw '\x16\x03\x01\0\x05hello'
    grep -q "^fin after b'.x15.x03" "$heard"
    release other
    held_says other '^ended clean'
}

@test "server log: a client that leaves in the handshake is told with its reason" {
    start_both
    talk tls raw '\x16\x03\x01\x02\0\x01\0' end
    logged 'end=refused reason="TLS handshake: the client closed the connection half way"'
    run timeout 60 openssl s_client -connect "localhost:$tls_port" -tls1_2 \
        -cipher AES128-SHA:@SECLEVEL=0 </dev/null
    logged 'end=refused reason="TLS handshake: no shared cipher"'
    run_client "tls://localhost:$tls_port" -m hello # without the CA
    [ "$status" -eq 6 ]
    logged "end=refused reason=\".*the client refused it with the alert 'unknown CA'\""
}

@test "server log: a port scan leaves no line but at debug" {
    start_both
    for wire in tcp tls; do talk "$wire" scan 20; done
    for wire in tcp tls; do talk "$wire" converse 1; done
    kill -USR1 "$server_pid"
    logged 'counters: accepted=42 '
    logged 'on=tls.*app-in=5'
    counted 2 ' peer='
    stop_server
    start_both --log-level debug
    for wire in tcp tls; do talk "$wire" scan 20; done
    wait_until counted 40 'debug peer=.* wire-in=0 '
}

@test "server log: --log-level leaves out what is less" {
    start_both --log-level warn --max-connections 1
    for wire in tcp tls; do talk "$wire" converse 1; done
    talk tls raw 'hello, world\n'
    hold one tcp hold hello
    talk tcp turned-away 1
    logged 'warn  connection limit reached'
    stop_server
    counted 0 ' info '
    counted 0 ' peer='
    start_both --log-level error --max-connections 1
    hold one tcp hold hello
    talk tcp turned-away 1
    # Who asks gets an answer at every level.
    kill -USR1 "$server_pid"
    logged 'counters: '
    stop_server
    [ "$(wc -l <"$log")" -eq 1 ]
}

@test "server log: SIGUSR1 logs the counters, and the end their totals" {
    start_both --workers 3
    talk tcp converse 3
    talk tls converse 2
    talk tls resume 1
    talk tls raw 'hello, world\n'
    hold one tcp hold hello
    hold two tls hold hello
    kill -USR1 "$server_pid"
    logged 'counters: accepted=10 open=2 clean=7 truncated=0 reset=0 timeout=0 refused=1 aborted=0 over-limit=0 no-descriptors=0 full=4 resumed=1 app-in=35 app-out=35 wire-in=[0-9]+ wire-out=[0-9]+$'
    release one two
    held_says one '^ended clean'
    held_says two '^ended clean'
    stop_server
    [ "$server_status" -eq 0 ]
    logged 'stopped: accepted=10 open=0 clean=9 '
}

# --- limits

@test "server log: the handshake deadline is absolute, and told" {
    start_both --handshake-timeout 1
    hold silent tls silent
    hold half tls silent '\x16\x03\x01\x02\0\x01\0'
    talk tls drip
    grep -q '^ended' "$heard"
    held_says silent '^ended'
    held_says half '^ended'
    wait_until counted 3 'on=tls.*end=timeout phase=handshake reason="no complete TLS handshake"'
    # Plain connections have no handshake, and whoever is through has done it.
    hold plain tcp hold hello
    hold wrapped tls hold hello
    hold late tls silent
    held_says late '^ended'
    still_held plain
    still_held wrapped
    release plain wrapped
    held_says plain '^ended clean'
    held_says wrapped '^ended clean'
}

@test "server log: an idle connection is ended cleanly after --idle-timeout" {
    start_both --idle-timeout 0.5
    for wire in tcp tls tls12; do
        hold "$wire" "$wire" hold hello
        held_says "$wire" '^ended clean'
        # Neither has who never said a word more time.
        hold "$wire" "$wire" hold
        held_says "$wire" '^ended clean'
    done
    wait_until counted 4 'on=tls.*end=timeout phase=idle reason='
    logged 'on=tcp.*app-in=5 .*end=timeout phase=idle reason='
}

@test "server log: a client that does not read is dropped after --write-timeout" {
    start_both --write-timeout 1 --idle-timeout 0.5
    for wire in tcp tls; do
        hold "$wire" "$wire" unread 64
    done
    for wire in tcp tls; do
        held_says "$wire" '^ended'
        logged "on=$wire.*end=timeout phase=write reason=\"the client does not read its answers\""
        talk "$wire" converse 1
    done
}

@test "server log: a client that never says goodbye is not waited for" {
    start_both --once
    for wire in tcp tls; do
        hold "$wire" "$wire" linger
    done
    for wire in tcp tls; do
        logged "on=$wire.*app-out=5 .*end=timeout phase=idle reason=\"the client did not say goodbye\""
        release "$wire"
        held_says "$wire" '^ended'
    done
}

@test "server log: --max-connections is a limit that is told once, and slots come free again" {
    start_both --max-connections 2 --workers 2
    hold one tcp hold hello
    hold two tls hold hello
    talk tcp turned-away 10
    talk tls turned-away 1
    logged 'warn +connection limit reached \(--max-connections\)'
    kill -USR1 "$server_pid"
    logged 'counters: accepted=2 open=2 .* over-limit=11 '
    # Each of the two workers may say it.
    [ "$(count 'limit reached')" -le 2 ]
    release one
    held_says one '^ended clean'
    talk tcp served
    talk tls served
    release two
    held_says two '^ended clean'
    talk tls converse 5
}
