# viptools: GNU make. CC, CFLAGS, CPPFLAGS, LDFLAGS, prefix and DESTDIR are yours.

version = 0.1
CFLAGS ?= -O2 -g
prefix ?= /usr/local
sbindir ?= $(prefix)/sbin
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
INSTALL ?= install
BASHCOMPDIR ?= $(datadir)/bash-completion/completions
ZSHCOMPDIR ?= $(datadir)/zsh/site-functions
FISHCOMPDIR ?= $(datadir)/fish/vendor_completions.d

build ?= $(if $(SAN),build-san,build)
commands := $(patsubst cmd/%.c,%,$(wildcard cmd/*.c))
scripts := $(filter-out %.c,$(wildcard cmd/*))

# A comma would end an argument of $(if).
sanitizers = address,undefined

our_cflags = -std=c17 -D_GNU_SOURCE -DVERSION='"$(version)"' -Ilib \
	-Wall -Wextra -Wformat=2 -Wshadow -Wconversion -Wvla -Wmissing-prototypes \
	-Wstrict-prototypes -fstack-protector-strong -fPIE \
	$(if $(WERROR),-Werror) $(if $(SAN),-fsanitize=$(sanitizers) -fno-sanitize-recover)
our_ldflags = -pie -Wl,-z,relro,-z,now,--as-needed $(if $(SAN),-fsanitize=$(sanitizers))

# Each command links only what it needs.
libs_vrrp-watch = -lpcap -lmnl -lcap-ng
libs_vrrp-elect = -lcap-ng
libs_pool-elect = -lcap-ng
libs_vrrp-advert = -lnet -lcap-ng
libs_garp = -lnet -lcap-ng
libs_vip-up = -lmnl -lcap-ng
libs_vip-down = -lmnl -lcap-ng
libs_probe-tcp = -lcap-ng
libs_probe-exec = -lcap-ng
libs_ipvs-get = -lmnl -lcap-ng
libs_ipvs-set = -lmnl -lcap-ng
libs_probe-http = -lpcre2-8 -lcap-ng
libs_probe-https = -lssl -lcrypto -lpcre2-8 -lcap-ng

all: $(addprefix $(build)/,$(commands) $(notdir $(scripts)))

$(build)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(our_cflags) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(build)/lib.a: $(patsubst %.c,$(build)/%.o,$(wildcard lib/*.c))
	rm -f $@ && ar rcs $@ $^

$(addprefix $(build)/,$(commands)): $(build)/%: $(build)/cmd/%.o $(build)/lib.a
	$(CC) $(our_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(libs_$*)

$(addprefix $(build)/,$(notdir $(scripts))): $(build)/%: cmd/%
	@mkdir -p $(@D)
	sed 's/@VERSION@/$(version)/' $< >$@ && chmod 755 $@

# For the tests: a program build/test/X of each test/unit/X.c and test/bench/X.c, and the simulator.
units := $(patsubst %.c,$(build)/%,$(wildcard test/unit/*.c test/bench/*.c))
unit_programs := $(addprefix $(build)/test/,$(notdir $(units)))
sim := $(if $(wildcard test/sim/*.c),$(build)/test/vrrp-sim)
fuzzers := $(patsubst test/fuzz/%.c,$(build)/fuzz/%,$(wildcard test/fuzz/*.c))
link_test = $(CC) $(our_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(build)/lib.a \
	-lpcap -lnet -lmnl -lcap-ng -lpcre2-8

.SECONDEXPANSION:
$(unit_programs): $$(filter %/$$(@F).o,$(units:=.o))
$(sim): $(patsubst %.c,$(build)/%.o,$(wildcard test/sim/*.c))
$(unit_programs) $(sim): $(build)/lib.a
	$(link_test)

$(fuzzers): $(build)/fuzz/%: $(build)/test/fuzz/%.o $(build)/lib.a
	@mkdir -p $(@D)
	$(link_test) -fsanitize=fuzzer

programs: all $(unit_programs) $(sim)

check: programs
	build=$(build) test/run $(TESTS)

# What needs a kernel with IPVS, alone.
check-ipvs: programs
	build=$(build) test/run test/ipvs/*.bats

sim: $(sim)
	$< $(SEEDS)

bench: programs
	build=$(abspath $(build)) test/bench/run $(BENCH)

fuzzers: $(fuzzers)
fuzz:
	$(MAKE) build=build-fuzz CC=clang SAN=1 sanitizers=address,undefined,fuzzer-no-link fuzzers
	test/fuzz/run build-fuzz/fuzz $(or $(FUZZ_SECONDS),60)

lint:
	test/lint
	$(MAKE) WERROR=1 CC=gcc build=build-lint/gcc programs
	$(MAKE) WERROR=1 CC=clang build=build-lint/clang programs

# One list of SOURCE:TARGET serves install and uninstall.
shared = $(shell find $(wildcard share/examples share/hooks share/sysctl) -type f)
put = $(foreach f,$1,$f:$2/$(notdir $f))
installed = $(call put,$(addprefix $(build)/,$(commands) $(notdir $(scripts))),$(sbindir)) \
	$(foreach n,5 7 8,$(call put,$(wildcard man/*.$n),$(mandir)/man$n)) \
	$(foreach f,$(wildcard completions/*.bash),$f:$(BASHCOMPDIR)/$(notdir $(f:.bash=))) \
	$(call put,$(wildcard completions/_*),$(ZSHCOMPDIR)) \
	$(call put,$(wildcard completions/*.fish),$(FISHCOMPDIR)) \
	$(call put,$(wildcard share/systemd/*),$(prefix)/lib/systemd/system) \
	$(foreach f,$(shared),$f:$(datadir)/viptools/$(f:share/%=%))

install: all
	set -e; for i in $(installed); do [ -x "$${i%%:*}" ] && mode=755 || mode=644; \
		$(INSTALL) -D -m $$mode "$${i%%:*}" "$(DESTDIR)$${i##*:}"; done

uninstall:
	for i in $(installed); do rm -f "$(DESTDIR)$${i##*:}"; done

deps deps-check:
	share/deps/install share/deps/build $(if $(filter %-check,$@),share/deps/check)

demo: all $(addprefix $(build)/test/,udp-probe page-probe holders-log)
	build=$(abspath $(build)) share/demo
	build=$(abspath $(build)) share/demo -b

clean:
	rm -rf build build-san build-fuzz build-lint

-include $(wildcard $(build)/*/*.d $(build)/test/*/*.d)

.PHONY: all programs check check-ipvs sim bench fuzz fuzzers lint install uninstall deps deps-check demo clean
