# Fuzzing: `make fuzz` has clang's libFuzzer look for new inputs; tests/fuzz/fuzz.t shows the kept ones
# to the same fuzzers, built by gcc, in every `make test`.

#? FUZZ_SECONDS      how long each fuzzer looks
#? FUZZERS           which: fdt memmap
FUZZ_SECONDS ?= 60
FUZZERS ?= fdt memmap

FUZZ := $(OUT)/fuzz
FUZZ_SRC_fdt := tests/fuzz/fdt_fuzz.c tests/fdt_exercise.c tests/host/fdt_compare.c
FUZZ_SRC_memmap := tests/fuzz/memmap_fuzz.c
FUZZ_COMMON := tests/fuzz/fuzz.c tests/abort_platform.c
FUZZ_ALL := $(FUZZ_COMMON) tests/fuzz/replay.c tests/fuzz/takes.c $(FUZZ_SRC_fdt) $(FUZZ_SRC_memmap)
# Enough instrumentation to steer by; where it is, the C library's string functions stay themselves.
FUZZ_CFLAGS = $(filter-out -MMD -MP,$(HFLAGS)) -fsanitize=fuzzer,address,undefined
FUZZ_KEPT := tests/fuzz/corpus tests/fuzz/cases

define fuzzer
$(FUZZ)/$(1): $(FUZZ_COMMON) $(FUZZ_SRC_$(1)) $(filter-out %/string.c,$(PORTABLE)) $(wildcard src/*/*.h tests/*.h tests/fuzz/*.h)
	$$(call say,CLANG,$$@)
	@scripts/need clang
	@mkdir -p $$(@D)
	$(Q)clang $$(FUZZ_CFLAGS) -o $$@ $$(filter %.c,$$^) -lfdt

$(FUZZ)/replay-$(1): $(patsubst %.c,$(OUT)/host-gcc/%.o,$(FUZZ_COMMON) tests/fuzz/replay.c $(FUZZ_SRC_$(1)) $(PORTABLE))
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$(Q)gcc $$(HFLAGS) -o $$@ $$^ -lfdt

# New inputs go to build/fuzz; one that breaks something is kept at once.
.PHONY: fuzz-$(1)
fuzz-$(1): $(FUZZ)/$(1)
	@mkdir -p $(FUZZ)/$(1)-corpus tests/fuzz/cases
	$(Q)nice $(FUZZ)/$(1) -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 -rss_limit_mb=1024 \
		-dict=tests/fuzz/fdt.dict -print_final_stats=1 -artifact_prefix=tests/fuzz/cases/$(1)- \
		$(FUZZ)/$(1)-corpus $(FUZZ_KEPT) >$(FUZZ)/$(1).log 2>&1 || { \
		tail -n 40 $(FUZZ)/$(1).log; echo 'fuzz-$(1): the input is kept under tests/fuzz/cases'; exit 1; }
	@awk '/number_of_executed_units/ { n = $$$$2 } /average_exec_per_sec/ { r = $$$$2 } /DONE/ { c = $$$$4; u = $$$$8 } \
		END { printf "fuzz-$(1): %d runs, %d a second, %s edges, nothing found\n", n, r, c }' $(FUZZ)/$(1).log
endef
$(foreach f,fdt memmap,$(eval $(call fuzzer,$(f))))

$(FUZZ)/takes: $(patsubst %.c,$(OUT)/host-gcc/%.o,tests/fuzz/takes.c $(FUZZ_COMMON) tests/host/fdt_compare.c $(PORTABLE))
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(HFLAGS) -o $@ $^ -lfdt

.PHONY: fuzz fuzz-minimize
fuzz: ## fuzz the device tree reader and the memory map (FUZZ_SECONDS=60 each)
fuzz: $(FUZZERS:%=fuzz-%)

# By hand, after a long run: the fewest and smallest inputs that reach what all of them reach.
fuzz-minimize: $(FUZZ)/fdt $(FUZZ)/memmap
	@rm -rf $(FUZZ)/merged
	@mkdir -p $(FUZZ)/merged
	$(Q)for f in fdt memmap; do \
		$(FUZZ)/$$f -set_cover_merge=1 -max_len=4096 $(FUZZ)/merged $(FUZZ_KEPT) $(FUZZ)/$$f-corpus 2>/dev/null || exit 1; done
	$(Q)rm -f tests/fuzz/corpus/*
	$(Q)cp $(FUZZ)/merged/* tests/fuzz/corpus/
	@du -sb tests/fuzz/corpus

test-builds: $(FUZZ)/replay-fdt $(FUZZ)/replay-memmap $(FUZZ)/takes
