#!/usr/bin/env bats
# The program as a whole: help, versions, commands.
# shellcheck disable=SC2154 # run sets $stderr

load helper

commands='server client'

@test "program: version names wirewrap, and OpenSSL as built with and as running" {
    for words in version --version -V 'client --version' 'server --version' \
        'version --version' 'help --version'; do
        # shellcheck disable=SC2086 # words
        run --separate-stderr wirewrap $words
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        [[ ${lines[0]} =~ ^wirewrap\ [0-9]+\.[0-9]+\.[0-9]+ ]]
        [[ ${lines[1]} =~ ^built\ with\ OpenSSL\ 3\. ]]
        [[ ${lines[2]} =~ ^running\ with\ OpenSSL\ 3\. ]]
        [ "${#lines[@]}" -eq 3 ]
    done
}

@test "program: help lists every command, on standard output" {
    run --separate-stderr wirewrap help
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [[ ${lines[0]} == 'Usage: wirewrap COMMAND'* ]]
    for command in $commands help version; do
        grep -qE "^  $command +[a-z]" <<<"$output"
    done
    whole=$output
    for words in --help -h 'help help' 'help --help'; do
        # shellcheck disable=SC2086 # words
        run wirewrap $words
        [ "$status" -eq 0 ]
        [ "$output" = "$whole" ]
    done
}

@test "program: without a command it shows the usage as an error" {
    run --separate-stderr wirewrap
    [ "$status" -eq 2 ]
    [ -z "$output" ]
    [[ $stderr == 'Usage: wirewrap COMMAND'* ]]
}

@test "program: every command's help is the same in all its spellings" {
    for command in $commands version; do
        run --separate-stderr wirewrap help "$command"
        [ "$status" -eq 0 ]
        [ -z "$stderr" ]
        [[ ${lines[0]} == "Usage: wirewrap $command"* ]]
        whole=$output
        for words in --help -h; do
            run wirewrap "$command" "$words"
            [ "$status" -eq 0 ]
            [ "$output" = "$whole" ]
        done
    done
}

# The options of a command's table, as its help lists them.
options_of() {
    wirewrap "$1" --help | grep -oE '^ +(-[a-zA-Z], )?--[a-z-]+' | grep -oE -- '--[a-z-]+'
}

@test "program: every option that help lists is one that is parsed, and once" {
    for command in $commands; do
        [ "$(options_of "$command" | wc -l)" -ge 10 ]
        [ -z "$(options_of "$command" | sort | uniq -d)" ]
        for option in $(options_of "$command"); do
            # Its empty value is refused, or what comes behind it.
            run wirewrap "$command" "$option=" --frobnicate
            [ "$status" -eq 2 ]
            [[ $output == *"$option: "* || $output == *'--frobnicate: '* ]]
            [[ $output != *"$option: unknown"* ]]
        done
    done
}

@test "program: help names the options of the contract" {
    for option in --tls --ca --servername --insecure --crl --timeout --message \
        --verbose --help --version; do
        options_of client | grep -qx -- "$option"
    done
    for option in --tls --cert --key --service --once --workers --max-connections \
        --handshake-timeout --idle-timeout --write-timeout --drain-timeout \
        --log-level --help --version; do
        options_of server | grep -qx -- "$option"
    done
}

@test "program: help fits into 80 columns" {
    for words in help 'help client' 'help server' 'help version'; do
        # shellcheck disable=SC2086 # words
        if wirewrap $words | grep -E '.{81}'; then false; fi
    done
}

@test "program: help tells every exit status, as the README does" {
    statuses=$(wirewrap help client | grep -oE '^ +[0-9]+ ' | tr -d ' ' | paste -sd ' ' -)
    [ "$statuses" = '0 1 2 3 4 5 6 7 8 9 10 128' ]
    for status in 0 1 2 3 4 10; do
        wirewrap help server | grep -qE "^ +$status  "
    done
    [ -f "$tree/README.md" ] || skip "there is no README yet"
    for status in 0 1 2 3 4 5 6 7 8 9 10; do
        grep -qE "^\| *$status +\|" "$tree/README.md"
    done
}

@test "program: an unknown command is a usage error, with what was meant" {
    for words in frobnicate 'help frobnicate'; do
        # shellcheck disable=SC2086 # words
        run --separate-stderr wirewrap $words
        [ "$status" -eq 2 ]
        [ -z "$output" ]
        [ "$stderr" = "wirewrap: 'frobnicate' is not a command
hint: see wirewrap help" ]
    done
    run wirewrap clinet
    [ "$status" -eq 2 ]
    [ "${lines[1]}" = 'hint: did you mean client?' ]
    run wirewrap -v
    [ "$status" -eq 2 ]
    # What somebody typed reaches no terminal as it is.
    run wirewrap $'\e[31mred'
    [ "$status" -eq 2 ]
    [ "${lines[0]}" = "wirewrap: '\\x1b[31mred' is not a command" ]
    run wirewrap version now
    [ "$status" -eq 2 ]
}

@test "program: text that cannot be written is an error" {
    for words in help version 'help client' 'server --help' 'client --version'; do
        status=0
        # shellcheck disable=SC2086 # words
        wirewrap $words >/dev/full 2>"$BATS_TEST_TMPDIR/told" || status=$?
        [ "$status" -eq 1 ]
        [ "$(cat "$BATS_TEST_TMPDIR/told")" = \
            'wirewrap: standard output: No space left on device' ]
        status=0
        # shellcheck disable=SC2086 # words
        wirewrap $words >&- 2>"$BATS_TEST_TMPDIR/told" || status=$?
        [ "$status" -eq 1 ]
    done
}
