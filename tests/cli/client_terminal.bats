#!/usr/bin/env bats
# The lesson's conversation, at a terminal.
# shellcheck disable=SC2034,SC2154,SC2030,SC2031 # shared with helper.bash, in each test

load helper

setup_file() {
    make_certs
}

teardown() {
    end_peer
    end_server
}

prompt='Input lowercase sentence: '

# at_terminal STATUS STEP...: our client at a terminal, towards $to; sets
# $screen to what it showed.
at_terminal() {
    local wanted=$1
    shift
    status=0
    screen=$(timeout 60 python3 "$peers/client_terminal.py" "$@" -- \
        wirewrap client "${options[@]}" "${to[@]}" 3>&-) || status=$?
    echo "$screen"
    [ "$status" -eq "$wanted" ]
}

# shows TEXT...: all of them, in what was shown.
shows() {
    for text; do
        [[ $screen == *"$text"* ]] || {
            echo "not shown: $text"
            return 1
        }
    done
}

@test "terminal: asks for a sentence, shows the answer, asks again until Ctrl-D" {
    start_both
    for wire in tcp tls; do
        towards "$wire"
        at_terminal 0 see "$prompt" type 'hello\n' see 'From Server: HELLO\r\n' \
            see "$prompt" type 'xin ch\xc3\xa0o\n' \
            see 'From Server: XIN CH\xc3\x80O\r\n' \
            see "$prompt" type '\x04'
        # Nothing else stands on the screen but the terminal's own echo.
        [ "$screen" = "${prompt}hello\r\nFrom Server: HELLO\r\n${prompt}xin ch\xc3\xa0o\r\nFrom Server: XIN CH\xc3\x80O\r\n${prompt}\r\n" ]
    done
}

@test "terminal: sentences typed ahead are all answered" {
    start_both
    for wire in tcp tls; do
        towards "$wire"
        at_terminal 0 see "$prompt" type 'a\nb\nc\n' see 'From Server: A\r\n' \
            see 'From Server: B\r\n' see 'From Server: C\r\n' see "$prompt" type '\x04'
    done
}

@test "terminal: a sentence without newline is sent by Ctrl-D, and another one ends" {
    start_both
    for wire in tcp tls; do
        towards "$wire"
        at_terminal 0 see "$prompt" type 'part\x04' see 'From Server: PART' type '\x04'
        [[ $screen == *'From Server: PART\r\n' ]]
    done
}

@test "terminal: Ctrl-C ends it with 130 on a line of its own, and it says goodbye" {
    start_both --log-level debug
    for wire in tcp tls; do
        towards "$wire"
        at_terminal 130 see "$prompt" type '\x03'
        [[ $screen == *'\n' ]]
        logged "on=$wire://.* app-in=0 .*end=clean"
    done
}

@test "terminal: SIGTERM ends it with 143" {
    start_both
    for wire in tcp tls; do
        towards "$wire"
        at_terminal 143 see "$prompt" type 'hello\n' see HELLO see "$prompt" signal SIGTERM
        [[ $screen == *'\n' ]]
    done
}

@test "terminal: a server that goes while the user types is told at once" {
    start_both
    for wire in tcp tls; do
        start_peer "$wire" answer 'HELLO\n'
        at_terminal 0 see "$prompt" type 'hello\n' see 'From Server: HELLO\r\n'
        shows 'wirewrap: the server ended the conversation\r\n'

        start_peer "$wire" reset
        at_terminal 7 see "$prompt" type 'hello\n' see 'From Server: part' tell "$peer_pid"
        shows 'From Server: part\r\nwirewrap: ' 'Connection reset by peer; 4 bytes received so far'

        start_peer "$wire" cut
        at_terminal "$([ "$wire" = tcp ] && echo 0 || echo 8)" \
            see "$prompt" type 'hello\n' see 'From Server: part' tell "$peer_pid"
    done
}

@test "terminal: control characters from the server are shown escaped" {
    for wire in tcp tls; do
        start_peer "$wire" answer 'a\x1b[31mb\x07\x08\x00\x7f\xff\xc2\x9b\xe2\x82\xac\t|\xc3\n'
        at_terminal 0 see "$prompt" type 'hello\n'
        shows 'From Server: a\\x1b[31mb\\x07\\x08\\x00\\x7f\\xff\\xc2\\x9b\xe2\x82\xac\t|\\xc3\r\n'
    done
}

@test "terminal: of CRLF only the newline is shown, a lone CR is escaped" {
    for wire in tcp tls; do
        start_peer "$wire" answer 'one\r\ntwo\rthree\r\r\n\r\nend\r'
        at_terminal 0 see "$prompt" type 'hello\n'
        shows 'From Server: one\r\nFrom Server: two\\x0dthree\\x0d\r\nFrom Server: \r\nFrom Server: end\\x0d\r\n'
    done
}

@test "terminal: a server that greets is shown before the first prompt's answer" {
    for wire in tcp tls; do
        start_peer "$wire" say '220 hello\r\n'
        at_terminal 0 see 'From Server: 220 hello\r\n' see "$prompt" type '\x04'
    done
}

@test "terminal: the user may think, the server may not" {
    options=(--timeout 0.2)
    start_both --once
    for wire in tcp tls; do
        start_peer "$wire" silent
        at_terminal 9 see "$prompt" type 'hello\n'
        shows 'idle: nothing from the server for 0.2 s'
    done
}

@test "terminal: where only one side is a terminal nothing is shown but the answer" {
    start_both
    for wire in tcp tls; do
        towards "$wire"
        status=0
        # Only the output is one: script(1) would do, but is not everywhere.
        screen=$(timeout 60 python3 "$peers/client_terminal.py" -- \
            sh -c 'printf "hello\n" | wirewrap client "$@"' - "${to[@]}" 3>&-) || status=$?
        [ "$status" -eq 0 ]
        [ "$screen" = 'HELLO\r\n' ]
    done
}

@test "terminal: the lesson's server with --once ends the conversation after one answer" {
    start_both --once
    for wire in tcp tls; do
        towards "$wire"
        at_terminal 0 see "$prompt" type 'hello\n' see 'From Server: HELLO\r\n'
        shows 'the server ended the conversation'
    done
}
