# `make bench-linux`: a Linux kernel's allocators by our loops (docs/performance.md). Debian's source of Linux is unpacked and
# built under build/, plain and hardened, with bench/linux in it; that takes some minutes, the first time.

#? JOBS              for make bench-linux: how many compilers at a time
JOBS ?= $(shell nproc)

LINUX_CROSS ?= riscv64-linux-gnu-
BENCH_LINUX := $(OUT)/bench/linux

.PHONY: bench-linux bench-linux-docs
bench-linux: ## what pages and blocks cost in Linux, plain and hardened: build/bench/linux/figures.json
	@scripts/need python3 qemu-system-riscv64
	$(Q)nice env JOBS=$(JOBS) LINUX_CROSS=$(LINUX_CROSS) bench/linux/build-linux $(BENCH_LINUX)
	$(Q)PYTHONPYCACHEPREFIX=$(OUT)/pycache bench/linux/measure-linux --cross $(LINUX_CROSS) $(BENCH_LINUX)

bench-linux-docs: ## put the figures of the last `make bench-linux` into bench/peers-rv64.json
	$(Q)PYTHONPYCACHEPREFIX=$(OUT)/pycache bench/linux/measure-linux --into bench/peers-rv64.json $(BENCH_LINUX)
