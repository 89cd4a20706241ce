#!/usr/bin/env bats
# The library as somebody else's program sees it: installed, linked, exported.
# shellcheck disable=SC2154 # set in helper.bash

load helper

setup_file() {
    export certs=${WW_TEST_CERTS:-$BATS_FILE_TMPDIR/certs}
    load helper
    make_certs
    export root=$BATS_FILE_TMPDIR/root
    [[ $WW_BUILD == */plain ]] || return 0
    make -C "$tree" install DESTDIR="$root" PREFIX=/usr >/dev/null
}

teardown() {
    end_server
}

only_plain_build() {
    [[ $WW_BUILD == */plain ]] || skip "looks at the plain build alone"
}

@test "library: exports the public calls, under 25, and nothing else" {
    only_plain_build
    run nm -D --defined-only --format=posix "$root/usr/lib/libwirewrap.so"
    exported=$(awk '{ print $1 }' <<<"$output" | sort)
    documented=$(sed -nE 's/^[A-Za-z].*[ *](ww_[a-z_]+)\(.*/\1/p' "$tree"/include/wirewrap/*.h | sort)
    [ "$exported" = "$documented" ]
    [ "$(wc -l <<<"$exported")" -lt 25 ]
}

@test "library: the static one shows no other names either" {
    only_plain_build
    run nm --extern-only --defined-only --format=posix "$root/usr/lib/libwirewrap.a"
    [ "$status" -eq 0 ]
    foreign=$(awk 'NF > 1 { print $1 }' <<<"$output" | grep -v '^ww_' || true)
    [ -z "$foreign" ]
}

@test "library: public headers name no OpenSSL type" {
    run ! grep -nE 'openssl/|SSL_|X509|BIO' "$tree"/include/wirewrap/*.h
}

@test "library: a program builds against what is installed, shared and static" {
    only_plain_build
    command -v pkg-config >/dev/null || skip "pkg-config is not installed"
    export PKG_CONFIG_PATH=$root/usr/lib/pkgconfig PKG_CONFIG_SYSROOT_DIR=$root
    cd "$BATS_TEST_TMPDIR"
    # shellcheck disable=SC2046 # pkg-config prints words
    cc -o shared "$tree/examples/lesson_client.c" $(pkg-config --cflags --libs wirewrap)
    # shellcheck disable=SC2046
    cc -o static "$tree/examples/lesson_client.c" $(pkg-config --cflags wirewrap) \
        "$root/usr/lib/libwirewrap.a" -lssl -lcrypto
    start_server tcp://localhost:0
    for program in ./shared ./static; do
        LD_LIBRARY_PATH=$root/usr/lib run "$program" 'xin chào' "tcp://localhost:$tcp_port"
        [ "$output" = "From Server: XIN CHÀO" ]
    done
    readelf -d shared | grep -q 'NEEDED.*libwirewrap.so.0'
}

@test "library: install and uninstall are each other's reverse" {
    only_plain_build
    mine=$BATS_TEST_TMPDIR/root
    make -C "$tree" install DESTDIR="$mine" PREFIX=/opt/ww >/dev/null
    [ -x "$mine/opt/ww/bin/wirewrap" ]
    make -C "$tree" uninstall DESTDIR="$mine" PREFIX=/opt/ww >/dev/null
    run find "$mine" -type f -o -type l
    [ -z "$output" ]
}

@test "library: program and library are hardened" {
    only_plain_build
    for file in "$WW_BUILD/wirewrap" "$WW_BUILD/libwirewrap.so.0"; do
        readelf -hW "$file" | grep -q 'Type: *DYN'
        readelf -lW "$file" | grep -q GNU_RELRO
        readelf -dW "$file" | grep -q 'NOW'
        readelf -lW "$file" | grep GNU_STACK | grep -qv 'RWE'
        nm -D "$file" | grep -q __stack_chk_fail
    done
    nm -D "$WW_BUILD/wirewrap" | grep -q '__[a-z]*_chk@'
}
