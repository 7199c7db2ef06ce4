## make               the programs, into build/out
## make demo          installs what is missing, builds, runs the main job
## make demo-up       the demo's services, to try commands by hand; demo-down ends them
## make check         installs what is missing, builds, runs all tests
## make check-long    the same with what takes longer: load, faults, TSan, full-size benchmarks
## make test T=crl    the tests of that name, or else those whose name contains it
## make lint          everything that reads the code without running it; format mends the layout
## make rules         tests/rules.md, which test proves which rule
## make bench         each figure beside its peer and its limit; SIZE=full as in the README
## make fuzz          every fuzz target for FUZZ_SECONDS (60)
## make install       into PREFIX (/usr/local), below DESTDIR
## make clean         removes build/
##
## SAN=1              with ASan and UBSan, in build/san; TSAN=1 with TSan, in build/tsan
## CC=clang           with clang, in build/clang
## JOBS=4             tests at a time; unset: two for each core

VERSION := 0.1.0
PREFIX ?= /usr/local
CC ?= cc
WERROR ?= -Werror

variant := $(if $(filter clang%,$(CC)),clang)$(if $(SAN),san)$(if $(TSAN),tsan)
O := build/$(or $(variant),out)

PACKAGES := build-essential pkg-config libssl-dev libsqlite3-dev libcurl4-openssl-dev \
	libyaml-dev libmicrohttpd-dev libjansson-dev libunistring-dev libseccomp-dev zlib1g-dev
# what the demo drives besides, and the tests: third-party clients
DEMO_PACKAGES := openssl curl jq sqlite3 gnutls-bin
TEST_PACKAGES := $(DEMO_PACKAGES) libcmocka-dev iso-codes libnss3-tools faketime golang-go golang-golang-x-mod-dev \
	nginx apache2-bin poppler-utils nodejs openjdk-17-jdk-headless libxml2-utils chromium python3 xxd

CPPFLAGS += -D_GNU_SOURCE -DPKI_SUITE_VERSION='"$(VERSION)"' -I. -I$O/embed
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual \
	-Wwrite-strings -Wformat=2 -Wimplicit-fallthrough -Wsign-compare $(WERROR)
CFLAGS ?= -O2 -g
CFLAGS += -std=c17 $(WARN) -fPIE -fstack-protector-strong -MMD -MP
LDFLAGS += -pie -Wl,-z,relro,-z,now
LDLIBS := -lssl -lcrypto -lsqlite3 -lcurl -lyaml -lmicrohttpd -ljansson -lunistring -lseccomp -lz -lpthread
ifdef SAN
CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined
else ifdef TSAN
CFLAGS += -fsanitize=thread
LDFLAGS += -fsanitize=thread
else
CPPFLAGS += -D_FORTIFY_SOURCE=2
endif

PROGRAMS := pki-ca pki-ra pki-crl pki-ocspd pki-audit pki-witness
dir_pki-ca := ca
dir_pki-ra := ra
dir_pki-crl := crl
dir_pki-ocspd := ocsp
dir_pki-audit := tools/audit
dir_pki-witness := witness

objects = $(patsubst %.c,$O/%.o,$(wildcard $1/*.c $1/*/*.c))
LIB := $O/libpki.a
BINARIES := $(PROGRAMS:%=$O/%)
UNIT := $(patsubst tests/unit/%.c,$O/unit/%,$(wildcard tests/unit/test_*.c))
UNIT_COMMON := $(call objects,tests/unit/common)

.PHONY: all
all: $(BINARIES)

# SQL, CSS and HTML are files of their own: #include "ra/store/schema.sql.inc" in an initializer.
EMBEDDED := $(patsubst %,$O/embed/%.inc,$(foreach e,sql css html,$(wildcard */*.$e */*/*.$e */*/*/*.$e)))
$O/embed/%.inc: % tools/make/embed.awk
	@mkdir -p $(@D)
	awk -f tools/make/embed.awk $< > $@.new && mv $@.new $@
.PHONY: embed
embed: $(EMBEDDED)

$O/%.o: %.c Makefile | $(EMBEDDED)
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(LIB): $(call objects,libpki)
	rm -f $@
	$(AR) rcs $@ $^

define program
$O/$1: $(call objects,$(dir_$1)) $(LIB)
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS)
endef
$(foreach p,$(PROGRAMS),$(eval $(call program,$p)))

$O/unit/%: $O/tests/unit/%.o $(UNIT_COMMON) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcmocka

# Fuzz targets: replayed over their corpus by check; fuzzed by libFuzzer (clang) in `make fuzz`.
FUZZ := $(patsubst tests/fuzz/%.c,$O/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
$O/fuzz/%: $O/tests/fuzz/%.o $O/tests/fuzz/replay.o $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# test_ra_NAME and fuzz_ra_NAME reach the RA's own modules, without its main; so the others'
define own_modules
$O/unit/test_$1_%: $O/tests/unit/test_$1_%.o $(filter-out $O/$2/main.o,$(call objects,$2)) \
		$(UNIT_COMMON) $(LIB)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS) -lcmocka
$O/fuzz/fuzz_$1_%: $O/tests/fuzz/fuzz_$1_%.o $O/tests/fuzz/replay.o \
		$(filter-out $O/$2/main.o,$(call objects,$2)) $(LIB)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS)
endef
$(foreach d,ca ra crl ocsp witness,$(eval $(call own_modules,$d,$d)))
$(eval $(call own_modules,audit,tools/audit))

FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: deps
	tests/fuzz/run.sh $(FUZZ_SECONDS)

BENCH := $(patsubst tests/bench/%.c,$O/bench/%,$(wildcard tests/bench/*.c))
BENCH_COMMON := $(call objects,tests/bench/common)
$O/bench/%: $O/tests/bench/%.o $(BENCH_COMMON) $(LIB)
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

.PHONY: lib unit bench bench-deps
bench-deps:
	@tools/make/deps.sh wrk nginx-core golang-cfssl procps util-linux time
lib: $(LIB)
unit: $(UNIT)
bench: deps bench-deps $(BINARIES) $(BENCH)
	BIN=$O tests/bench/run.sh

# What a fresh Debian 12 lacks. Silent when everything is there.
.PHONY: deps
deps:
	@tools/make/deps.sh $(PACKAGES) $(TEST_PACKAGES)

# builds without a word but errors, on all processors unless told otherwise
quietly = -s --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: demo demo-up demo-down
demo:
	@tools/make/deps.sh $(PACKAGES) $(DEMO_PACKAGES)
	@echo "Building in $O ..."
	@$(MAKE) $(quietly) all
	@BIN=$O tools/make/demo.sh run
demo-up: all
	@BIN=$O tools/make/demo.sh up
demo-down:
	@BIN=$O tools/make/demo.sh down

.PHONY: check check-long test
check: deps
	@echo "Building in $O ..."
	@$(MAKE) $(quietly) check-build
	@BIN=$O SAN=$(SAN) exec tests/run.sh
check-long: deps bench-deps
	@echo "Building in $O ..."
	@$(MAKE) $(quietly) check-build
	@$(MAKE) $(quietly) TSAN=1 SAN= CC=cc all
	@$(if $(SAN),:,SIZE=full BIN=$O tests/bench/run.sh)
	@BIN=$O SAN=$(SAN) LONG=1 exec tests/run.sh
# a unit test and a fuzz target are a program each; other tests drive the suite's
chosen = $(shell LIST=1 tests/run.sh $T)
test: deps
	@$(MAKE) $(quietly) $(addprefix $O/,$(filter unit/% fuzz/%,$(chosen))) \
		$(if $(filter system/%,$(chosen)),$(BINARIES) $(BENCH))
	@BIN=$O SAN=$(SAN) exec tests/run.sh $T
.PHONY: check-build
check-build: $(BINARIES) $(UNIT) $(FUZZ) $(BENCH)

.PHONY: lint format rules
lint:
	tools/make/lint.sh
format:
	clang-format -i $(shell git ls-files '*.c' '*.h')
rules:
	tools/make/rules.sh > tests/rules.md

DESTDIR ?=
bindir = $(PREFIX)/bin
sbindir = $(PREFIX)/sbin
mandir = $(PREFIX)/share/man
unitdir = $(PREFIX)/lib/systemd/system
policydir = $(PREFIX)/share/pki/policy
exampledir = $(PREFIX)/share/pki/examples
bashdir = $(PREFIX)/share/bash-completion/completions
.PHONY: install
install: all
	install -d $(addprefix $(DESTDIR),$(bindir) $(sbindir) $(unitdir) $(policydir) $(exampledir) $(bashdir) \
		$(mandir)/man1 $(mandir)/man5 $(mandir)/man8)
	install -m 755 $O/pki-ra $O/pki-audit $(DESTDIR)$(bindir)
	install -m 755 $O/pki-ca $O/pki-crl $O/pki-ocspd $O/pki-witness $(DESTDIR)$(sbindir)
	for s in 1 5 8; do install -m 644 man/*.$$s $(DESTDIR)$(mandir)/man$$s || exit; done
	install -m 644 $(wildcard */*.service) $(DESTDIR)$(unitdir)
	install -m 644 policy/* $(DESTDIR)$(policydir)
	install -m 644 ocsp/nginx.conf $(DESTDIR)$(exampledir)/nginx-ocsp.conf
	install -m 644 ocsp/apache.conf $(DESTDIR)$(exampledir)/apache-ocsp.conf
	for p in $(PROGRAMS); do $O/$$p completion bash > $(DESTDIR)$(bashdir)/$$p || exit; done

.PHONY: clean help
clean:
	rm -rf build
help:
	@sed -n 's/^## \{0,1\}//p' $(firstword $(MAKEFILE_LIST))

.SECONDARY:
-include $(shell find $O -name '*.d' 2>/dev/null)
