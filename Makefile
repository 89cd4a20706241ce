# wirewrap - `make help` lists what this file can do.

# What a user may set on the command line.
CC       ?= cc
CFLAGS   ?= -O2 -g
OBJCOPY  ?= objcopy
PREFIX   ?= /usr/local
LIBDIR   ?= $(PREFIX)/lib
# SAN=address,undefined or SAN=thread builds instrumented, COVERAGE=1 counts,
# WERROR=1 makes warnings fatal.
SAN      ?=
COVERAGE ?=
WERROR   ?=
# V=1 shows the commands whole.
V        ?=

version := 0.1.0
soname  := libwirewrap.so.0

# Every variant has a tree of its own, so switching costs nothing.
comma    := ,
compiler := $(if $(filter clang%,$(notdir $(firstword $(CC)))),-clang)
variant  := $(if $(SAN),san-$(subst $(comma),-,$(SAN)),$(if $(COVERAGE),cov,plain))$(compiler)
B        := build/$(variant)

say = $(if $V,,@echo '  $1 $(@:$B/%=%)';)

# Asks the compiler and linker whether they know a flag.
knows = $(shell echo 'int main(void){return 0;}' | \
          $(CC) -Werror $1 -x c -o /dev/null - 2>/dev/null && echo '$1')

warnings := -Wall -Wextra -Wshadow -Wconversion -Wundef -Wvla -Wformat=2 \
            -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
            -Wwrite-strings -Wcast-qual $(if $(WERROR),-Werror)
# Sanitizers bring their own checks, and _FORTIFY_SOURCE needs optimization.
fortify  := $(if $(SAN)$(COVERAGE),,$(or \
              $(call knows,-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3),\
              -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
harden   := -fstack-protector-strong $(call knows,-fstack-clash-protection) \
            $(call knows,-fcf-protection)
my_cppflags := -D_GNU_SOURCE -DWIREWRAP_VERSION='"$(version)"' -Iinclude -Isrc \
               $(filter-out -O2,$(fortify))
my_cflags   := -std=c11 $(warnings) $(harden) -fPIC -fvisibility=hidden -pthread \
               $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all) \
               $(if $(COVERAGE),--coverage)
my_ldflags  := -pthread -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed \
               $(if $(SAN),-fsanitize=$(SAN)) $(if $(COVERAGE),--coverage)
lib_libs    := -lssl -lcrypto
app_libs    := -lev -lunistring

objects   = $(patsubst %.c,$B/%.o,$1)
folder    = $(call objects,$(wildcard $(addsuffix /*.c,$(addprefix src/,$1))))
lib_obj  := $(call folder,base net stream tls)
app_obj  := $(call folder,service server client cli)
help_obj := $(call objects,$(wildcard tests/support/*.c))
units    := $(patsubst tests/unit/%.c,$B/tests/%,$(wildcard tests/unit/test_*.c))
samples  := $(patsubst examples/%.c,$B/examples/%,$(wildcard examples/*.c))
sources  := $(wildcard include/*/*.h src/*/*.[ch] tests/*/*.[ch] examples/*.c)
scripts   = $(shell grep -lE '^\#!/bin/(ba)?sh' scripts/* .ci/run) \
            $(wildcard tests/cli/*.bash tests/cli/*.bats)

# Scripts, packaging and prose are the same under every sanitizer.
cli_tests := $(filter-out $(if $(SAN),%/gen-certs.bats %/readme.bats \
               %/library.bats %/scripts.bats),$(wildcard tests/cli/*.bats))

PROVE ?= prove --timer --jobs 4

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all lib examples check units unit cli asan tsan valgrind lint coverage \
        certs format install uninstall clean help

all: $B/wirewrap lib ## build the program and the library (default)
	$(if $(filter plain%,$(variant)),@test bin/wirewrap -ef $B/wirewrap || \
	    { mkdir -p bin && ln -sf ../$B/wirewrap bin; })

lib: $B/libwirewrap.a $B/$(soname) ## build the static and the shared library

$B/wirewrap: $(app_obj) $(lib_obj)
	$(call say,LINK)$(CC) -pie $(my_ldflags) $(LDFLAGS) -o $@ $^ $(app_libs) $(lib_libs)

# One object in which only the public names are left, so that ours can't
# collide with those of a program that links it.
$B/libwirewrap.a: $(lib_obj)
	@rm -f $@
	$(call say,AR  )$(LD) -r -o $B/wirewrap.o $^ && \
	    $(OBJCOPY) --localize-hidden $B/wirewrap.o && \
	    $(AR) rcs $@ $B/wirewrap.o

$B/$(soname): $(lib_obj)
	$(call say,LINK)$(CC) -shared -Wl,-soname,$(soname) -Wl,-z,defs $(my_ldflags) $(LDFLAGS) \
	    -o $@ $^ $(lib_libs)

examples: $(samples) ## build the lesson's client and server

$B/examples/%: $B/examples/%.o $B/libwirewrap.a
	$(call say,LINK)$(CC) -pie $(my_ldflags) $(LDFLAGS) -o $@ $^ $(lib_libs)

# The anomaly loop lets our own allocations fail in turn.
$B/tests/test_anomaly: my_ldflags += \
    -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup

$B/tests/test_%: $B/tests/unit/test_%.o $(help_obj) \
        $(filter-out $B/src/cli/main.o,$(app_obj)) $(lib_obj)
	@mkdir -p $(@D)
	$(call say,LINK)$(CC) $(my_ldflags) $(LDFLAGS) -o $@ $^ -lcmocka $(app_libs) $(lib_libs)

$B/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,CC  )$(CC) $(my_cppflags) $(CPPFLAGS) $(my_cflags) $(CFLAGS) -MMD -MP -c -o $@ $<

check: unit cli ## run every test under prove

units: $(units) ## build the cmocka tests

unit: $(units) ## run the cmocka tests
	$(PROVE) --exec scripts/tap $^

cli: all examples ## run the Bats tests against the built program
	WW_BUILD=$(abspath $B) $(PROVE) --exec scripts/tap $(cli_tests)

asan: ## run the program's tests with address and undefined-behaviour checks
	$(MAKE) check SAN=address,undefined

tsan: ## run the program's tests with the data-race detector
	$(MAKE) check SAN=thread

valgrind: export WW_UNDER = valgrind -q --leak-check=full --error-exitcode=99 \
    --errors-for-leak-kinds=definite,indirect
# Without those that take minutes there; the address sanitizer sees their leaks.
valgrind: $(filter-out %/test_anomaly %/test_stream %/test_service,$(units)) ## run the quick unit tests under valgrind
	$(PROVE) --exec scripts/tap $^

lint: ## check format, includes, headers, scripts, and analyse the code
	@# Versions differ in what they call well formatted; ours is 14.
	if clang-format --version | grep -q 'version 14\.'; then \
	    clang-format --dry-run -Werror $(sources); \
	else echo 'format not checked: that takes clang-format 14'; fi
	scripts/check-includes
	for h in include/wirewrap/*.h; do \
	    $(CC) $(my_cppflags) -std=c11 -Werror -fsyntax-only -x c $$h || exit 1; \
	done
	shellcheck -x $(scripts) scripts/gen-certs-zoo.sh
	cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
	    --enable=warning,performance,portability \
	    -Iinclude -Isrc src examples
	for f in $(filter %.c,$(sources)); do \
	    clang-tidy --quiet $$f -- $(my_cppflags) -std=c11 2>$B/tidy || \
	        { cat $B/tidy; exit 1; }; \
	done

coverage: ## run all tests and print the lines they reach
	$(MAKE) check COVERAGE=1
	gcovr --root . --filter src/ build/cov$(compiler) --sort-percentage

certs: ## make certificates into certs/, where there are none
	scripts/gen-certs.sh

format: ## rewrite every C file in the house style
	clang-format -i $(sources)

install: all ## copy program, libraries, headers and pkg-config file
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(LIBDIR)/pkgconfig \
	    $(DESTDIR)$(PREFIX)/include/wirewrap
	install -m 755 $B/wirewrap $(DESTDIR)$(PREFIX)/bin/wirewrap
	install -m 644 $B/libwirewrap.a $(DESTDIR)$(LIBDIR)
	install -m 755 $B/$(soname) $(DESTDIR)$(LIBDIR)/libwirewrap.so.$(version)
	ln -sf libwirewrap.so.$(version) $(DESTDIR)$(LIBDIR)/$(soname)
	ln -sf $(soname) $(DESTDIR)$(LIBDIR)/libwirewrap.so
	install -m 644 include/wirewrap/*.h $(DESTDIR)$(PREFIX)/include/wirewrap
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR)|' \
	    -e 's|@VERSION@|$(version)|' src/wirewrap.pc.in \
	    > $(DESTDIR)$(LIBDIR)/pkgconfig/wirewrap.pc
	chmod 644 $(DESTDIR)$(LIBDIR)/pkgconfig/wirewrap.pc

uninstall: ## remove what install copied
	rm -f $(DESTDIR)$(PREFIX)/bin/wirewrap \
	    $(addprefix $(DESTDIR)$(LIBDIR)/,libwirewrap.a libwirewrap.so \
	        $(soname) libwirewrap.so.$(version) pkgconfig/wirewrap.pc)
	rm -rf $(DESTDIR)$(PREFIX)/include/wirewrap

clean: ## remove everything that was built
	rm -rf build bin

help: ## show this list
	@awk -F':.*## ' '/^[a-z%-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile

-include $(wildcard $B/src/*/*.d $B/tests/*/*.d $B/examples/*.d)
