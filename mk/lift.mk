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

# The files that are the lift's own, for `make check`.
LIFT_HOST_SRC := tests/lift/lift.c tests/lift/neighbours.c tests/lift/lift_platform.c tests/lift/host.c
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

# The compiler would turn the loop in memset() into a call of memset().
$(call named,$(LIFT)/rv64/src/lib/string.o,$(LIFT_RV64_OBJ)): LIFT_KFLAGS += -fno-tree-loop-distribute-patterns -fno-builtin

$(call named,%/tests/lift/board.o,$(LIFT_HOST_OBJ)) $(call named,%/tests/lift/board.o,$(LIFT_RV64_OBJ)): $(LIFT)/board.dtb
