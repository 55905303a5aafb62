# Booting: `make qemu` and its kin; and `make test`, which boots most of all.

#? MEM               RAM, as QEMU takes it: 128M, 8G, 1T
#? HARTS             how many harts
#? MACHINE           board: virt, virt,aclint=on, ...
#? CPU               processor: rv64,zbb=false, sifive-u54, ...
#? BIOS              firmware instead of the OpenSBI that QEMU brings
#? DTS               device tree of your own, .dts or .dtb (make dtb shows QEMU's)
#? INITRD            initial RAM disk
#? LOAD              address to run the kernel at, a multiple of 4096 in RAM
#? BOOTARGS          boot arguments for the kernel
#? QEMU_ARGS         more arguments for QEMU
#? LIMIT             seconds that a run without a terminal may take
#? GDB               debugger of `make debug`
#? GDB_PORT          where `make qemu-gdb` waits
#? T                 which files `make test` runs, all if not given
MEM ?= 128M
HARTS ?= 1
MACHINE ?= virt
CPU ?=
BIOS ?=
DTS ?=
INITRD ?=
LOAD ?=
BOOTARGS ?=
QEMU_ARGS ?=
LIMIT ?= 30
GDB ?= gdb-multiarch
GDB_PORT ?= 1234

# By the environment, so that any byte of them arrives. What is after -- is for the shell to cut into words.
RUN_SETTINGS := MEM HARTS MACHINE CPU BIOS DTS INITRD LOAD BOOTARGS LIMIT GDB GDB_PORT
export $(RUN_SETTINGS)
RUN = scripts/run-qemu --memory "$$MEM" --harts "$$HARTS" --machine "$$MACHINE" --cpu "$$CPU" --bios "$$BIOS" \
	--dtb "$$DTS" --initrd "$$INITRD" --load "$$LOAD" --bootargs "$$BOOTARGS" $(if $(filter 1,$(V)),--verbose)
RUN_END = $(if $(QEMU_ARGS),-- $(QEMU_ARGS))

.PHONY: qemu qemu-gdb debug whodunit dtb
qemu: ## boot it; stdin: a terminal, empty (self-tests), or lines for the prompt
qemu: kernel
	$(Q)$(RUN) --limit "$$LIMIT" $(K)/acre.elf $(RUN_END)

qemu-gdb: ## wait, stopped, for a debugger on GDB_PORT
qemu-gdb: kernel
	$(Q)$(RUN) --gdb "$$GDB_PORT" $(K)/acre.elf $(RUN_END)

debug: ## boot under gdb, stopped at kernel_main
debug: kernel
	$(Q)$(RUN) --debug $(K)/acre.elf $(RUN_END)

#? ADDR              whodunit: the address, a number or an expression of gdb
ADDR ?=

whodunit: ## record a run of one hart, and find who wrote to ADDR= last, and who took and freed its block (BOOTARGS=run=...)
whodunit: kernel
	$(Q)[ -n "$$ADDR" ] || { echo 'make whodunit: which address? ADDR=0x80382000' >&2; exit 1; }
	$(Q)scripts/whodunit --memory "$$MEM" --bootargs "$$BOOTARGS" $(K)/acre.elf "$$ADDR"

dtb: ## write and show build/virt.dts, the tree that QEMU makes (MEM=, HARTS=, ...)
dtb:
	@scripts/need dtc
	@mkdir -p $(OUT)
	$(Q)$(RUN) --dump-dtb $(OUT)/virt.dtb $(RUN_END)
	$(Q)dtc -q -I dtb -O dts -o $(OUT)/virt.dts $(OUT)/virt.dtb
	@cat $(OUT)/virt.dts
	@echo '$(OUT)/virt.dts is what QEMU hands to the firmware. The kernel sees more: OpenSBI adds its own' >&2
	@echo 'memory under /reserved-memory. To change it: edit a copy, make qemu DTS=copy.dts' >&2

# ---- tests ------------------------------------------------------------------------------------

# All of them, or those that T= names: make test T=tests/boot/prompt.t
T ?= $(call named,$(LONGEST),$(ALL_TESTS)) $(filter-out $(LONGEST),$(ALL_TESTS))
ALL_TESTS = $(OUT)/host-gcc/ktest $(OUT)/host-clang/ktest $(OUT)/host-tsan/ktest $(call find,tests,*.t)
# They go first, so that no core waits for one of them at the end.
LONGEST := tests/concurrency/explore/explore.t tests/concurrency/known-bugs/known_bugs.t tests/tools/layers.t \
	tests/boot/boards.t tests/concurrency/models/models.t tests/boot/matrix.t tests/boot/stress.t \
	tests/tools/check.t tests/oracle/oracle.t tests/bench/scaling.t tests/boot/irq_stress.t

# As many builds at once as there are cores, unless the caller has said how many.
TEST_JOBS = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))
# The same kernel as this make would build, in both tempers; and one that not every hart can run.
test_kernel = $(call kernel_dir,$(1),$(ISA))
TEST_ISA := rv64imac_zicsr_zifencei_zba_zbb_zbs
# One without the self-tests, with all other settings as they are by default.
TEST_PRODUCT := $(OUT)/rv64-release-notests

.PHONY: test test-builds test-kernel-release test-kernel-debug test-kernel-isa test-kernel-notests
test: ## run all tests: host, kernel, whole boots in QEMU (T=, V=1)
test:
	@scripts/need prove python3 gcc clang dtc spin patch $(CC) qemu-system-riscv64 gdb-multiarch
	$(Q)$(MAKE) --no-print-directory $(TEST_JOBS) test-builds
	$(Q)PYTHONPYCACHEPREFIX=$(OUT)/pycache ACRE_RELEASE=$(call test_kernel,release) ACRE_DEBUG=$(call test_kernel,debug) \
		ACRE_ISA=$(call kernel_dir,release,$(TEST_ISA)) ACRE_PRODUCT=$(TEST_PRODUCT) CROSS_COMPILE=$(CROSS_COMPILE) \
		scripts/run-tests $(OUT)/tap -j2 --timer $(if $(filter 1,$(V)),--verbose) $(T)

test-builds: $(OUT)/host-gcc/ktest $(OUT)/host-clang/ktest $(OUT)/host-tsan/ktest test-kernel-release test-kernel-debug test-kernel-notests \
	$(if $(filter-out $(TEST_ISA),$(ISA)),test-kernel-isa)

test-kernel-release test-kernel-debug:
	$(Q)$(MAKE) --no-print-directory BUILD=$(@:test-kernel-%=%) kernel

test-kernel-isa:
	$(Q)$(MAKE) --no-print-directory BUILD=release ISA=$(TEST_ISA) kernel

test-kernel-notests:
	$(Q)$(MAKE) --no-print-directory BUILD=release TESTS=0 PAYLOAD=monitor ISA=rv64imac_zicsr_zifencei \
		KERNEL_HEAP_SIZE=8388608 kernel
