# Fuzzing: `make fuzz` has clang's libFuzzer look for new inputs; tests/fuzz/fuzz.t shows the kept ones
# to the same fuzzers, built by gcc, in every `make test`.

#? FUZZ_SECONDS      how long each fuzzer looks
#? FUZZERS           which: fdt memmap frame heap
FUZZ_SECONDS ?= 50
FUZZERS ?= fdt memmap frame heap

FUZZ := $(OUT)/fuzz
FUZZ_SRC_fdt := tests/fuzz/fdt_fuzz.c tests/support/fdt_exercise.c tests/host/fdt_compare.c
FUZZ_SRC_memmap := tests/fuzz/memmap_fuzz.c
FUZZ_SRC_frame := tests/fuzz/frame_fuzz.c tests/support/frame_model.c
FUZZ_SRC_heap := tests/fuzz/heap_fuzz.c
FUZZ_COMMON := tests/fuzz/fuzz.c tests/support/abort_platform.c
FUZZ_ALL := $(FUZZ_COMMON) tests/fuzz/replay.c tests/fuzz/takes.c $(FUZZ_SRC_fdt) $(FUZZ_SRC_memmap) $(FUZZ_SRC_frame) $(FUZZ_SRC_heap)
# Enough instrumentation to steer by; where it is, the C library's string functions stay themselves.
FUZZ_CFLAGS = $(filter-out -MMD -MP,$(HFLAGS)) -fsanitize=fuzzer,address,undefined
# What is kept: device trees, and for `frame` and `heap` calls of the frame pool and of a heap. There is always a corpus; cases
# are there once something was found.
fuzz_folder = tests/fuzz$(addprefix /,$(filter frame heap,$(1)))
fuzz_kept = $(if $(wildcard $(fuzz_folder)/corpus/*),,$(error nothing is in $(fuzz_folder)/corpus))$\
	$(fuzz_folder)/corpus $(wildcard $(fuzz_folder)/cases)
fuzz_dict = $(if $(filter frame heap,$(1)),,-dict=tests/fuzz/fdt.dict)

define fuzzer
$(FUZZ)/$(1): $(FUZZ_COMMON) $(FUZZ_SRC_$(1)) $(HOSTED) $(call find,src tests,*.h)
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
	@mkdir -p $(FUZZ)/$(1)-corpus $(call fuzz_folder,$(1))/cases
	$(Q)nice $(FUZZ)/$(1) -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -timeout=10 -rss_limit_mb=1024 \
		$(call fuzz_dict,$(1)) -print_final_stats=1 -artifact_prefix=$(call fuzz_folder,$(1))/cases/$(1)- \
		$(FUZZ)/$(1)-corpus $$(call fuzz_kept,$(1)) >$(FUZZ)/$(1).log 2>&1 || { \
		tail -n 40 $(FUZZ)/$(1).log; echo 'fuzz-$(1): the input is kept under $(call fuzz_folder,$(1))/cases'; exit 1; }
	@awk '/number_of_executed_units/ { n = $$$$2 } /average_exec_per_sec/ { r = $$$$2 } /DONE/ { c = $$$$4; u = $$$$8 } \
		END { printf "fuzz-$(1): %d runs, %d a second, %s edges, nothing found\n", n, r, c }' $(FUZZ)/$(1).log
endef
$(foreach f,fdt memmap frame heap,$(eval $(call fuzzer,$(f))))

$(FUZZ)/takes: $(patsubst %.c,$(OUT)/host-gcc/%.o,tests/fuzz/takes.c $(FUZZ_COMMON) tests/host/fdt_compare.c $(PORTABLE))
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(HFLAGS) -o $@ $^ -lfdt

.PHONY: fuzz fuzz-minimize
fuzz: ## fuzz the device tree reader, the memory map, the frame pool and the heap (FUZZ_SECONDS=50 each)
fuzz: $(FUZZERS:%=fuzz-%)

# By hand, after a long run: the fewest and smallest inputs that reach what all of them reach.
fuzz-minimize: $(FUZZ)/fdt $(FUZZ)/memmap $(FUZZ)/frame $(FUZZ)/heap
	@rm -rf $(FUZZ)/merged $(FUZZ)/merged-frame $(FUZZ)/merged-heap
	@mkdir -p $(FUZZ)/merged $(FUZZ)/merged-frame $(FUZZ)/merged-heap
	$(Q)for f in fdt memmap; do \
		$(FUZZ)/$$f -set_cover_merge=1 -max_len=4096 $(FUZZ)/merged $(call fuzz_kept,fdt) $(FUZZ)/$$f-corpus 2>/dev/null || exit 1; done
	$(Q)for f in frame heap; do \
		$(FUZZ)/$$f -set_cover_merge=1 -max_len=4096 $(FUZZ)/merged-$$f tests/fuzz/$$f/corpus $(FUZZ)/$$f-corpus 2>/dev/null || exit 1; done
	$(Q)rm -f tests/fuzz/corpus/* tests/fuzz/frame/corpus/* tests/fuzz/heap/corpus/*
	$(Q)cp $(FUZZ)/merged/* tests/fuzz/corpus/
	$(Q)for f in frame heap; do mkdir -p tests/fuzz/$$f/corpus && cp $(FUZZ)/merged-$$f/* tests/fuzz/$$f/corpus/ || exit 1; done
	@du -sb tests/fuzz/corpus tests/fuzz/frame/corpus tests/fuzz/heap/corpus

test-builds: $(FUZZ)/replay-fdt $(FUZZ)/replay-memmap $(FUZZ)/replay-frame $(FUZZ)/replay-heap $(FUZZ)/takes
