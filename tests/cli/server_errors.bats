#!/usr/bin/env bats
# What keeps the server from starting, and what must not.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031 # shared with helper.bash, in each test

load helper

setup_file() {
    make_certs
}

setup() {
    pair=(--cert "$certs/server.pem" --key "$certs/server.key")
}

teardown() {
    end_holders
    end_server
}

# fails STATUS ARGS...: the server doesn't start, and says so in one line (and a
# hint) but not a word on standard output.
fails() {
    local wanted=$1
    shift
    told=$BATS_TEST_TMPDIR/told
    status=0
    got=$(timeout 60 wirewrap server "$@" 2>"$told" 3>&- </dev/null) || status=$?
    if [ "$status" -ne "$wanted" ] || [ -n "$got" ] || ! one_line ||
        ! grep -q '^wirewrap: ' "$told"; then
        echo "server $*: status $status, not $wanted; said '$got'"
        cat "$told"
        return 1
    fi
}

# tells TEXT...: it has told that.
tells() {
    local text
    for text; do
        grep -qF -- "$text" "$told" || {
            echo "not told: $text"
            cat "$told"
            return 1
        }
    done
}

# --- usage

@test "server: an unknown option is a usage error, with what was meant" {
    fails 2 --frobnicate
    tells '--frobnicate: unknown option' 'hint: see wirewrap server --help'
    fails 2 --worker 2
    tells '--worker: unknown option' 'did you mean --workers?'
    fails 2 -x
    tells '-x: unknown option'
    fails 2 --port 12000
}

@test "server: an endpoint that can't be one is a usage error that shows it" {
    fails 2 http://localhost:0
    tells 'unknown scheme "http"' 'hint: '
    fails 2 auto://localhost:0
    tells auto
    for port in 65536 99999999999999999999 -1 x 80x; do
        fails 2 "localhost:$port"
        tells "localhost:$port" port 'hint: '
    done
    for endpoint in localhost: ::1:0 '[::1:0' '[localhost]:0' a/b 'a b' 1.2.3 256.1.1.1 \
        12000 tcp:// $'a\e[31m'; do
        [ "$endpoint" != tcp:// ] || continue # localhost, as documented
        fails 2 "$endpoint"
        tells 'hint: '
    done
    run ! grep -q $'\e' "$told"
}

@test "server: bad values are usage errors that name the option" {
    for option in --workers=0 --workers=-1 --workers=257 --workers=two --workers= \
        --max-connections=0 --max-connections=1e3 --service=lower --service= \
        --handshake-timeout=0 --handshake-timeout=-1 --handshake-timeout=soon \
        --idle-timeout=0 --idle-timeout=1h --write-timeout=0 --drain-timeout=0 \
        --drain-timeout=86401 --log-level=loud; do
        fails 2 "$option" :0
        tells "${option%%=*}: "
    done
    fails 2 --workers
    tells '--workers: a value is missing'
    fails 2 --once=yes
    tells '--once: takes no value'
}

@test "server: options of TLS and endpoints of TLS have to go together" {
    fails 2 "${pair[@]}" tcp://localhost:0
    tells '--cert: no endpoint is TLS' 'hint: write tls://'
    fails 2 --key "$certs/server.key"
    tells '--key: no endpoint is TLS'
    fails 2 --tls tcp://localhost:0
    tells '--tls: no endpoint is TLS'
    fails 2 tls://localhost:0
    tells 'tls://localhost:0: TLS needs --cert FILE and --key FILE' gen-certs
    fails 2 --tls
    tells 'tls://localhost:12443: TLS needs'
    fails 2 --cert "$certs/server.pem" tls://localhost:0
    tells '--cert: goes with --key'
    fails 2 --key "$certs/server.key" tcp://localhost:0 tls://localhost:0
    tells '--key: goes with --cert'
}

# --- files

# unusable OPTION FILE WORD...: the file is named, before anything is bound.
unusable() {
    local options=("${pair[@]}") option=$1 file=$2
    shift 2
    case $option in
    --cert) options[1]=$file ;;
    --key) options[3]=$file ;;
    esac
    fails 3 "${options[@]}" tcp://localhost:0 tls://localhost:0
    tells "$file" "$@"
}

@test "server: a certificate or key that is missing, empty or no PEM is told by its name, before anything is bound" {
    cd "$BATS_TEST_TMPDIR"
    : >empty.pem
    echo 'no PEM at all' >text.pem
    mkdir folder.pem
    openssl x509 -in "$certs/server.pem" -outform DER -out der.crt
    openssl pkey -in "$certs/server.key" -outform DER -out der.key
    head -n 4 "$certs/server.pem" >half.pem
    for option in --cert --key; do
        unusable "$option" missing.pem 'No such file'
        unusable "$option" empty.pem empty
        unusable "$option" text.pem
        unusable "$option" folder.pem directory
        unusable "$option" /dev/null
    done
    unusable --cert der.crt DER
    unusable --key der.key DER
    unusable --cert half.pem
}

@test "server: a key that is locked, swapped or of another certificate is told" {
    cd "$BATS_TEST_TMPDIR"
    openssl pkey -in "$certs/server.key" -aes256 -passout pass:secret -out locked.key
    unusable --key locked.key passphrase
    unusable --key "$certs/client.key" "$certs/server.pem"
    unusable --cert "$certs/client.pem" "$certs/server.key"
    unusable --cert "$certs/server.key" key
    unusable --key "$certs/server.pem" certificate
    # The leaf has to come first.
    cat "$certs/intermediate.pem" "$certs/server.pem" >order.pem
    unusable --cert order.pem 'hint: '
}

@test "server: a file that may not be read is told" {
    cd "$BATS_TEST_TMPDIR"
    cp "$certs/server.key" unreadable.key
    chmod 000 unreadable.key
    if cat unreadable.key >/dev/null 2>&1; then # root reads everything
        setpriv --bounding-set=-all --inh-caps=-all true 2>/dev/null ||
            skip "root can't give up its rights here"
        lonely=$(type -P wirewrap)
        chown 12345 unreadable.key
        timeout() { # what fails() begins with
            shift 2
            setpriv --bounding-set=-all --inh-caps=-all "$lonely" "$@"
        }
    fi
    unusable --key unreadable.key 'Permission denied'
}

@test "server: an expired certificate of its own, and a key that others can read, are warned of" {
    zoo=${WW_TEST_CERTS:-$BATS_FILE_TMPDIR/zoo-set}/zoo
    [ -d "$zoo" ] || "$tree/scripts/gen-certs.sh" --out "${zoo%/zoo}" --zoo >/dev/null 2>&1
    start_server --cert "$zoo/expired.pem" --key "$zoo/expired.key" tls://localhost:0
    logged '^wirewrap: warning: .*expired\.pem. expired on 20'
    run ! grep -q 'others' "$log"
    stop_server
    cp "$certs/server.key" "$BATS_TEST_TMPDIR/open.key"
    for mode in 640 604; do
        chmod "$mode" "$BATS_TEST_TMPDIR/open.key"
        start_server --cert "$certs/server.pem" --key "$BATS_TEST_TMPDIR/open.key" \
            tls://localhost:0
        logged "^wirewrap: warning: .*open\.key"
        talk tls converse 1
        stop_server
    done
    chmod 600 "$BATS_TEST_TMPDIR/open.key"
    start_server --cert "$certs/server.pem" --key "$BATS_TEST_TMPDIR/open.key" tls://localhost:0
    run ! grep -q warning "$log"
}

# --- addresses

@test "server: a port in use is told, also where several workers share it, and nothing stays half bound" {
    start_both --workers 4
    taken=$tcp_port
    first_tls=$tls_port
    fails 10 "127.0.0.1:$taken"
    tells "tcp://127.0.0.1:$taken: cannot listen: Address already in use" 'hint: stop the other server'
    fails 10 --workers 4 "localhost:$taken"
    fails 10 "*:$taken"
    fails 10 "[::1]:$taken"
    tells "tcp://[::1]:$taken"
    fails 10 "${pair[@]}" "tls://localhost:$first_tls"
    # A port that was bound before the one in use is free again.
    hold holder tcp hold hello
    start=$server_pid
    for _ in {1..5}; do
        server_pid=
        start_server tcp://127.0.0.1:0
        free=$tcp_port
        stop_server
        fails 10 "127.0.0.1:$free" "127.0.0.1:$taken"
        start_server "127.0.0.1:$free"
        stop_server
    done
    server_pid=$start
    tcp_port=$taken
    # The one that was there has lost nothing.
    for _ in {1..5}; do talk tcp converse 4; done
    release holder
    held_says holder '^ended clean'
}

@test "server: the same port twice in a command is in use" {
    start_server tcp://127.0.0.1:0
    free=$tcp_port
    stop_server
    fails 10 "127.0.0.1:$free" "127.0.0.1:$free"
    tells 'Address already in use'
}

@test "server: a port that needs rights, and an address of another machine, are told" {
    unshare -rn true 2>/dev/null || skip "unshare is not permitted here"
    setpriv --bounding-set=-net_bind_service true 2>/dev/null ||
        unshare -rn setpriv --bounding-set=-net_bind_service true ||
        skip "setpriv is not permitted here"
    lonely=$(type -P wirewrap)
    timeout() {
        shift 2
        unshare -rn setpriv --bounding-set=-net_bind_service "$lonely" "$@"
    }
    fails 10 tcp://127.0.0.1:80
    tells 'tcp://127.0.0.1:80: cannot listen: Permission denied' 'hint: ports below 1024'
    unset -f timeout
    fails 10 tcp://192.0.2.1:0
    tells 'tcp://192.0.2.1:0: cannot listen: Cannot assign requested address' 'hint: '
}

@test "server: a name without an address is told" {
    unshare -rn true 2>/dev/null || skip "unshare is not permitted here"
    lonely=$(type -P wirewrap)
    timeout() {
        shift 2
        unshare -rn "$lonely" "$@"
    }
    fails 4 nowhere.invalid:0
    tells 'nowhere.invalid'
}

@test "server: too few descriptors to start with are told" {
    ! sanitized || skip "a sanitizer needs descriptors of its own"
    lonely=$(type -P wirewrap)
    timeout() {
        # SIGTERM is taken over early: what hangs would not hear it.
        command timeout -s KILL "$1" prlimit "--nofile=$few" "${@:2}"
    }
    # With each of them, something else can't be opened.
    for few in {6..16}; do
        fails 10 --workers 3 :0
        tells 'Too many open files' 'hint: raise the limit'
    done
}

# --- standard input, output and error

# start_with REDIRECTION: a server whose descriptors are that, and whose ports
# are told by ss in place of it.
start_with() {
    out=$BATS_TEST_TMPDIR/server.out
    log=$BATS_TEST_TMPDIR/server.log
    : >"$out"
    : >"$log"
    # A port of its own that is free, and stays so: nobody else asks for it.
    start_both
    stop_server
    eval "wirewrap server ${pair[*]@Q} tcp://127.0.0.1:$tcp_port" \
        "tls://127.0.0.1:$tls_port $1 3>&- &"
    server_pid=$!
    talk tcp served
    talk tls served
}

@test "server: serves with standard output closed, or full, says so, and is not sorry at the end" {
    for where in '>&-' '>/dev/full'; do
        start_with "$where 2>\"\$log\""
        logged 'warn +standard output: '
        talk tcp converse 3
        talk tls converse 3
        stop_server
        [ "$server_status" -eq 0 ]
        [ "$(grep -c 'standard output' "$log")" -eq 1 ]
    done
}

@test "server: serves with standard input or error closed, or all three" {
    # shellcheck disable=SC2016 # for start_with
    for where in '<&- >"$out" 2>"$log"' '>"$out" 2>&-' '<&- >&- 2>&-' '2>/dev/full >"$out"'; do
        start_with "$where"
        talk tcp stream 1
        talk tls stream 1
        hold one tcp hold hello
        hold two tls hold hello
        release one two
        held_says one '^ended clean'
        held_says two '^ended clean'
        stop_server
        [ "$server_status" -eq 0 ]
    done
}

@test "server: a log that nobody reads any more costs lines, never a client" {
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    exec 6<>"$BATS_TEST_TMPDIR/pipe"
    # shellcheck disable=SC2016 # for start_with
    start_with '--workers 4 >"$out" 2>"$BATS_TEST_TMPDIR/pipe" 6>&-'
    pipe_log=$log
    # Far more lines than a pipe takes, from several workers at a time.
    for _ in 1 2 3 4; do
        python3 "$peers/server_talk.py" tcp "$tcp_port" "$certs/ca.pem" converse 500 3>&- 6>&- &
        holders[$!]=$!
    done
    for pid in "${!holders[@]}"; do
        wait "$pid"
        unset "holders[$pid]"
    done
    talk tls converse 100
    # Once somebody reads, it goes on, and tells how much was lost.
    cat <&6 >"$log" 3>&- &
    holders[reader]=$!
    talk tcp converse 10
    logged 'log: [0-9]+ lines lost, standard error was blocked'
    logged 'on=tcp'
    exec 6>&-
    stop_server
    [ "$server_status" -eq 0 ]
}

@test "server: a log whose reader has gone away costs no client either" {
    mkfifo "$BATS_TEST_TMPDIR/pipe"
    exec 6<>"$BATS_TEST_TMPDIR/pipe"
    # shellcheck disable=SC2016 # for start_with
    start_with '>"$out" 2>"$BATS_TEST_TMPDIR/pipe" 6>&-'
    exec 6>&-
    talk tcp converse 100
    talk tls converse 20
    stop_server
    [ "$server_status" -eq 0 ]
}

@test "server: a second certificate is refused, not dropped" {
    run wirewrap server --cert "$certs/server.pem" --key "$certs/server.key" \
        --cert "$certs/server.pem" --key "$certs/server.key" tls://localhost:0
    [ "$status" -eq 2 ]
    [[ $output == "wirewrap: --cert: given twice; this version takes one pair"* ]]
}

@test "server: a terminal that nobody reads any more does not hold it up" {
    timeout 100 python3 "$peers/server_pty.py" "$(type -P wirewrap)" \
        "$certs/server.pem" "$certs/server.key" "$certs/ca.pem" 3>&-
}
