# SPDX-License-Identifier: GPL-3.0-or-later
# One Makefile; everything it makes is under build/$(V). Files are sorted by their suffix:
#   *_test.c   a cmocka program, run by `make check`
#   *_bench.c  a benchmark, run by `make bench`
#   *_probe.c  a shared object that a test in another language loads
#   *_simulate.c  figures of a method on made-up data, printed by `make simulate`
#   *_fuzz.c   a fuzz target; `make check` replays its corpus, `make V=fuzz fuzz` explores
#   *.bats     a shell test, run by `make check`
#   *.t        any other executable that prints TAP, run by `make check`
# Everything else under lib/ is the recorder, under plots/ the pictures, under src/*/ the analyzer;
# src/fmd-*.c are the programs, testdata/*.c are tools that make test data.

V ?= release
B := build/$(V)
PREFIX ?= /usr/local
VERSION := 0.1.0
CC := gcc
PYTHON := /usr/bin/python3

opt_release := -O2 -g -fno-plt
opt_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
# Fences are not seen by tsan, but what stands between ours is atomic.
opt_tsan := -O1 -g -fno-omit-frame-pointer -fsanitize=thread -Wno-tsan
opt_cov := -O0 -g --coverage
opt_fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
ifeq ($(V),fuzz)
CC := clang
endif
OPT := $(opt_$(V))
ifeq ($(OPT),)
$(error V=$(V) is no variant; choose one of release asan tsan cov fuzz)
endif

WARN := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes $(if $(WERROR),-Werror)
PLOTS_PKGS := cairo pango pangocairo libxml-2.0
SRC_PKGS := libarchive gsl jansson libxml-2.0 glib-2.0 yajl sqlite3
LIB_PKGS := libzstd inih
pkg = $(shell pkg-config $(1) $(2))
PLOTS_CFLAGS := $(call pkg,--cflags,$(PLOTS_PKGS))
SRC_CFLAGS := $(call pkg,--cflags,$(SRC_PKGS))
LIB_LIBS := $(call pkg,--libs,$(LIB_PKGS)) -lpthread
ALL_LIBS := $(call pkg,--libs,$(PLOTS_PKGS) $(SRC_PKGS)) $(LIB_LIBS) -lm

CFLAGS := -std=gnu11 $(OPT) $(WARN) -fvisibility=hidden -fPIC -pthread -I. -DFMD_VERSION='"$(VERSION)"' $(EXTRA)
LDFLAGS := $(OPT) -pthread

# --- what there is -------------------------------------------------------------------
special = %_test.c %_bench.c %_fuzz.c %_probe.c %_simulate.c
find_c = $(sort $(foreach d,$(1),$(wildcard $(d)/*.c)))
lib_all := $(call find_c,lib lib/wire lib/stacks)
plots_all := $(call find_c,plots plots/charts)
programs := $(wildcard src/fmd-*.c)
src_all := $(call find_c,src/base src/cli src/input src/summary src/scale src/findings src/report src/launch)
examples := $(wildcard lib/examples/*.c)
tools := $(filter-out $(special),$(wildcard testdata/*.c))
everything := $(lib_all) $(plots_all) $(src_all) $(programs) $(examples) $(tools)

obj = $(patsubst %.c,$(B)/obj/%.o,$(filter-out $(special),$(1)))
exe = $(patsubst %.c,$(B)/%,$(1))
tests := $(call exe,$(filter %_test.c,$(everything)))
benches := $(call exe,$(filter %_bench.c,$(everything)))
fuzzers := $(call exe,$(filter %_fuzz.c,$(everything)))
probes := $(addsuffix .so,$(call exe,$(filter %_probe.c,$(everything))))
simulations := $(call exe,$(filter %_simulate.c,$(everything)))
program_files := $(patsubst src/%.c,$(B)/%,$(programs))
# man page and shell completion, printed by the program from its option table
manuals := $(foreach p,$(program_files),$(p).1 $(p).bash-completion)
tool_files := $(patsubst testdata/%.c,$(B)/%,$(tools))
example_files := $(call exe,$(examples))

liba := $(B)/libfmd-record.a
libso := $(B)/libfmd-record.so.0
plotsa := $(B)/libplots.a
srca := $(B)/libanalyze.a

.PHONY: all check check-c bench simulate soak fuzz lint format golden install clean asan tsan cov
.DELETE_ON_ERROR:
.SECONDARY:
all: $(liba) $(libso) $(B)/libfmd-record.so $(B)/fmd-record.pc $(program_files) $(manuals) $(tool_files) $(example_files) $(tests) $(fuzzers) $(probes)

# --- how it is made --------------------------------------------------------------------
$(B)/obj/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(if $(filter plots/%,$*),$(PLOTS_CFLAGS)) $(if $(filter src/%,$*),$(SRC_CFLAGS)) $(if $(filter lib/examples/%,$*),-Ilib) -MMD -MP -c $< -o $@

$(B)/obj/src/report/page_assets.o: src/report/report.css src/report/report.js

$(liba): $(call obj,$(lib_all))
$(plotsa): $(call obj,$(plots_all))
$(srca): $(call obj,$(src_all))
$(liba) $(plotsa) $(srca):
	@mkdir -p $(@D) && rm -f $@
	ar rcs $@ $^

$(libso): $(call obj,$(lib_all))
	$(CC) $(LDFLAGS) -shared -Wl,-soname,libfmd-record.so.0 -Wl,-z,nodelete $(if $(filter release,$(V)),-Wl$(comma)-z$(comma)defs) $^ $(LIB_LIBS) -o $@
$(B)/libfmd-record.so: $(libso)
	ln -sf libfmd-record.so.0 $@
comma := ,

$(B)/fmd-record.pc: lib/fmd-record.pc.in Makefile
	@mkdir -p $(@D)
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' $< > $@

# Leaves link with what they may know, so a crossed wall fails at link time too.
libs_for = $(if $(filter lib/%,$(1)),$(liba) $(LIB_LIBS) -lm,$(if $(filter plots/%,$(1)),$(plotsa) $(call pkg,--libs,$(PLOTS_PKGS)) -lm,$(srca) $(plotsa) $(liba) $(ALL_LIBS)))
$(tests): $(B)/%_test: $(B)/obj/%_test.o $(liba) $(plotsa) $(srca)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) $< $(call libs_for,$*) -lcmocka -o $@
$(benches): $(B)/%_bench: $(B)/obj/%_bench.o $(liba) $(plotsa) $(srca)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) $< $(call libs_for,$*) -ldl -o $@
$(probes): $(B)/%_probe.so: $(B)/obj/%_probe.o $(liba)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -shared $< $(call libs_for,$*) -o $@
$(simulations): $(B)/%_simulate: $(B)/obj/%_simulate.o $(liba) $(plotsa) $(srca)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) $< $(call libs_for,$*) -o $@
$(program_files): $(B)/%: $(B)/obj/src/%.o $(liba) $(plotsa) $(srca)
	$(CC) $(LDFLAGS) $< $(call libs_for,src) -o $@
$(program_files:=.1): %.1: %
	$< --print-man > $@
$(program_files:=.bash-completion): %.bash-completion: %
	$< --print-completion > $@
$(tool_files): $(B)/%: $(B)/obj/testdata/%.o $(liba)
	$(CC) $(LDFLAGS) $< $(call libs_for,lib/) -o $@
$(example_files): $(B)/lib/examples/%: $(B)/obj/lib/examples/%.o $(liba)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) $< $(call libs_for,lib/) -o $@
ifeq ($(V),fuzz)
$(fuzzers): $(B)/%_fuzz: $(B)/obj/%_fuzz.o $(liba) $(plotsa) $(srca)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -fsanitize=fuzzer $< $(call libs_for,$*) -o $@
else
$(fuzzers): $(B)/%_fuzz: $(B)/obj/%_fuzz.o $(B)/obj/scripts/fuzz_replay.o $(liba) $(plotsa) $(srca)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) $< $(B)/obj/scripts/fuzz_replay.o $(call libs_for,$*) -o $@
endif

# --- what is run -----------------------------------------------------------------------
scripts_t := $(sort $(wildcard scripts/*.t src/*/*.t))
bats := $(sort $(wildcard lib/*.bats lib/*/*.bats plots/*.bats src/*.bats src/*/*.bats scripts/*.bats testdata/*.bats))
run_env := FMD_BUILD=$(abspath $(B)) LSAN_OPTIONS=suppressions=$(abspath scripts/asan.supp):print_suppressions=0 CMOCKA_MESSAGE_OUTPUT=TAP LC_ALL=C.UTF-8 CK_FORK=no
prove := $(run_env) prove --exec scripts/run-test --timer --failures -j2

# Everything, in one prove.
check: all
	$(prove) $(tests) $(fuzzers) $(bats) $(scripts_t)
# What is worth running again under a sanitizer: the C tests and the fuzz corpora.
check-c: $(tests) $(fuzzers)
	TSAN_OPTIONS="die_after_fork=0 suppressions=$(abspath scripts/tsan.supp) print_suppressions=0 $(TSAN_OPTIONS)" $(prove) $(tests) $(fuzzers)
asan tsan cov:
	$(MAKE) V=$@ all check-c
bench: all $(benches)
	$(run_env) scripts/bench
simulate: $(simulations)
	@for each in $(simulations); do $$each || exit; done
# Minutes of torture, bounded by SOAK_SECONDS (120).
soak: all
	$(run_env) scripts/soak
fuzz:
	$(MAKE) V=fuzz WERROR= all
	scripts/fuzz $(patsubst build/$(V)/%,build/fuzz/%,$(fuzzers))
golden: all
	$(run_env) scripts/golden

# clang-tidy one stamp a file, so that a second run costs nothing; cppcheck over all. The analyzer
# looks at TIDY_NODES states of a function: its own default, 225000, takes six times as long
# (make lint TIDY_NODES=225000).
TIDY_NODES ?= 30000
# The Python extension is built by its setup.py; here it is compiled to hear the warnings.
extension := $(wildcard lib/python/native/*.c)
EXTENSION_CFLAGS := -Ilib $(shell $(PYTHON)-config --includes 2>/dev/null)
tidy_stamps := $(patsubst %.c,build/lint/%.tidy,$(everything) $(extension))
build/lint/%.tidy: %.c .clang-tidy Makefile
	@mkdir -p $(@D)
	clang-tidy --quiet $< -- -std=gnu11 -I. $(if $(filter lib/examples/%,$*),-Ilib) $(PLOTS_CFLAGS) $(SRC_CFLAGS) $(if $(filter lib/python/%,$*),$(EXTENSION_CFLAGS)) -DFMD_VERSION='"0"' -Xclang -analyzer-config -Xclang max-nodes=$(TIDY_NODES) 2>$@.err || { grep -v 'warnings generated' $@.err; exit 1; }
	$(if $(filter lib/python/%,$*),$(CC) -std=gnu11 -O2 $(WARN) -Werror $(EXTENSION_CFLAGS) -fsyntax-only $<)
	@touch $@
lint: $(tidy_stamps)
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	  --suppressions-list=.cppcheck -j2 -I. --cppcheck-build-dir=build/lint $(everything) $(extension)
	clang-format --dry-run -Werror $(everything) $(extension) $(wildcard $(addsuffix /*.h,$(sort $(dir $(everything) $(extension)))))
format:
	clang-format -i $(everything) $(extension) $(wildcard $(addsuffix /*.h,$(sort $(dir $(everything) $(extension)))))

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include $(DESTDIR)$(PREFIX)/lib/pkgconfig
	install $(program_files) $(DESTDIR)$(PREFIX)/bin
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 644 $(program_files:=.1) $(DESTDIR)$(PREFIX)/share/man/man1
	$(foreach p,$(program_files),install -m 644 $(p).bash-completion $(DESTDIR)$(PREFIX)/share/bash-completion/completions/$(notdir $(p));)
	install -m 644 lib/fmd-record.h $(DESTDIR)$(PREFIX)/include
	install -m 644 $(liba) $(DESTDIR)$(PREFIX)/lib
	install $(libso) $(DESTDIR)$(PREFIX)/lib
	ln -sf libfmd-record.so.0 $(DESTDIR)$(PREFIX)/lib/libfmd-record.so
	sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@VERSION@|$(VERSION)|' lib/fmd-record.pc.in > $(DESTDIR)$(PREFIX)/lib/pkgconfig/fmd-record.pc

clean:
	rm -rf build

-include $(shell find $(B)/obj -name '*.d' 2>/dev/null)
