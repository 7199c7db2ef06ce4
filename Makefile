# make demo   installs what is missing, builds, runs the main job
# make check  the same, then all tests; make check-long what takes longer
# SAN=1 builds with ASan and UBSan, TSAN=1 with TSan; CC=clang with clang. Objects: build/.

VERSION := 0.1.0
PREFIX ?= /usr/local
CC ?= cc
WERROR ?= -Werror

variant := $(if $(filter clang%,$(CC)),clang)$(if $(SAN),san)$(if $(TSAN),tsan)
O := build/$(or $(variant),out)

PACKAGES := build-essential pkg-config libssl-dev libsqlite3-dev libcurl4-openssl-dev \
	libyaml-dev libcmocka-dev libmicrohttpd-dev libjansson-dev libseccomp-dev
# what the demo and the tests drive besides: third-party clients
TEST_PACKAGES := openssl curl jq sqlite3 gnutls-bin mandoc

CPPFLAGS += -D_GNU_SOURCE -DPKI_SUITE_VERSION='"$(VERSION)"' -I.
WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual \
	-Wwrite-strings -Wformat=2 -Wimplicit-fallthrough -Wsign-compare $(WERROR)
CFLAGS ?= -O2 -g
CFLAGS += -std=c17 $(WARN) -fPIE -fstack-protector-strong -MMD -MP
LDFLAGS += -pie -Wl,-z,relro,-z,now
LDLIBS := -lssl -lcrypto -lsqlite3 -lcurl -lyaml -lmicrohttpd -ljansson -lseccomp -lpthread
ifdef SAN
CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
LDFLAGS += -fsanitize=address,undefined
else ifdef TSAN
CFLAGS += -fsanitize=thread
LDFLAGS += -fsanitize=thread
else
CPPFLAGS += -D_FORTIFY_SOURCE=2
endif

PROGRAMS := pki-ca pki-ra pki-crl pki-ocspd pki-audit
dir_pki-ca := ca
dir_pki-ra := ra
dir_pki-crl := crl
dir_pki-ocspd := ocsp
dir_pki-audit := tools

objects = $(patsubst %.c,$O/%.o,$(wildcard $1/*.c))
LIB := $O/libpki.a
BINARIES := $(PROGRAMS:%=$O/%)
UNIT := $(patsubst tests/unit/%.c,$O/unit/%,$(wildcard tests/unit/test_*.c))
FUZZ := $(patsubst tests/fuzz/%.c,$O/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))
UNIT_COMMON := $(call objects,tests/unit/common)

.PHONY: all
all: $(BINARIES)

$O/%.o: %.c Makefile
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

.SECONDARY:
-include $(shell find $O -name '*.d' 2>/dev/null)

.PHONY: lib unit
lib: $(LIB)
unit: $(UNIT)
	@for t in $(UNIT); do echo "== $$t"; $$t || exit 1; done

.PHONY: clean
clean:
	rm -rf build
