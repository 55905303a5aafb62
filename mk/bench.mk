# The benchmark (docs/performance.md): a kernel with another payload, and its workloads, which are
# compiled once for each thing that they are tried on.

BENCH_SRC := bench/bench.c bench/free_list.c $(sort $(wildcard bench/kernel/*.c))
# TARGET, and _checked where every answer is checked and every call timed alone.
BENCH_FRAME_COPIES := acre acre_checked standin free_list
BENCH_HEAP_COPIES := acre acre_checked standin

ifeq ($(PAYLOAD),bench)
KERNEL_OBJ += $(patsubst %.c,$(K)/%.o,$(BENCH_SRC)) \
	$(BENCH_FRAME_COPIES:%=$(K)/bench/%/frame_workloads.o) \
	$(BENCH_HEAP_COPIES:%=$(K)/bench/%/heap_workloads.o)
endif

# $(1): a copy
define bench_copy
$(K)/bench/$(1)/%.o: bench/%.c $(K)/flags
	$$(call say,CC,$$@)
	@scripts/need $(CC)
	@mkdir -p $$(@D)
	$(Q)$(CC) $$(KFLAGS) -Ibench/target/$(1:_checked=) -DBENCH_TARGET=$(1:_checked=) \
		-DBENCH_CHECKED=$(if $(filter %_checked,$(1)),1,0) -c -o $$@ $$<
endef
$(foreach c,$(sort $(BENCH_FRAME_COPIES) $(BENCH_HEAP_COPIES)),$(eval $(call bench_copy,$(c))))

# As other people's figures were made.
$(K)/bench/free_list.o: KFLAGS += -fomit-frame-pointer

# ---- make bench -------------------------------------------------------------------------------

#? UPDATE            1: make bench writes down what it has measured
UPDATE ?= 0

BENCH := $(OUT)/bench
BENCH_ISAS := rv64imac rv64imac_zba_zbb_zbs
bench_march = rv64imac_zicsr_zifencei$(1:rv64imac%=%)
# As the settings above name it.
bench_kernel = $(OUT)/rv64-release-bench$(if $(filter-out rv64imac,$(1)),-$(call bench_march,$(1)))/acre.elf

.PHONY: bench bench-update bench-measure $(BENCH_ISAS:%=bench-kernel-%)
bench: ## count what frames and blocks cost, in instructions; fails when they cost more than in bench/baseline.json
bench: bench-measure
	$(Q)PYTHONPYCACHEPREFIX=$(OUT)/pycache bench/report $(BENCH)/results.json bench/peers-rv64.json \
		--table $(BENCH)/table.md --plot $(BENCH)/plot.svg \
		$(if $(filter 1,$(UPDATE)),--into docs/performance.md)
	@echo 'bench: $(BENCH)/table.md and $(BENCH)/plot.svg show them beside other allocators'
	$(Q)PYTHONPYCACHEPREFIX=$(OUT)/pycache bench/compare $(if $(filter 1,$(UPDATE)),--update) bench/baseline.json $(BENCH)/results.json

bench-update: ## the same, and write the figures down
	$(Q)$(MAKE) --no-print-directory UPDATE=1 bench

bench-measure:
	@scripts/need python3 $(CC) qemu-system-riscv64
	$(Q)$(MAKE) --no-print-directory $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$$(nproc)) $(BENCH_ISAS:%=bench-kernel-%)
	$(Q)CROSS_COMPILE=$(CROSS_COMPILE) PYTHONPYCACHEPREFIX=$(OUT)/pycache bench/run --out $(BENCH) \
		$(foreach isa,$(BENCH_ISAS),$(isa)=$(call bench_kernel,$(isa)))

$(BENCH_ISAS:%=bench-kernel-%): bench-kernel-%:
	$(Q)$(MAKE) --no-print-directory BUILD=release PAYLOAD=bench ISA=$(call bench_march,$*) kernel
