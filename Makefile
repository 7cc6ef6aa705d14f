# viptools: GNU make. CC, CFLAGS, CPPFLAGS, LDFLAGS, prefix and DESTDIR are yours.

version = 0.1
CFLAGS ?= -O2 -g
prefix ?= /usr/local
exec_prefix ?= $(prefix)
sbindir ?= $(exec_prefix)/sbin
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
INSTALL ?= install
BASHCOMPDIR ?= $(datadir)/bash-completion/completions
ZSHCOMPDIR ?= $(datadir)/zsh/site-functions
FISHCOMPDIR ?= $(datadir)/fish/vendor_completions.d

build ?= $(if $(SAN),build-san,build)
commands := $(patsubst cmd/%.c,%,$(wildcard cmd/*.c))
scripts := $(filter-out %.c,$(wildcard cmd/*))
lib_objects := $(patsubst lib/%.c,$(build)/lib/%.o,$(wildcard lib/*.c))

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
libs_vrrp-advert = -lnet -lcap-ng
libs_garp = -lnet -lcap-ng
libs_vip-up = -lmnl -lcap-ng
libs_vip-down = -lmnl -lcap-ng

all: $(addprefix $(build)/,$(commands)) $(addprefix $(build)/,$(notdir $(scripts)))

$(build)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(our_cflags) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(build)/lib.a: $(lib_objects)
	rm -f $@ && ar rcs $@ $^

$(addprefix $(build)/,$(commands)): $(build)/%: $(build)/cmd/%.o $(build)/lib.a
	$(CC) $(our_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(libs_$*)

$(addprefix $(build)/,$(notdir $(scripts))): $(build)/%: cmd/%
	@mkdir -p $(@D)
	sed 's/@VERSION@/$(version)/' $< >$@ && chmod 755 $@

-include $(wildcard $(build)/lib/*.d $(build)/cmd/*.d)

clean:
	rm -rf build build-san build-fuzz

.PHONY: all clean
.SECONDARY:
