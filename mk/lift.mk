# The lift: src/lib, src/fdt and src/mm in a program that is not this kernel (docs/porting.md), for
# the host and for RV64. Nothing else of the tree is on its link line or in its include path.

LIFT := $(OUT)/lift

LIFT_SRC := $(PORTABLE) tests/lift/lift.c tests/lift/neighbours.c tests/lift/lift_platform.c
LIFT_HOST_OBJ := $(patsubst %,$(LIFT)/host/%.o,$(basename $(filter-out $(PORTABLE),$(LIFT_SRC)) $(HOSTED) \
	tests/lift/host.c tests/lift/board.S))
LIFT_RV64_OBJ := $(patsubst %,$(LIFT)/rv64/%.o,$(basename $(LIFT_SRC) tests/lift/rv64.c \
	tests/lift/board.S tests/lift/start.S))

LIFT_HFLAGS := $(filter-out $(call named,-Itests/host/arch,$(HFLAGS)),$(HFLAGS)) -Itests/lift
LIFT_KFLAGS := $(filter-out $(SEAM) $(call named,-DKERNEL_HEAP_SIZE=%,$(KFLAGS)),$(KFLAGS)) -Itests/lift

# The files that are the lift's own, for `make check`, and one that has the same seam (callers.t).
LIFT_HOST_SRC := tests/lift/lift.c tests/lift/neighbours.c tests/lift/lift_platform.c tests/lift/host.c \
	tests/tools/callers.c tests/tools/no_trace.c
LIFT_RV64_SRC := tests/lift/rv64.c

.PHONY: lift
lift: ## build tests/lift, the portable layers in another program, for the host and for RV64
lift: $(LIFT)/host/lift $(LIFT)/rv64/lift.elf

test-builds: $(LIFT)/host/lift $(LIFT)/rv64/lift.elf

$(LIFT)/board.dtb: tests/lift/board.dts
	$(call say,DTC,$@)
	@mkdir -p $(@D) && scripts/need dtc
	$(Q)dtc -q -I dts -O dtb -o $@ $<

$(LIFT)/host/lift: $(LIFT_HOST_OBJ)
	$(call say,LD,$@)
	$(Q)gcc $(LIFT_HFLAGS) -o $@ $^

$(LIFT)/rv64/lift.elf: $(LIFT_RV64_OBJ) tests/lift/lift.ld
	$(call say,LD,$@)
	$(Q)$(CC) $(LIFT_KFLAGS) $(KLDFLAGS) -T tests/lift/lift.ld -o $@ $(LIFT_RV64_OBJ)

$(LIFT)/host/%.o: %.c Makefile mk/lift.mk
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(LIFT_HFLAGS) -c -o $@ $<

$(LIFT)/rv64/%.o: %.c Makefile mk/lift.mk
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LIFT_KFLAGS) -c -o $@ $<

$(LIFT)/rv64/%.o: %.S Makefile mk/lift.mk
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LIFT_KFLAGS) -Wa,-I,$(LIFT) -c -o $@ $<

$(LIFT)/host/%.o: %.S Makefile mk/lift.mk
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(LIFT_HFLAGS) -Wa,-I,$(LIFT) -c -o $@ $<

# The heap alone, as somebody who is short of room would compile it.
HEAP_ALONE := $(patsubst %.c,$(LIFT)/heap-alone/%.o,$(filter-out $(call named,%_validate.c,$(PORTABLE)), \
	$(call named,src/mm/heap/%.c src/lib/bitmap_tree.c,$(PORTABLE))))

.PHONY: heap-alone
heap-alone: ## bytes of the heap's code for RV64, compiled for size, file by file
heap-alone: $(HEAP_ALONE)
	$(Q)$(CROSS_COMPILE)size --totals $^

$(LIFT)/heap-alone/%.o: %.c Makefile mk/lift.mk
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(LIFT_KFLAGS) -DACRE_FOR_SIZE -Os -fomit-frame-pointer -c -o $@ $<

# What this program sees depends on time; what it must not see does not.
PREEMPT := $(OUT)/preempt
.PHONY: lift-preempt
lift-preempt: ## the frame pool among threads that are preempted and migrate, on the host (CALLS=)
test-builds: $(PREEMPT)/preempt
lift-preempt: $(PREEMPT)/preempt
	$(Q)$< $(CALLS)

$(PREEMPT)/preempt: $(HOSTED:%.c=$(PREEMPT)/%.o) $(PREEMPT)/tests/lift/preempt.o
	$(call say,LD,$@)
	$(Q)gcc -pthread -o $@ $^

$(PREEMPT)/%.o: %.c Makefile mk/lift.mk
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(COMMON) -D_GNU_SOURCE -O2 -pthread -Isrc -Itests/lift/preempt -I. -c -o $@ $<

# The compiler would turn the loop in memset() into a call of memset().
$(call named,$(LIFT)/rv64/src/lib/string.o,$(LIFT_RV64_OBJ)): LIFT_KFLAGS += $(LOOPS_AS_WRITTEN)

$(call named,%/tests/lift/board.o,$(LIFT_HOST_OBJ)) $(call named,%/tests/lift/board.o,$(LIFT_RV64_OBJ)): $(LIFT)/board.dtb
