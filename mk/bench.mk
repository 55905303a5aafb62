# The benchmark (docs/performance.md): a kernel with another payload, and its workloads, which are
# compiled once for each thing that they are tried on.

BENCH_SRC := bench/bench.c bench/free_list.c $(call find,bench/kernel,*.c)
# TARGET, and _checked where every answer is checked and every call timed alone.
BENCH_FRAME_COPIES := acre acre_checked standin free_list
BENCH_HEAP_COPIES := acre acre_checked standin

# For `make check`: as they are compiled where they contain the most.
BENCH_CHECK_C := $(BENCH_SRC) bench/frame_workloads.c bench/heap_workloads.c $(call find,bench/irqs bench/scaling,*.c)
BENCH_HOST_CHECK_C := bench/count_ops.c tests/bench/liars.c
BENCH_CHECK_FLAGS := -Ibench/target/acre -DBENCH_TARGET=acre -DBENCH_CHECKED=1

ifeq ($(PAYLOAD),bench)
KERNEL_OBJ += $(patsubst %.c,$(K)/%.o,$(BENCH_SRC)) \
	$(BENCH_FRAME_COPIES:%=$(K)/bench/%/frame_workloads.o) \
	$(BENCH_HEAP_COPIES:%=$(K)/bench/%/heap_workloads.o)
# As other people's figures were made.
$(call named,$(K)/bench/free_list.o,$(KERNEL_OBJ)): KFLAGS += -fomit-frame-pointer
endif

# A kernel whose seam measures how long interrupts are off.
BENCH_IRQS_SRC := $(call find,bench/irqs,*.c)
ifeq ($(PAYLOAD),irqs)
KERNEL_OBJ += $(patsubst %.c,$(K)/%.o,$(BENCH_IRQS_SRC))
SEAM := -Ibench/irqs/arch
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

# ---- make bench -------------------------------------------------------------------------------

#? UPDATE            1: make bench writes down what it has measured
UPDATE ?= 0

BENCH := $(OUT)/bench
BENCH_ISAS := rv64imac rv64imac_zba_zbb_zbs
bench_march = rv64imac_zicsr_zifencei$(1:rv64imac%=%)
# As the settings above name it.
# $(1): ISA, $(2): bench or irqs
bench_kernel = $(OUT)/rv64-release-$(2)$(if $(filter-out rv64imac,$(1)),-$(call bench_march,$(1)))/acre.elf

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
		$(foreach isa,$(BENCH_ISAS),$(isa)=$(call bench_kernel,$(isa),bench)) \
		--more $(foreach isa,$(BENCH_ISAS),$(isa)=$(call bench_kernel,$(isa),irqs))

$(BENCH_ISAS:%=bench-kernel-%): bench-kernel-%:
	$(Q)$(MAKE) --no-print-directory BUILD=release PAYLOAD=bench ISA=$(call bench_march,$*) kernel
	$(Q)$(MAKE) --no-print-directory BUILD=release PAYLOAD=irqs ISA=$(call bench_march,$*) kernel

# ---- the same workloads on the host, with allocators that give wrong answers: tests/bench/bench.t ------

LIARS := $(OUT)/bench/host
LIARS_OBJ := $(LIARS)/liars.o $(LIARS)/bench.o \
	$(foreach c,table table_checked,$(LIARS)/$(c)/frame_workloads.o $(LIARS)/$(c)/heap_workloads.o)

# $(1): a copy
define bench_host_copy
$(LIARS)/$(1)/%.o: bench/%.c Makefile
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$(Q)gcc $$(HFLAGS) -O2 -Ibench/target/$(1:_checked=) -DBENCH_TARGET=$(1:_checked=) \
		-DBENCH_CHECKED=$(if $(filter %_checked,$(1)),1,0) -c -o $$@ $$<
endef
$(foreach c,table table_checked,$(eval $(call bench_host_copy,$(c))))

$(LIARS)/liars: $(LIARS_OBJ)
	$(call say,LD,$@)
	$(Q)gcc $(HFLAGS) -o $@ $^

$(LIARS)/bench.o $(LIARS)/liars.o: $(LIARS)/%.o: Makefile
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(HFLAGS) -O2 -c -o $@ $(filter %.c,$^)
$(LIARS)/bench.o: bench/bench.c
$(LIARS)/liars.o: tests/bench/liars.c

test-builds: $(LIARS)/liars
