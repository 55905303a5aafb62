# What harts cost each other (docs/performance.md): a kernel with a payload of its own, in which the
# compiler announces each store of the allocators and of the lock by a call, which bench/scaling/lines.c
# answers. A load must not be announced: the compiler takes it for a proof that a store to the same address
# needs no announcement.

SCALING_SRC := $(call find,bench/scaling,*.c)
ANNOUNCE := -fsanitize=kernel-address -fasan-shadow-offset=0 --param asan-instrumentation-with-call-threshold=0 \
	--param asan-stack=0 --param asan-globals=0 --param asan-instrument-reads=0

ifeq ($(PAYLOAD),scaling)
SEAM := -Ibench/scaling/arch
KERNEL_OBJ += $(patsubst %.c,$(K)/%.o,$(SCALING_SRC))
ANNOUNCED := $(call named,$(K)/src/mm/% $(K)/src/lib/bitmap% $(K)/src/lib/lock.o,$(KERNEL_OBJ))
$(ANNOUNCED): mk/scaling.mk
$(ANNOUNCED): KFLAGS += $(ANNOUNCE)
endif

SCALING := $(OUT)/rv64-release-scaling

.PHONY: scaling scaling-update scaling-kernel
scaling: ## count what harts cost each other: locks, waits, and writes to lines that another hart wrote to last
scaling: scaling-kernel
	@scripts/need python3 qemu-system-riscv64
	$(Q)PYTHONPYCACHEPREFIX=$(OUT)/pycache bench/scaling/report $(SCALING)/acre.elf \
		$(if $(filter 1,$(UPDATE)),--into docs/performance.md)

scaling-update: ## the same, and write the tables down
	$(Q)$(MAKE) --no-print-directory UPDATE=1 scaling

scaling-kernel:
	$(Q)$(MAKE) --no-print-directory BUILD=release PAYLOAD=scaling ISA=rv64imac_zicsr_zifencei kernel

test-builds: scaling-kernel
