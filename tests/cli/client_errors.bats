#!/usr/bin/env bats
# The client when there is nobody, when it waits in vain, and when it is told
# nonsense.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031 # shared with helper.bash, in each test

load helper

setup_file() {
    make_certs
}

teardown() {
    end_client
    end_peer
    end_server
    end_helper
}

end_helper() {
    [ -n "${helper_pid-}" ] || return 0
    kill -9 "$helper_pid" 2>/dev/null || true
    wait "$helper_pid" 2>/dev/null || true
}

# start_helper FILE PROGRAM: runs Python in the background until it has written
# its first line to FILE.
start_helper() {
    : >"$1"
    python3 -c "$2" >"$1" 3>&- </dev/null &
    helper_pid=$!
    wait_until [ -s "$1" ]
}

# --- nobody there

# A port on which nobody listens, and nobody will: it is bound.
take_port() {
    start_helper "$BATS_TEST_TMPDIR/port" '
import signal, socket
v4, v6 = socket.socket(), socket.socket(socket.AF_INET6)
v4.bind(("127.0.0.1", 0))
try:
    v6.bind(("::1", v4.getsockname()[1]))
except OSError:
    pass
print(v4.getsockname()[1], flush=True)
signal.pause()'
    port=$(cat "$BATS_TEST_TMPDIR/port")
}

@test "client: a refused connection is status 4, with a hint" {
    take_port
    for scheme in tcp tls; do
        run_client "$scheme://127.0.0.1:$port" -m hello
        ended 4 "wirewrap: $scheme://127.0.0.1:$port: cannot connect: Connection refused" \
            'hint: is the server running, and on this port?'
        one_line
        received ''
    done
}

# in_own_world COMMAND...: runs it where /etc/hosts is $BATS_TEST_TMPDIR/hosts
# and the network is one of its own, or skips the test.
in_own_world() {
    unshare -rmn true 2>/dev/null || skip "unshare is not permitted here"
    # shellcheck disable=SC2016 # for the inner shell
    unshare -rmn sh -c '
        ip link set lo up && mount --bind "$0/hosts" /etc/hosts || exit 77
        [ ! -f "$0/resolv.conf" ] || mount --bind "$0/resolv.conf" /etc/resolv.conf || exit 77
        exec "$@"' "$BATS_TEST_TMPDIR" "$@"
}

@test "client: every address that was tried in vain is told with its reason" {
    printf '127.0.0.1 both\n::1 both\n' >"$BATS_TEST_TMPDIR/hosts"
    for scheme in tcp tls; do
        told=$BATS_TEST_TMPDIR/told
        status=0
        in_own_world wirewrap client "$scheme://both:1" -m x >/dev/null 2>"$told" || status=$?
        [ "$status" -ne 77 ] || skip "mounting is not permitted here"
        ended 4 "wirewrap: $scheme://both:1: cannot connect: " \
            '127.0.0.1: Connection refused' '::1: Connection refused'
        one_line
    done
}

@test "client: a name that does not resolve is status 4" {
    # A label of more than 63 bytes is refused before anybody is asked.
    name=$(head -c 70 /dev/zero | tr '\0' n)
    for scheme in tcp tls; do
        run_client "$scheme://$name:1" -m hello
        ended 4 "wirewrap: $name: cannot resolve: "
        one_line
        received ''
    done
}

# --- deadlines

@test "client: a name server that says nothing is a time-out of the resolving" {
    command -v ip >/dev/null || skip "ip is not installed"
    echo '127.0.0.1 nobody' >"$BATS_TEST_TMPDIR/hosts"
    echo 'nameserver 127.0.0.1' >"$BATS_TEST_TMPDIR/resolv.conf"
    for scheme in tcp tls; do
        told=$BATS_TEST_TMPDIR/told
        status=0
        in_own_world python3 -c '
import socket, subprocess, sys
mute = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
mute.bind(("127.0.0.1", 53))
sys.exit(subprocess.call(sys.argv[1:]))' \
            wirewrap client --timeout 0.2 "$scheme://name.invalid:1" -m x \
            >/dev/null 2>"$told" || status=$?
        [ "$status" -ne 77 ] || skip "mounting is not permitted here"
        ended 9 'wirewrap: name.invalid: resolve: no answer within 0.2 s'
        one_line
    done
}

@test "client: a connection that nobody takes is a time-out of the connecting" {
    # A full queue of unaccepted connections drops what comes after.
    start_helper "$BATS_TEST_TMPDIR/port" '
import signal, socket
listener = socket.create_server(("127.0.0.1", 0), backlog=0)
waiting = []
while True:
    client = socket.socket()
    client.settimeout(0.5)
    try:
        client.connect(listener.getsockname())
    except OSError:
        break
    waiting.append(client)
    if len(waiting) > 50:
        break
print(len(waiting), listener.getsockname()[1], flush=True)
signal.pause()'
    read -r waiting port <"$BATS_TEST_TMPDIR/port"
    [ "$waiting" -lt 50 ] || skip "this kernel's queue does not fill"
    for scheme in tcp tls; do
        run_client --timeout 0.2 "$scheme://127.0.0.1:$port" -m hello
        ended 9 "wirewrap: $scheme://127.0.0.1:$port: connect: no answer within 0.2 s"
        one_line

        start_client "$scheme://127.0.0.1:$port"
        wait_until is_connecting "$client_pid"
        kill -INT "$client_pid"
        wait_client
        ended 130
    done
}

is_connecting() {
    find "/proc/$1/fd" -lname 'socket:*' 2>/dev/null | grep -q .
}

@test "client: a TLS server that accepts and says nothing is a time-out of the handshake" {
    start_peer tcp silent
    run_client --timeout 0.2 --ca "$certs/ca.pem" "tls://localhost:$tls_port" -m hello
    ended 9 "wirewrap: tls://localhost:$tls_port: TLS handshake: " 'sent nothing for 0.2 s' \
        "hint: is it a plain server? try tcp://localhost:$tls_port"
    one_line
    received ''
}

@test "client: a ServerHello that drips does not stretch the handshake's deadline" {
    start_peer tcp drip
    run_client --timeout 0.5 --ca "$certs/ca.pem" "tls://localhost:$tls_port" -m hello
    ended 9 "wirewrap: tls://localhost:$tls_port: TLS handshake: not done within 0.5 s"
    one_line
    peer_says '^client left'
}

@test "client: a server that owes an answer and is silent is a time-out" {
    for wire in tcp tls; do
        start_peer "$wire" silent
        run_client --timeout 0.2 "${to[@]}" -m hello
        ended 9 'idle: nothing from the server for 0.2 s'
        one_line
    done
}

@test "client: a server that takes nothing is a time-out" {
    head -c 33554432 /dev/zero >"$BATS_TEST_TMPDIR/data"
    for wire in tcp tls; do
        start_peer "$wire" silent
        run_client --timeout 0.2 "${to[@]}" <"$BATS_TEST_TMPDIR/data"
        ended 9 'idle: the server took and sent nothing for 0.2 s'
        one_line
    done
}

@test "client: with --timeout silence counts even while the input is open" {
    start_both
    for wire in tcp tls; do
        towards "$wire"
        start_client --timeout 0.2 "${to[@]}"
        wait_client
        ended 9 'idle: nothing from the server for 0.2 s'
        one_line
    done
}

@test "client: its own reader may be slow without a time-out" {
    head -c 8388608 /dev/zero >"$BATS_TEST_TMPDIR/data"
    start_both --service echo
    mkfifo "$BATS_TEST_TMPDIR/out" "$BATS_TEST_TMPDIR/never"
    exec 6<>"$BATS_TEST_TMPDIR/never"
    for wire in tcp tls; do
        towards "$wire"
        wirewrap client --timeout 0.2 "${to[@]}" <"$BATS_TEST_TMPDIR/data" \
            >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/told" 3>&- 6>&- &
        client_pid=$!
        exec 5<"$BATS_TEST_TMPDIR/out"
        # Meanwhile somebody else waits out the same time-out, twice.
        for _ in 1 2; do
            run_client --timeout 0.2 "${to[@]}" <&6
            [ "$status" -eq 9 ]
        done
        cmp "$BATS_TEST_TMPDIR/data" - <&5
        exec 5<&-
        told=$BATS_TEST_TMPDIR/told
        wait_client
        ended 0
    done
    exec 6>&-
}

@test "client: a time is a positive number of seconds" {
    for bad in 0 -1 '' x 1e3 0x1 nan 1,5 ' 1' 86401 0.0; do
        run_client --timeout "$bad" -m hello
        ended 2 "wirewrap: --timeout: '$bad' is not a number of seconds from 0.001 to 86400"
        one_line
    done
    start_both
    for wire in tcp tls; do
        towards "$wire"
        for good in 5 5. .9 0.75 86400 7.0001; do
            run_client --timeout "$good" "${to[@]}" -m hello
            ended 0
        done
    done
}

# --- not TLS, or no good TLS

@test "client: TLS to a plain server that greets is status 5 and quotes it" {
    start_peer tcp say '220 plain.example ESMTP\x1b[31m\r\n'
    run_client --ca "$certs/ca.pem" "tls://localhost:$tls_port" -m hello
    ended 5 "the server answered with " "'220 plain.example ESMTP\\x1b[31m\\r\\n'" \
        'hint: if it is a plain server, use tcp://'
    one_line
    received ''
}

@test "client: TLS to our own plain server is status 5 and says what it is" {
    for service in upper echo; do
        start_both --service "$service"
        run_client --ca "$certs/ca.pem" "tls://localhost:$tcp_port" -m hello
        ended 5 'the server echoed our hello back: it is a plain echo-type server' \
            'hint: use tcp:// in place of tls://'
        one_line
        stop_server
    done
}

@test "client: TLS to an HTTP server is status 5 and quotes its answer" {
    start_peer tcp answer 'HTTP/1.1 400 Bad Request\r\n\r\n'
    run_client --ca "$certs/ca.pem" "tls://localhost:$tls_port" -m hello
    ended 5 "the server answered with plain text: 'HTTP/1.1 400 Bad Request"
    one_line
}

@test "client: TLS to a server that ends without a word is status 5" {
    start_peer tcp close
    run_client --ca "$certs/ca.pem" "tls://localhost:$tls_port" -m hello
    ended 5 'TLS handshake: the server closed the connection without a word'
    one_line
}

@test "client: TLS to a server that ends half way is status 5" {
    start_peer tcp answer '\x16\x03\x03\x00\x7a\x02'
    run_client --ca "$certs/ca.pem" "tls://localhost:$tls_port" -m hello
    ended 5 'TLS handshake: the server closed the connection half way'
    one_line
}

@test "client: a server's alert is status 5 and told in words" {
    start_peer tcp answer '\x15\x03\x03\x00\x02\x02\x28'
    run_client --ca "$certs/ca.pem" "tls://localhost:$tls_port" -m hello
    ended 5 "the server refused it with the alert 'handshake failure'"
    one_line
}

@test "client: a reset in the handshake is status 7" {
    start_helper "$BATS_TEST_TMPDIR/port" '
import socket, struct
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
conn, _ = listener.accept()
conn.recv(1)
conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
conn.close()'
    run_client --insecure "tls://127.0.0.1:$(cat "$BATS_TEST_TMPDIR/port")" -m hello
    ended 7 'TLS handshake: ' 'Connection reset by peer'
    one_line
}

# --- usage

# refused STATUS TEXT... -- ARGS...: nothing on standard output, one line and
# perhaps a hint.
refused() {
    local wanted=$1 texts=()
    shift
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    run_client "$@" </dev/null
    ended "$wanted" "${texts[@]}"
    one_line
    [ ! -s "$got" ]
}

@test "client: unknown and incomplete options are usage errors that name them" {
    refused 2 '--insecur' 'did you mean --insecure?' -- --insecur
    refused 2 '--timeuot' '--timeout' -- --timeuot 5
    refused 2 '--frobnicate' '--help' -- --frobnicate
    refused 2 '-x' -- -x
    refused 2 '--ca' -- --tls --ca
    refused 2 '--message' -- -m
    refused 2 '--tls' -- --tls=yes
    refused 2 '--verbose' -- --verbose=2
}

@test "client: endpoints that cannot be are usage errors that quote them" {
    refused 2 'http' -- http://localhost
    refused 2 'tcpp' -- tcpp://localhost
    refused 2 '65536' -- localhost:65536
    refused 2 "12a" -- localhost:12a
    refused 2 '-1' -- -- localhost:-1
    refused 2 'localhost:' -- localhost:1:2
    refused 2 '[::1' -- '[::1'
    refused 2 'auto is for servers' -- auto://localhost
    refused 2 '* is for servers' -- 'tcp://*'
    refused 2 'port 0 is for servers' -- tcp://localhost:0
    refused 2 'an endpoint too many' -- localhost tls://localhost
    refused 2 'an endpoint too many' -- localhost 12000 13000
}

@test "client: HOST PORT as two words is an endpoint" {
    start_both
    run_client localhost "$tcp_port" -m hello
    ended 0
    received 'HELLO\n'
    run_client --tls --ca "$certs/ca.pem" localhost "$tls_port" -m hello
    ended 0
    received 'HELLO\n'
    run_client --tls --ca "$certs/ca.pem" 127.0.0.1 "$tls_port" -m hello
    ended 0
    run_client ":$tcp_port" -m hello
    ended 0
}

@test "client: options that contradict each other are usage errors" {
    refused 2 '--tls: contradicts' -- --tls tcp://localhost
    refused 2 '--ca: only for TLS' 'hint: use tls://... or --tls' -- --ca "$certs/ca.pem"
    refused 2 '--crl: only for TLS' -- --crl "$certs/crl.pem" tcp://localhost
    refused 2 '--servername: only for TLS' -- --servername x localhost
    refused 2 '--insecure: only for TLS' -- --insecure localhost
    refused 2 '--insecure and --ca contradict' -- --insecure --ca "$certs/ca.pem" tls://localhost
    refused 2 '--insecure and --crl contradict' -- --insecure --crl "$certs/crl.pem" tls://localhost
    refused 2 '--servername: is empty' -- --servername= tls://localhost
}

@test "client: files that do not serve are status 3, told by name and mistake" {
    files=$BATS_TEST_TMPDIR
    : >"$files/empty.pem"
    openssl x509 -in "$certs/ca.pem" -outform DER -out "$files/ca.der"
    echo 'not a certificate' >"$files/text.pem"
    head -n 3 "$certs/ca.pem" >"$files/half.pem"
    for option in --ca --crl; do
        refused 3 "$files/missing.pem" 'No such file' -- "$option" "$files/missing.pem" tls://localhost:1
        refused 3 "$files" 'irectory' -- "$option" "$files" tls://localhost:1
        refused 3 "$files/empty.pem" 'empty' -- "$option" "$files/empty.pem" tls://localhost:1
        refused 3 "$files/text.pem" -- "$option" "$files/text.pem" tls://localhost:1
        refused 3 "$files/half.pem" -- "$option" "$files/half.pem" tls://localhost:1
        refused 3 "$files/ca.der" 'DER' -- "$option" "$files/ca.der" tls://localhost:1
    done
    refused 3 "$certs/ca.key" -- --ca "$certs/ca.key" tls://localhost:1
    refused 3 "$certs/crl.pem" -- --ca "$certs/crl.pem" tls://localhost:1
    refused 3 "$certs/ca.pem" -- --crl "$certs/ca.pem" tls://localhost:1
}
