#!/usr/bin/env bats
# The scripts that a new user meets first: demo and deps.
# shellcheck disable=SC2154 # set in helper.bash

load helper

# fake NAME BODY: a command of that name, in front of the real ones.
fake() {
    mkdir -p "$BATS_TEST_TMPDIR/fake"
    printf '#!/bin/sh\n%s\n' "$2" >"$BATS_TEST_TMPDIR/fake/$1"
    chmod +x "$BATS_TEST_TMPDIR/fake/$1"
    PATH=$BATS_TEST_TMPDIR/fake:$PATH
}

# copy_tree: a tree of its own for the demo, built already, in $copy.
copy_tree() {
    copy="$BATS_TEST_TMPDIR/a tree"
    mkdir -p "$copy/build" "$copy/certs"
    cp -a "$tree"/{Makefile,include,src,scripts,examples} "$copy"
    cp -a "$WW_BUILD" "$copy/build/plain"
}

setup() {
    [[ $WW_BUILD == */plain ]] || skip "looks at the plain build alone"
}

teardown() {
    end_server
}

# demo_processes: who is running from the copied tree.
demo_processes() {
    pgrep -f "$copy/|^bin/wirewrap" | while read -r pid; do
        [ "$(readlink "/proc/$pid/cwd")" != "$copy" ] || echo "$pid"
    done
}

nobody_is_left() {
    [ -z "$(demo_processes)" ]
}

@test "demo: does it all, from any directory, twice, beside another server" {
    copy_tree
    start_server tcp://localhost:0 # as busy a neighbour as any
    cd /
    for _ in 1 2; do
        run "$copy/scripts/demo"
        echo "$output"
        [ "$status" -eq 0 ]
        [ "$(grep -c '^    XIN CHÀO, THẾ GIỚI' <<<"$output")" -eq 3 ]
        [ "$(grep -c 'DIE STRASSE IST NASS' <<<"$output")" -eq 3 ]
        [[ $output == *"certificate not accepted"*"exit status 6"*"exit status 0"* ]]
        nobody_is_left
    done
}

@test "demo: leaves no process behind when it is interrupted" {
    copy_tree
    # Ours holds the demo up at a point where its server runs.
    fake openssl "case \$1 in s_client) touch '$BATS_TEST_TMPDIR/held'; exec cat ;; esac
exec $(command -v openssl) \"\$@\""
    for signal in INT TERM; do
        rm -f "$BATS_TEST_TMPDIR/held"
        # A shell without job control would start it with SIGINT ignored.
        setsid python3 -c 'import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$copy/scripts/demo" >"$BATS_TEST_TMPDIR/demo.out" 2>&1 3>&- &
        pid=$!
        wait_until test -e "$BATS_TEST_TMPDIR/held"
        kill "-$signal" "$pid"
        status=0
        wait "$pid" || status=$?
        [ "$status" -ge 128 ]
        wait_until nobody_is_left
    done
}

@test "deps: nothing is asked of apt when nothing is missing" {
    fake dpkg-query 'echo installed'
    fake apt-get 'echo called; exit 1'
    run "$tree/scripts/deps" test
    [ "$status" -eq 0 ]
    [ -z "$output" ]
}

@test "deps: installs exactly what is missing, without a question" {
    fake dpkg-query 'case $* in *libev-dev*) exit 1 ;; esac; echo installed'
    fake apt-get "echo \"\$DEBIAN_FRONTEND \$*\" >'$BATS_TEST_TMPDIR/called'"
    fake id 'echo 0'
    run "$tree/scripts/deps" build
    [ "$status" -eq 0 ]
    [ "$(cat "$BATS_TEST_TMPDIR/called")" = "noninteractive install -y -q --no-install-recommends libev-dev" ]
}

@test "deps: without the right to install it names the packages and stops, and so does the demo" {
    fake dpkg-query 'case $* in *libev-dev*) exit 1 ;; esac; echo installed'
    fake id 'echo 1000'
    fake sudo 'exit 1'
    run "$tree/scripts/deps" build
    [ "$status" -eq 1 ]
    [[ $output == *"not allowed to install what is missing: libev-dev"*"hint: as root: apt-get install libev-dev"* ]]

    copy_tree
    run "$copy/scripts/demo"
    [ "$status" -eq 1 ]
    [[ $output == *"libev-dev"* ]]
    [[ $output != *"Certificates"* ]]
}

@test "deps: elsewhere than on Debian it names the packages and stops" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    for tool in sh printf; do
        ln -s "$(command -v $tool)" "$BATS_TEST_TMPDIR/bin/$tool"
    done
    PATH=$BATS_TEST_TMPDIR/bin run "$tree/scripts/deps" build
    [ "$status" -eq 1 ]
    [[ $output == *"this is not a Debian"*libssl-dev*"hint: "* ]]
}

@test "deps: an apt-get that fails is told with its own words" {
    fake dpkg-query 'exit 1'
    fake id 'echo 0'
    fake apt-get 'echo "E: no room" >&2; exit 100'
    run "$tree/scripts/deps" build
    [ "$status" -eq 1 ]
    [[ $output == *"E: no room"*"apt-get could not install"* ]]
}
