# Acre: a RISC-V 64 kernel that hands out memory. `make help` lists what can be made.

.DEFAULT_GOAL := all
include mk/deps.mk
# Where `deps` is a goal, all others wait for it and for a make of their own.
ifeq ($(filter deps,$(MAKECMDGOALS)),)

# ---- what can be set on the command line ------------------------------------------------------

#? BUILD             release, or debug: assertions, undefined behaviour traps
#? PAYLOAD           what the kernel does once it is up: monitor (self-tests, prompt), bench, irqs, scaling or peers
#? TESTS             1, or 0: leave the self-tests out of the kernel
#? ISA               of the kernel, as gcc -march= takes it: rv64imac_zicsr_zifencei, ..._zba_zbb_zbs
#? KERNEL_HEAP_SIZE  bytes of the heap's arena in BSS: 8M, 65536 (some self-tests are skipped below 1M)
#? CROSS_COMPILE     prefix of gcc and its tools: riscv64-unknown-elf-, riscv64-linux-gnu-
#? LLVM              1 builds the kernel with clang and lld, under build/llvm; -19 with clang-19 and its kin
#? V                 1 shows the commands
BUILD ?= release
CROSS_COMPILE ?= riscv64-unknown-elf-
ISA ?= rv64imac_zicsr_zifencei
KERNEL_HEAP_SIZE ?= 8388608
LLVM ?=
PAYLOAD ?= monitor
TESTS ?= 1
V ?= 0

override KERNEL_HEAP_SIZE := $(or $(shell numfmt --from=iec '$(KERNEL_HEAP_SIZE)'),\
	$(error KERNEL_HEAP_SIZE=$(KERNEL_HEAP_SIZE): it is a number of bytes like 65536 or 64M))
# Code reaches 2 GiB. Below 16 KiB there is no room for some slabs and runs: kernel_heap.c.
ifneq ($(shell [ $(KERNEL_HEAP_SIZE) -ge 16384 ] 2>&1 && [ $(KERNEL_HEAP_SIZE) -le 1073741824 ] 2>&1 && echo fits),fits)
$(error KERNEL_HEAP_SIZE=$(KERNEL_HEAP_SIZE): the arena has 16384 bytes to 1G; beyond it the heap takes frames)
endif

ifeq ($(filter $(BUILD),release debug),)
$(error BUILD=$(BUILD): it is release or debug)
endif
ifeq ($(filter $(PAYLOAD),monitor bench irqs scaling peers),)
$(error PAYLOAD=$(PAYLOAD): it is monitor, bench, irqs, scaling or peers)
endif
ifneq ($(filter-out 1 -%,$(LLVM))$(word 2,$(LLVM)),)
$(error LLVM=$(LLVM): it is 1, or the end of the tools' names like -19)
endif
# What a hart may lack is asked at boot, of these and of no others: src/boot/isa_bits.h.
ISA_ASKED := zba zbb zbc zbs
ISA_WORDS := $(subst _, ,$(ISA))
ifneq ($(filter-out rv64imac rv64imafdc rv64gc,$(firstword $(ISA_WORDS)))$(filter-out \
	zicsr zifencei $(ISA_ASKED),$(wordlist 2,99,$(ISA_WORDS))),)
$(error ISA=$(ISA): it is rv64imac or rv64gc, and of zicsr zifencei $(ISA_ASKED) any, joined by _)
endif
ISA_BASE := $(subst $() ,_,$(filter-out $(ISA_ASKED),$(ISA_WORDS)))

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-7s %s\n' '$(1)' '$(2)')

.DEFAULT_GOAL := kernel

# ---- where things are -------------------------------------------------------------------------

OUT := build$(if $(LLVM),/llvm$(LLVM:1=))
# Each combination of settings has a folder of its own, so that objects are never mixed.
# $(1): BUILD, $(2): ISA
kernel_dir = $(OUT)/rv64-$(1)$(if $(filter-out monitor,$(PAYLOAD)),-$(PAYLOAD))$(if $(filter 0,$(TESTS)),-notests)$(if $(filter-out rv64imac_zicsr_zifencei,$(2)),-$(2))$(if $(filter-out 8388608,$(KERNEL_HEAP_SIZE)),-heap$(KERNEL_HEAP_SIZE))
K := $(call kernel_dir,$(BUILD),$(ISA))

ifeq ($(LLVM),)
CC := $(CROSS_COMPILE)gcc
OBJCOPY := $(CROSS_COMPILE)objcopy
NM := $(CROSS_COMPILE)nm
READELF := $(CROSS_COMPILE)readelf
else
CC := clang$(LLVM:1=)
OBJCOPY := llvm-objcopy$(LLVM:1=)
NM := llvm-nm$(LLVM:1=)
READELF := llvm-readelf$(LLVM:1=)
LLD := ld.lld$(LLVM:1=)
# Nothing is addressed by gp: clang would put constants among the small variables. Before 17 it has these
# extensions in rv64i, without names.
LLVM_TARGET := --target=riscv64-unknown-elf -mno-relax -msmall-data-limit=0
UNNAMED := $(if $(shell $(CC) $(LLVM_TARGET) -march=rv64i_zicsr_zifencei -fsyntax-only -x c /dev/null 2>&1),zicsr zifencei)
endif

# $(call find,FOLDERS,*.c): the files under them, at any depth. A folder without any is an error.
find = $(sort $(foreach f,$(1),$(or $(shell find $(f) -name '$(2)'),$(error no $(2) under $(f)))))

# $(call named,NAMES,LIST): of the list, what the names (patterns with %) match. A name that matches
# nothing is an error: so a setting for a file does not get lost when the file moves.
named = $(foreach n,$(1),$(or $(filter $(n),$(2)),$(error there is no $(n) in what is built)))

PORTABLE := $(call find,src/lib src/fdt src/mm,*.c)
# Where there is a C library, it has the functions of string.c.
HOSTED := $(filter-out $(call named,src/lib/string.c,$(PORTABLE)),$(PORTABLE))
# The one function that needs the machine; on the host a fake firmware takes its place.
ECALL := src/sbi/ecall.c
SBI := $(call find,src/sbi,*.c)
SBI := $(filter-out $(call named,$(ECALL),$(SBI)),$(SBI))
CASES := tests/support/ktest.c tests/support/fdt_builder.c tests/support/fdt_exercise.c tests/support/fdt_tree.c tests/support/frame_model.c $(call find,tests/unit,*.c)

# A payload is what src/kernel/payload.h says. The monitor has one without self-tests and one with them; nothing of
# src/selftest or tests is in another kernel, but that bench/irqs measures the handlers of irq_stress.c.
MONITOR_SRC := src/kernel/monitor/monitor.c $(if $(filter 0,$(TESTS)),src/kernel/monitor/payload_monitor.c, \
	$(call find,src/selftest,*.[cS]) $(CASES) $(call find,tests/kernel,*.c))
KERNEL := $(call find,src/kernel,*.c)
KERNEL_SRC := $(call find,src/boot,*.S) $(ECALL) $(SBI) $(PORTABLE) \
	$(filter-out $(call named,src/kernel/monitor/monitor.c src/kernel/monitor/payload_monitor.c,$(KERNEL)),$(KERNEL)) \
	$(if $(filter monitor,$(PAYLOAD)),$(MONITOR_SRC)) $(if $(filter irqs,$(PAYLOAD)),src/selftest/irq_stress.c)
KERNEL_OBJ := $(patsubst %,$(K)/%.o,$(basename $(KERNEL_SRC)))
include mk/bench.mk
include mk/bench-peers.mk
include mk/bench-traces.mk
include mk/scaling.mk
include mk/bench-rv64-peers.mk
include mk/bench-linux.mk

# Parts of the kernel proper that need no machine, so that their cases run on the host too.
KERNEL_PORTABLE := src/kernel/words.c src/kernel/bootargs.c src/kernel/terminal.c src/kernel/memory/trace_ring.c \
	src/kernel/monitor/line_edit.c src/selftest/selftest_args.c src/selftest/stress_core.c
HOST_SRC := $(PORTABLE) $(SBI) $(KERNEL_PORTABLE) $(CASES) $(call find,tests/host,*.c)

# ---- flags ------------------------------------------------------------------------------------

WARN := -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wundef -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla -Werror
# The folder may have blanks in its name.
HERE := $(subst $() ,\ ,$(CURDIR))
COMMON := -std=c17 $(WARN) -g -MMD -MP -fno-common -ffile-prefix-map=$(HERE)=. \
	-fdebug-prefix-map=$(HERE)=.

# The inline half of the seam. mk/bench.mk has another one.
SEAM ?= -Isrc/kernel/rv64
# No floating point in the kernel, and no compiler support library. Frame pointers make backtraces.
# $(call march,ISA): as the compiler names it
march = -march=$(subst $() ,_,$(filter-out $(UNNAMED),$(subst _, ,$(1))))
KFLAGS := $(COMMON) $(LLVM_TARGET) $(call march,$(ISA)) -mabi=lp64 -mcmodel=medany -ffreestanding -fno-pie -O2 \
	-fno-omit-frame-pointer -fno-asynchronous-unwind-tables -Isrc $(SEAM) -I. \
	-Wa,--fatal-warnings -DKERNEL_HEAP_SIZE=$(KERNEL_HEAP_SIZE) -DKERNEL_ISA=$(ISA) -DKERNEL_ISA_BASE=$(ISA_BASE)
# clang's check of a call through a pointer reads before the function, where a wild pointer has no memory.
ifeq ($(BUILD),debug)
KFLAGS += -DACRE_DEBUG -fsanitize=undefined -fsanitize-undefined-trap-on-error $(if $(LLVM),-fno-sanitize=function)
endif
KLDFLAGS := -nostdlib -static -Wl,--build-id=none -Wl,--fatal-warnings \
	$(if $(LLVM),--ld-path=$(LLD),-no-pie)

HFLAGS := $(COMMON) -DACRE_DEBUG -D_GNU_SOURCE -O1 -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all -pthread -Isrc -Itests/host/arch -I.

# ---- the kernel -------------------------------------------------------------------------------

.PHONY: kernel
kernel: ## build the kernel: $(K)/acre.elf and the flat $(K)/Image
kernel: $(K)/acre.elf $(K)/Image

# The command line of the compiler is a prerequisite too: changed flags rebuild.
$(K)/flags: force
	@mkdir -p $(@D)
	@printf '%s\n' '$(CC) $(KFLAGS) $(KLDFLAGS)' | cmp -s - $@ || \
		printf '%s\n' '$(CC) $(KFLAGS) $(KLDFLAGS)' >$@
force:

# The shortest paths there are: a frame pointer would be a tenth of them. They leave that of their
# caller alone, so that a backtrace goes on past them.
$(call named,$(K)/src/mm/frame/frame_single.o $(K)/src/mm/frame/frame_run.o $(K)/src/mm/heap/heap.o \
	$(K)/src/mm/heap/slab.o $(K)/src/mm/heap/runs.o $(K)/src/mm/heap/heap_cache.o,$(KERNEL_OBJ)): KFLAGS += -fomit-frame-pointer -ffixed-x8

$(K)/%.o: %.c $(K)/flags
	$(call say,CC,$@)
	@scripts/need $(CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KFLAGS) -c -o $@ $<

$(K)/%.o: %.S $(K)/flags
	$(call say,AS,$@)
	@scripts/need $(CC)
	@mkdir -p $(@D)
	$(Q)$(CC) $(KFLAGS) -c -o $@ $<

# A call that became a jump would put the blame for a bad free, and the line of a backtrace, on the
# caller's caller. kmalloc.c only passes things on.
$(filter-out $(call named,$(K)/src/%/kmalloc.o,$(KERNEL_OBJ)), \
	$(call named,$(K)/src/kernel/%,$(KERNEL_OBJ)) $(filter $(K)/src/selftest/%,$(KERNEL_OBJ))): \
	KFLAGS += -fno-optimize-sibling-calls

# A hart that lacks what the rest is compiled for runs these, to say so.
$(call named,$(K)/src/kernel/hart/isa.o $(K)/src/sbi/%,$(KERNEL_OBJ)): KFLAGS += $(call march,$(ISA_BASE))

# The compiler would turn the loop in memset() into a call of memset(). clang has one flag for it, gcc two.
LOOPS_AS_WRITTEN := $(if $(LLVM),,-fno-tree-loop-distribute-patterns) -fno-builtin
$(call named,$(K)/src/lib/string.o,$(KERNEL_OBJ)): KFLAGS += $(LOOPS_AS_WRITTEN)

# The names of functions are in the image, and where its pointers are, so it is linked three times: without
# these tables, with those of the first link, and with those of the second. The tables stand after all
# code and constants, so the last two must agree, which is checked. The last one needs no relocations.
EMIT_RELOCS := -Wl,--emit-relocs,--strip-debug
link_kernel = $(CC) $(filter-out -Wa%,$(KFLAGS)) $(KLDFLAGS) -Wl,--build-id=sha1 -T kernel.ld -o $(1) $(KERNEL_OBJ) $(2)
make_tables = NM=$(NM) scripts/gen-symbols $(1) >$(2).S && READELF=$(READELF) scripts/gen-relocations $(1) >>$(2).S && \
	$(CC) $(KFLAGS) -c -o $(2).o $(2).S
# Where each symbol is. An empty section has another type in a link with relocations, and lld keeps labels there.
places = $(NM) $(1) | awk '$$3 !~ /^[.]L/ { print $$1, $$3 }' >$(2)

$(K)/acre.elf: $(KERNEL_OBJ) kernel.ld scripts/gen-symbols scripts/gen-relocations
	$(call say,LINK,$@)
	@scripts/need $(LLD) $(NM) $(READELF) $(OBJCOPY)
	$(Q)$(call make_tables,,$(K)/tables0)
	$(Q)$(call link_kernel,$(K)/acre1.elf,$(EMIT_RELOCS) $(K)/tables0.o)
	$(Q)$(call make_tables,$(K)/acre1.elf,$(K)/tables1)
	$(Q)$(call link_kernel,$(K)/acre2.elf,$(EMIT_RELOCS) $(K)/tables1.o)
	$(Q)$(call make_tables,$(K)/acre2.elf,$(K)/tables2)
	$(Q)$(call link_kernel,$@,$(K)/tables2.o)
	$(Q)$(call places,$(K)/acre2.elf,$(K)/places2)
	$(Q)$(call places,$@,$(K)/places)
	$(Q)cmp $(K)/places2 $(K)/places || { rm -f $@; exit 1; }

$(K)/Image: $(K)/acre.elf
	$(call say,COPY,$@)
	$(Q)$(OBJCOPY) -O binary $< $@

# ---- host tests -------------------------------------------------------------------------------

# $(1): compiler
host_obj = $(HOST_SRC:%.c=$(OUT)/host-$(1)/%.o)
define host_build
$(OUT)/host-$(1)/ktest: $(host_obj)
	$$(call say,LD,$$@)
	$(Q)$(1) $$(HFLAGS) -o $$@ $$^ -lfdt

$(OUT)/host-$(1)/%.o: %.c Makefile
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$(Q)$(1) $$(HFLAGS) -c -o $$@ $$<

$(call named,$(OUT)/host-$(1)/src/lib/string.o $(OUT)/host-$(1)/tests/unit/string_test.o,$(host_obj)): HFLAGS += \
	-include tests/host/string_names.h -fno-builtin
endef
$(foreach cc,gcc clang,$(eval $(call host_build,$(cc))))

# The cases with threads once more, where a data race is an error. It must be clang: the sanitizer of gcc
# does not take atomic_thread_fence().
TSAN_SRC := $(HOSTED) src/kernel/words.c src/kernel/memory/trace_ring.c src/selftest/stress_core.c tests/support/ktest.c tests/host/host_port.c \
	$(call find,tests/host,*_threads.c)
TSAN_FLAGS := $(filter-out -fsanitize=%,$(HFLAGS)) -fsanitize=thread -DACRE_SEES_RACES

$(OUT)/host-tsan/ktest: $(patsubst %.c,$(OUT)/host-tsan/%.o,$(TSAN_SRC))
	$(call say,LD,$@)
	$(Q)clang $(TSAN_FLAGS) -o $@ $^

$(OUT)/host-tsan/%.o: %.c Makefile
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)clang $(TSAN_FLAGS) -c -o $@ $<

.PHONY: host-test
host-test: ## run the host cases under ASan and UBSan (GLOB=, SEED=)
host-test: $(OUT)/host-gcc/ktest
	$(Q)$< $(if $(SEED),--seed $(SEED)) $(if $(GLOB),'$(GLOB)')

include mk/lift.mk
include mk/oracle.mk
include mk/fuzz.mk
include mk/explore.mk
include mk/check.mk
include mk/prove.mk
include mk/preload.mk
include mk/run.mk

# ---- help -------------------------------------------------------------------------------------

.PHONY: help clean
help: ## this list
	@echo 'Targets:'
	@sed -n 's/^\([a-z][a-z0-9._-]*\): ## */\1\t/p' $(MAKEFILE_LIST) | sed 's/$$(K)/build\/rv64-$(BUILD)/g' | \
		sort | awk -F '\t' '{ printf "  %-22s %s\n", $$1, $$2 }'
	@echo 'Settings (make TARGET NAME=value):'
	@sed -n 's/^#? *\([A-Z_]*\)  */\1\t/p' $(MAKEFILE_LIST) | awk -F '\t' '{ printf "  %-18s %s\n", $$1, $$2 }'

clean: ## delete build/
	$(Q)rm -rf $(OUT)

-include $(shell find $(OUT) -path $(OUT)/bench/linux -prune -o -name '*.d' -type f -print 2>/dev/null)

endif
