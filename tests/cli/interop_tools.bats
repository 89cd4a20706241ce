#!/usr/bin/env bats
# Other people's tools at the other end: curl, socat, ncat, nc, gnutls.
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

needs() {
    command -v "$1" >/dev/null || skip "$1 is not installed"
}

# talks COMMAND...: the tool is a client that is answered line by line.
talks() {
    start_tool "$@"
    for word in HELLO WORLD; do
        tr '[:upper:]' '[:lower:]' <<<"$word" >&5
        has_answered "$word"
    done
    exec 5>&-
}

# pipes COMMAND...: the tool is a client that half-closes and is answered.
pipes() {
    run --separate-stderr timeout 60 "$@" <<<'hello, world'
    echo "$stderr"
    [ "$status" -eq 0 ]
    [ "$output" = 'HELLO, WORLD' ]
}

# ephemeral_port PID: the TCP port on which it listens.
ephemeral_port() {
    local inode
    for fd in "/proc/$1/fd/"*; do
        inode=$(readlink "$fd")
        inode=${inode#socket:[}
        tls_port=$(awk -v inode="${inode%]}" '$4 == "0A" && $10 == inode {
            sub(/.*:/, "", $2); print $2 }' "/proc/$1/net/tcp")
        [ -z "$tls_port" ] || break
    done
    [ -n "$tls_port" ] || return 1
    tcp_port=$((16#$tls_port))
    tls_port=$tcp_port
}

# --- curl

@test "curl: telnet:// is answered" {
    needs curl
    curl --version | grep -q '^Protocols:.* telnet' || skip "curl has no telnet"
    start_both
    talks curl -sN "telnet://localhost:$tcp_port"
}

@test "curl: a request is answered in upper case, as HTTP/0.9, in plain and in TLS" {
    needs curl
    start_both --once
    for url in "http://localhost:$tcp_port" "https://localhost:$tls_port"; do
        run --separate-stderr curl -sS -m 60 --http0.9 --cacert "$certs/ca.pem" "$url/hello"
        [ "$status" -eq 0 ]
        [[ ${lines[0]} == 'GET /HELLO HTTP/1.1'* ]]
        run curl -sS -m 60 --cacert "$certs/ca.pem" "$url/hello"
        [ "$status" -eq 1 ]
    done
    run --separate-stderr curl -sS -m 60 -k --http0.9 "https://localhost:$tls_port/hello"
    [ "$status" -eq 0 ]
    [[ ${lines[0]} == 'GET /HELLO HTTP/1.1'* ]]
}

@test "curl: refuses our server without its CA, and our server logs why" {
    needs curl
    start_both --once
    run curl -sS -m 60 --cacert "$certs/self-signed.pem" "https://localhost:$tls_port/"
    [ "$status" -eq 60 ]
    logged "on=tls://.* app-in=0 .*end=refused reason=.*alert 'unknown CA'"
}

@test "curl: http:// to the TLS port is told apart in the log" {
    needs curl
    start_both
    run ! curl -sS -m 60 "http://localhost:$tls_port/"
    logged 'on=tls://.*end=refused reason="an HTTP request in plain text'
}

# --- socat

@test "socat: a client in plain and in TLS is answered after its half-close" {
    needs socat
    start_both
    pipes socat -t 60 - "TCP:localhost:$tcp_port"
    pipes socat -t 60 - "OPENSSL:localhost:$tls_port,cafile=$certs/ca.pem"
    logged 'on=tls://.* app-in=13 app-out=13 .*end=clean'
}

@test "socat: a server in plain and in TLS answers our client" {
    needs socat
    for wire in tcp tls; do
        listen=TCP-LISTEN:0,bind=127.0.0.1
        [ "$wire" = tcp ] ||
            listen=OPENSSL-LISTEN:0,bind=127.0.0.1,cert=$certs/server.pem,key=$certs/server.key,verify=0
        start_tool socat -d -d -t 60 "$listen" SYSTEM:'tr a-z A-Z'
        wait_until grep -q 'listening on' "$heard"
        tcp_port=$(sed -n 's/.*listening on.*://p' "$heard")
        tls_port=$tcp_port
        towards "$wire"
        run_client "${to[@]}" -m 'hello, world'
        ended 0
        received 'HELLO, WORLD\n'
    done
}

# --- ncat and nc

@test "ncat: a client in plain and in TLS is answered" {
    needs ncat
    start_both
    pipes ncat localhost "$tcp_port"
    # At its input's end it sends a FIN without close_notify: a stream cut off.
    talks ncat --ssl-verify --ssl-trustfile "$certs/ca.pem" localhost "$tls_port"
    logged 'on=tls://.* app-in=12 app-out=12 .*end='
}

@test "ncat: a server in plain and in TLS answers our client" {
    needs ncat
    [ -r /proc/self/net/tcp ] || skip "there is no /proc/net/tcp to learn the port from"
    for wire in tcp tls; do
        options=()
        [ "$wire" = tcp ] ||
            options=(--ssl --ssl-cert "$certs/server.pem" --ssl-key "$certs/server.key")
        start_tool ncat -l 127.0.0.1 0 "${options[@]}" -e /bin/cat
        wait_until ephemeral_port "$peer_pid"
        towards "$wire"
        start_client "${to[@]}"
        echo 'hello, world' >&4
        wait_until grep -qx 'hello, world' "$got"
        end_input
        wait_client
        case $wire in
        tcp) ended 0 ;;
        tls) [ "$status" -eq 0 ] || ended 8 ;; # it may not say goodbye
        esac
        received 'hello, world\n'
    done
}

@test "nc: a plain client is answered after its half-close" {
    needs nc
    start_both
    # OpenBSD's wants -N to half-close; others do it, and know no -N.
    if nc -h 2>&1 | grep -qE '^\s*-N\s'; then
        pipes nc -N localhost "$tcp_port"
    else
        pipes nc localhost "$tcp_port"
    fi
}

# --- gnutls

@test "gnutls-cli: verifies our server and is answered, in TLS 1.2 and 1.3" {
    needs gnutls-cli
    start_both
    for version in 1.2 1.3; do
        : >"$log"
        talks gnutls-cli --x509cafile "$certs/ca.pem" -p "$tls_port" \
            --priority "NORMAL:-VERS-ALL:+VERS-TLS$version" localhost
        logged "on=tls://.* version=TLSv$version .* app-in=12 app-out=12 .*end=clean"
        grep -q 'The certificate is trusted' "$heard"
    done
}

@test "gnutls-serv: answers our client, in TLS 1.2 and 1.3" {
    needs gnutls-serv
    [ -r /proc/self/net/tcp ] || skip "there is no /proc/net/tcp to learn the port from"
    for version in 1.2 1.3; do
        start_tool gnutls-serv --echo -p 0 --x509certfile "$certs/server.pem" \
            --x509keyfile "$certs/server.key" --priority "NORMAL:-VERS-ALL:+VERS-TLS$version"
        wait_until ephemeral_port "$peer_pid" || skip "gnutls-serv takes no port of the kernel's"
        towards tls
        run_client -v "${to[@]}" -m 'hello, world'
        ended 0 "wirewrap: TLSv$version, " 'ended: clean'
        grep -q 'hello, world' "$got"
    done
}
