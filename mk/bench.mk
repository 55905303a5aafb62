# The benchmark (docs/performance.md): a kernel with another payload, and its workloads, which are
# compiled once for each thing that they are tried on.

BENCH_SRC := bench/bench.c bench/free_list.c $(sort $(wildcard bench/kernel/*.c))
# TARGET, and _checked where every answer is checked and every call timed alone.
BENCH_FRAME_COPIES := acre acre_checked standin free_list
BENCH_HEAP_COPIES := acre acre_checked standin

ifeq ($(PAYLOAD),bench)
KERNEL_OBJ += $(patsubst %.c,$(K)/%.o,$(BENCH_SRC)) \
	$(BENCH_FRAME_COPIES:%=$(K)/bench/%/frame_workloads.o)
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
