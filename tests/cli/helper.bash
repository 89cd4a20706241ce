# Shared by all CLI tests.  WW_BUILD is the build tree under test.

# shellcheck disable=SC2034 # what is set here is read by the tests
bats_require_minimum_version 1.5.0

tree=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
WW_BUILD=${WW_BUILD:-$tree/build/plain}
PATH=$WW_BUILD:$PATH
# A sanitizer's report must be seen, and must not be mistaken for one of ours.
export ASAN_OPTIONS=exitcode=99 UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=exitcode=99
# Nothing in here asks the system's trust store or a key log.
unset SSL_CERT_FILE SSL_CERT_DIR SSLKEYLOGFILE

# The certificates of all tests, made once a run (see scripts/test), or here.
certs=${WW_TEST_CERTS:-$BATS_FILE_TMPDIR/certs}

# make_certs: makes sure that $certs is there; for setup_file.
make_certs() {
    [ -f "$certs/server.pem" ] && return
    "$tree/scripts/gen-certs.sh" --out "$certs" "$@" >"$BATS_FILE_TMPDIR/gen-certs.log" 2>&1 || {
        cat "$BATS_FILE_TMPDIR/gen-certs.log"
        return 1
    }
}

# wait_until COMMAND...: repeats it until it succeeds, for 10 s at most.
wait_until() {
    local end=$((SECONDS + 10))
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.02
    done
}

# start_server ARGS...: runs the server until it is ready, and sets $server_pid,
# $tcp_port and $tls_port (where it has such an endpoint).  Its output is in
# $out and $log.  (Bats waits for whoever holds its descriptor 3.)
start_server() {
    out=$BATS_TEST_TMPDIR/server.out
    log=$BATS_TEST_TMPDIR/server.log
    : >"$out"
    wirewrap server "$@" >"$out" 2>"$log" 3>&- &
    server_pid=$!
    wait_until server_is_ready || {
        cat "$out" "$log"
        return 1
    }
    tcp_port=$(sed -n 's|^listening on tcp://.*:||p' "$out" | head -n 1)
    tls_port=$(sed -n 's|^listening on tls://.*:||p' "$out" | head -n 1)
}

server_is_ready() {
    grep -q '^ready$' "$out" || ! kill -0 "$server_pid" 2>/dev/null
}

# start_both ARGS...: a server with a plain and a TLS endpoint.
start_both() {
    start_server --cert "$certs/server.pem" --key "$certs/server.key" "$@" \
        tcp://localhost:0 tls://localhost:0
}

# stop_server: ends it by SIGTERM and sets $server_status.
stop_server() {
    server_status=0
    [ -n "${server_pid-}" ] || return 0
    kill "$server_pid" 2>/dev/null || true
    wait "$server_pid" || server_status=$?
    server_pid=
}

# A test's teardown: no process is left, and no sanitizer has complained.
end_server() {
    stop_server
    if [ -f "${log-}" ] && grep -E 'Sanitizer|runtime error' "$log"; then
        return 1
    fi
}

# logged PATTERN: true once the server's log has such a line.
logged() {
    wait_until grep -qE -- "$1" "$log"
}

# tls_client ARGS...: our client towards the TLS endpoint's authority.
tls_client() {
    wirewrap client --ca "$certs/ca.pem" "$@"
}

# --- the client, and peers of other make

peers=$tree/tests/peers

# towards WIRE: sets $to to what makes our client talk to the server's plain
# (tcp) or TLS (tls) endpoint.
towards() {
    echo "over $1:"
    case $1 in
    tcp) to=("tcp://localhost:$tcp_port") ;;
    tls) to=(--ca "$certs/ca.pem" "tls://localhost:$tls_port") ;;
    esac
}

# start_peer [-c NAME] [-m VERSION] WIRE BEHAVIOUR [TEXT]: runs client_peer.py,
# with the certificate NAME, and sets $peer_pid and $to; $heard is what it says.
start_peer() {
    local name=server options=() OPTIND option
    while getopts c:m: option; do
        case $option in
        c) name=$OPTARG ;;
        *) options+=(--most "$OPTARG") ;;
        esac
    done
    shift $((OPTIND - 1))
    end_peer
    [ "$1" = tcp ] || options+=(--tls "$certs/$name.pem" "$certs/$name.key")
    heard=$BATS_TEST_TMPDIR/peer.out
    : >"$heard"
    python3 "$peers/client_peer.py" "${options[@]}" "${@:2}" \
        >"$heard" 2>&1 3>&- </dev/null &
    peer_pid=$!
    wait_until grep -q '^port ' "$heard" || {
        cat "$heard"
        return 1
    }
    tcp_port=$(sed -n 's/^port //p' "$heard")
    tls_port=$tcp_port
    towards "$1"
}

# let_go: tells the peer to go on.
let_go() {
    kill -USR1 "$peer_pid"
}

# peer_says PATTERN: true once it has said so.
peer_says() {
    wait_until grep -qE -- "$1" "$heard" || {
        cat "$heard"
        return 1
    }
}

end_peer() {
    [ -n "${peer_pid-}" ] || return 0
    kill -9 "$peer_pid" 2>/dev/null || true
    wait "$peer_pid" 2>/dev/null || true
    peer_pid=
}

# run_client ARGS...: sets $status; its output is in $got, its words in $told.
run_client() {
    got=$BATS_TEST_TMPDIR/client.out
    told=$BATS_TEST_TMPDIR/client.err
    status=0
    timeout 60 wirewrap client "$@" >"$got" 2>"$told" || status=$?
}

# start_client ARGS...: the same in the background; its input is what is written
# to descriptor 4.
start_client() {
    got=$BATS_TEST_TMPDIR/client.out
    told=$BATS_TEST_TMPDIR/client.err
    : >"$got" # what an earlier one left must not pass for its output
    : >"$told"
    rm -f "$BATS_TEST_TMPDIR/client.in"
    mkfifo "$BATS_TEST_TMPDIR/client.in"
    exec 4<>"$BATS_TEST_TMPDIR/client.in"
    wirewrap client "$@" <"$BATS_TEST_TMPDIR/client.in" >"$got" 2>"$told" \
        3>&- 4>&- &
    client_pid=$!
    exec 4>"$BATS_TEST_TMPDIR/client.in"
}

# end_input: the client's input ends.
end_input() {
    exec 4>&-
}

# wait_client: sets $status once the client has ended.
wait_client() {
    status=0
    if ! wait_until has_ended "$client_pid"; then
        kill -9 "$client_pid"
        echo "the client does not end"
    fi
    wait "$client_pid" || status=$?
    exec 4>&-
    client_pid=
}

# A child that is not waited for yet shows as a zombie.
has_ended() {
    [ ! -e "/proc/$1" ] || grep -q '^State:.*Z' "/proc/$1/status" 2>/dev/null
}

end_client() {
    [ -n "${client_pid-}" ] || return 0
    kill -9 "$client_pid" 2>/dev/null || true
    wait "$client_pid" 2>/dev/null || true
    client_pid=
}

# ended STATUS [TEXT]...: how the client did, and what it must have told; with
# no TEXT, that it was quiet.
ended() {
    local wanted=$1 text
    shift
    if [ "$status" -ne "$wanted" ]; then
        echo "status $status, not $wanted"
        cat "$told"
        return 1
    fi
    for text; do
        grep -qF -- "$text" "$told" || {
            echo "not told: $text"
            cat "$told"
            return 1
        }
    done
    if [ $# -eq 0 ] && [ -s "$told" ]; then
        echo "not quiet:"
        cat "$told"
        return 1
    fi
}

# received TEXT: the client's output is exactly that (printf's escapes).
received() {
    # shellcheck disable=SC2059 # it is a format
    printf "$1" | cmp - "$got"
}

# one_line: the client told one line, besides a hint.
one_line() {
    [ "$(grep -vc '^hint: ' "$told")" -eq 1 ] || {
        cat "$told"
        return 1
    }
}

# --- clients of other make for our server

# Python leaves nothing of its own in the tree.
export PYTHONDONTWRITEBYTECODE=1

# port_of WIRE: the port of the server's plain (tcp) or TLS endpoint.
port_of() {
    case $1 in
    tcp) echo "$tcp_port" ;;
    *) echo "$tls_port" ;;
    esac
}

# talk WIRE BEHAVIOUR [ARGUMENT]...: runs server_talk.py, a client that fails
# unless the server does what it should; WIRE is tcp, tls or tls12.  What it
# says is left in $heard.
talk() {
    echo "over $1: ${*:2}"
    heard=$BATS_TEST_TMPDIR/talk.out
    timeout 100 python3 "$peers/server_talk.py" "$1" "$(port_of "$1")" \
        "$certs/ca.pem" "${@:2}" >"$heard" 2>&1 3>&- || {
        cat "$heard"
        return 1
    }
}

# hold NAME WIRE BEHAVIOUR [ARGUMENT]...: the same in the background, until it
# says that it holds its connection.  The other functions know it by its NAME.
declare -gA holders=()
hold() {
    local said=$BATS_TEST_TMPDIR/$1.said
    : >"$said"
    python3 "$peers/server_talk.py" "$2" "$(port_of "$2")" "$certs/ca.pem" \
        "${@:3}" >"$said" 2>&1 3>&- &
    holders[$1]=$!
    if ! wait_until grep -qE '^(held|failed|ended)' "$said" ||
        ! grep -q '^held' "$said"; then
        cat "$said"
        return 1
    fi
}

# release NAME...: tells them to go on.
release() {
    local name
    for name; do
        kill -USR1 "${holders[$name]}"
    done
}

# held_says NAME PATTERN: waits for its end; true if it has said that.
held_says() {
    local status=0
    wait "${holders[$1]}" || status=$?
    unset "holders[$1]"
    if [ "$status" -ne 0 ] || ! grep -qE -- "$2" "$BATS_TEST_TMPDIR/$1.said"; then
        echo "$1 says:"
        cat "$BATS_TEST_TMPDIR/$1.said"
        return 1
    fi
}

# still_held NAME: true while the server has not ended its connection.
still_held() {
    ! grep -q '^ended' "$BATS_TEST_TMPDIR/$1.said" &&
        kill -0 "${holders[$1]}"
}

end_holders() {
    local name
    for name in "${!holders[@]}"; do
        kill -9 "${holders[$name]}" 2>/dev/null || true
        wait "${holders[$name]}" 2>/dev/null || true
    done
    holders=()
}

# sanitized: true if the program under test is instrumented.
sanitized() {
    [[ $WW_BUILD == *san-* ]]
}

# --- tools of other makes, as client or as server

# start_tool COMMAND...: in the background; what is written to descriptor 5 is
# its input, what it says is in $heard.
start_tool() {
    end_peer
    heard=$BATS_TEST_TMPDIR/peer.out
    rm -f "$BATS_TEST_TMPDIR/typed"
    mkfifo "$BATS_TEST_TMPDIR/typed"
    exec 5<>"$BATS_TEST_TMPDIR/typed"
    : >"$heard"
    "$@" <"$BATS_TEST_TMPDIR/typed" >"$heard" 2>&1 3>&- 5>&- &
    peer_pid=$!
    exec 5>"$BATS_TEST_TMPDIR/typed"
}

# has_answered LINE: such a line has come.
has_answered() {
    wait_until grep -qx -- "$1" "$heard" || {
        cat "$heard"
        return 1
    }
}
