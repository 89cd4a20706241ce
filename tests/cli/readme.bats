#!/usr/bin/env bats
# The README's sessions, as they stand: in a copy of the tree, and in a network
# of its own, where the default ports are free.
# shellcheck disable=SC2154,SC2016 # set in helper.bash; for the inner shell

load helper

@test "readme: its commands do what it says" {
    [[ $WW_BUILD == */plain ]] || skip "looks at the plain build alone"
    isolated=(unshare --net)
    [ "$(id -u)" -eq 0 ] || isolated=(unshare --map-root-user --net)
    "${isolated[@]}" true 2>/dev/null || skip "no network namespace to be had"

    copy=$BATS_TEST_TMPDIR/tree
    mkdir -p "$copy/bin"
    cp -a "$tree"/{Makefile,include,src,scripts,examples} "$copy"
    mkdir -p "$copy/certs" "$copy/build"
    cp -a "$WW_BUILD" "$copy/build/plain"
    cd "$copy"
    run "${isolated[@]}" bash -c \
        'ip link set lo up 2>/dev/null || python3 "$1" >/dev/null
         exec timeout 120 python3 "$2" "$3"' \
        - "$tree/tests/peers/loopback_up.py" "$tree/tests/peers/readme.py" \
        "$tree/README.md"
    echo "$output"
    [ "$status" -eq 0 ]
}
