# `make bench-rv64-peers`: other people's allocators by our loops, in instructions of RV64, written down in
# bench/peers-rv64.json (docs/performance.md). What needs no operating system runs in our kernel, PAYLOAD=peers; what needs one is
# a program of Linux under qemu-riscv64. Their sources are crates: cargo fetches them.

RV64_PEERS := $(OUT)/bench/peers-rv64
RV64_CRATES := $(RV64_PEERS)/crates
RV64_TARGET := riscv64imac-unknown-none-elf
RV64_LIB := $(RV64_PEERS)/cargo/$(RV64_TARGET)/release/libacre_bench_peers_rv64.a

# As it is measured, with every answer checked, and with empty calls.
RV64_COPIES := table table_checked table_empty
rv64_copy_flags = -Ibench/target/table -DBENCH_TARGET=$(1:_checked=) \
	-DBENCH_CHECKED=$(if $(filter %_checked,$(1)),1,0) $(if $(filter %_empty,$(1)),-DBENCH_EMPTY)
rv64_copies_in = $(foreach c,$(RV64_COPIES),$(1)/bench/$(c)/frame_workloads.o $(1)/bench/$(c)/heap_workloads.o)

BENCH_CHECK_C += bench/peers-rv64/rows.c bench/peers-rv64/payload_peers.c

# ---- in the kernel ----------------------------------------------------------------------------

ifeq ($(PAYLOAD),peers)
KERNEL_OBJ += $(K)/bench/bench.o $(K)/bench/peers-rv64/rows.o $(K)/bench/peers-rv64/payload_peers.o \
	$(K)/bench/peers-rv64/o1heap_peer.o $(K)/o1heap.o $(call rv64_copies_in,$(K)) $(RV64_LIB) \
	$(shell $(CC) -march=$(ISA) -mabi=lp64 -print-libgcc-file-name)

$(K)/bench/peers-rv64/o1heap_peer.o: KFLAGS += -isystem $(RV64_CRATES)/o1heap/o1heap/o1heap
$(K)/bench/peers-rv64/o1heap_peer.o: $(RV64_CRATES)/versions

# It is compiled as its crate does it, without assertions.
$(K)/o1heap.o: $(RV64_CRATES)/versions $(K)/flags
	$(call say,CC,$@)
	$(Q)$(CC) $(filter-out $(WARN),$(KFLAGS)) -fomit-frame-pointer -isystem bench/peers-rv64/include \
		'-DO1HEAP_ASSERT(x)=(void)(x)' -c -o $@ $(RV64_CRATES)/o1heap/o1heap/o1heap/o1heap.c

# $(1): a copy
define rv64_kernel_copy
$(K)/bench/$(1)/%.o: bench/%.c $(K)/flags
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$(Q)$(CC) $$(KFLAGS) $(call rv64_copy_flags,$(1)) -c -o $$@ $$<
endef
$(foreach c,$(RV64_COPIES),$(eval $(call rv64_kernel_copy,$(c))))
endif

$(RV64_LIB): $(call find,bench/peers-rv64,Cargo.*) $(call find,bench/peers-rv64 bench/peers,*.rs)
	$(call say,CARGO,$@)
	@scripts/need $(CARGO)
	@mkdir -p $(@D)
	$(Q)$(CARGO) build --quiet --release --locked --manifest-path bench/peers-rv64/Cargo.toml \
		--target $(RV64_TARGET) --target-dir $(RV64_PEERS)/cargo || { \
		echo 'bench-rv64-peers: it takes Rust 1.85 or newer with the library of this target: rustup target add $(RV64_TARGET)'; exit 1; }
	@touch $@

$(RV64_CRATES)/versions: $(call find,bench/peers-rv64,Cargo.*) bench/peers-rv64/crates
	$(call say,CRATES,$@)
	@scripts/need $(CARGO) python3
	$(Q)CARGO=$(CARGO) bench/peers-rv64/crates $(@D)

# ---- under an emulator of Linux's calls --------------------------------------------------------

LINUX_CROSS ?= riscv64-linux-gnu-
RV64_USER := $(RV64_PEERS)/user
RV64_SYSTEM := mimalloc3 mimalloc2 snmalloc jemalloc glibc
RV64_USER_FLAGS := -std=gnu17 -O2 -g -MMD -MP -fno-pie -I.

# The workloads of each program call its allocator directly, as those of the kernel that measures ours do; to rows.c they are
# those of the table all the same.
# $(1): program, $(2): how its functions begin, $(3): its library
define rv64_program
$(RV64_USER)/$(1): $(RV64_USER)/$(1)_peer.o $(RV64_USER)/user_peers.o $(RV64_USER)/rows.o $(RV64_USER)/bench.o \
		$(foreach c,$(RV64_COPIES),$(RV64_USER)/$(1)-$(c)/heap_workloads.o $(RV64_USER)/$(c)/frame_workloads.o) $(3)
	$$(call say,LD,$$@)
	$(Q)$(LINUX_CROSS)g++ -static -no-pie -pthread -o $$@ $$^
$(RV64_USER)/$(1)_peer.o: bench/peers-rv64/system_peer.c mk/bench-rv64-peers.mk
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$(Q)$(LINUX_CROSS)gcc $(RV64_USER_FLAGS) -DPEER_NAME=$(1) -c -o $$@ $$<
$(foreach c,$(RV64_COPIES),$(eval $(call rv64_user_copy,$(1)-$(c),$(c),-Ibench/target/system -DPEER_PREFIX=$(2))))
endef

# $(1): folder, $(2): a copy, $(3): more flags
define rv64_user_copy
$(RV64_USER)/$(1)/%.o: bench/%.c mk/bench-rv64-peers.mk
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$(Q)$(LINUX_CROSS)gcc $(RV64_USER_FLAGS) -fno-builtin $(3) $(call rv64_copy_flags,$(2)) -c -o $$@ $$<
endef
$(foreach c,$(RV64_COPIES),$(eval $(call rv64_user_copy,$(c),$(c))))

$(eval $(call rv64_program,mimalloc3,mi_,$(RV64_USER)/mimalloc3.o))
$(eval $(call rv64_program,mimalloc2,mi_,$(RV64_USER)/mimalloc2.o))
$(eval $(call rv64_program,snmalloc,sn_,$(RV64_USER)/snmalloc.o))
$(eval $(call rv64_program,jemalloc,je_,$(RV64_USER)/jemalloc-build/lib/libjemalloc.a))
$(eval $(call rv64_program,glibc,,))

$(RV64_USER)/bench.o: bench/bench.c
$(RV64_USER)/rows.o: bench/peers-rv64/rows.c
$(RV64_USER)/user_peers.o: bench/peers-rv64/user_peers.c
$(addprefix $(RV64_USER)/,bench.o rows.o user_peers.o): mk/bench-rv64-peers.mk
	$(call say,CC,$@)
	@scripts/need $(LINUX_CROSS)gcc $(LINUX_CROSS)g++
	@mkdir -p $(@D)
	$(Q)$(LINUX_CROSS)gcc $(RV64_USER_FLAGS) -c -o $@ $(filter %.c,$^)

# Each as its own build would compile it for release.
$(RV64_USER)/mimalloc2.o $(RV64_USER)/mimalloc3.o: $(RV64_USER)/mimalloc%.o: $(RV64_CRATES)/versions
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(LINUX_CROSS)gcc -O3 -fno-pie -pthread -ftls-model=initial-exec -fno-builtin-malloc -DNDEBUG -DMI_DEBUG=0 \
		-DMI_BUILD_RELEASE -I$(RV64_CRATES)/libmimalloc-sys/c_src/mimalloc/v$*/include \
		-c -o $@ $(RV64_CRATES)/libmimalloc-sys/c_src/mimalloc/v$*/src/static.c

$(RV64_USER)/snmalloc.o: $(RV64_CRATES)/versions
	$(call say,CXX,$@)
	@mkdir -p $(@D)
	$(Q)$(LINUX_CROSS)g++ -std=c++20 -O3 -fno-pie -pthread -fno-exceptions -fno-rtti -fomit-frame-pointer \
		-ftls-model=initial-exec -DNDEBUG -DSNMALLOC_RUST_LIBC_API -DSNMALLOC_HAS_LINUX_FUTEX_H \
		-DSNMALLOC_HAS_LINUX_RANDOM_H -DSNMALLOC_PLATFORM_HAS_GETENTROPY -DSNMALLOC_CHECK_LOADS=false \
		-DSNMALLOC_PAGEID=false -DSNMALLOC_USE_WAIT_ON_ADDRESS=1 \
		-I$(RV64_CRATES)/snmalloc-sys/upstream/src \
		-c -o $@ $(RV64_CRATES)/snmalloc-sys/upstream/src/snmalloc/override/rust.cc

# Its configure and make want a copy of their own.
RV64_JEMALLOC := $(RV64_USER)/jemalloc-build
$(RV64_JEMALLOC)/lib/libjemalloc.a: $(RV64_CRATES)/versions
	$(call say,MAKE,$@)
	$(Q)rm -rf $(RV64_JEMALLOC) && mkdir -p $(RV64_USER)
	$(Q)cp -rL $(RV64_CRATES)/tikv-jemalloc-sys/jemalloc $(RV64_JEMALLOC) && chmod -R u+w $(RV64_JEMALLOC)
	$(Q)cp $(RV64_CRATES)/tikv-jemalloc-sys/configure/configure $(RV64_JEMALLOC)
	$(Q)cd $(RV64_JEMALLOC) && { sh ./configure --host=$(LINUX_CROSS:-=) --with-jemalloc-prefix=je_ --disable-cxx \
		--enable-doc=no --enable-shared=no --disable-stats CC=$(LINUX_CROSS)gcc >acre.log 2>&1 && \
		$(MAKE) -s build_lib_static >>acre.log 2>&1 || { tail -n 20 acre.log; exit 1; }; }

# ---- all of it --------------------------------------------------------------------------------

.PHONY: bench-rv64-peers bench-rv64-peers-kernel
bench-rv64-peers: ## other allocators by our loops on RV64: bench/peers-rv64.json is written
bench-rv64-peers: $(RV64_SYSTEM:%=$(RV64_USER)/%) bench-rv64-peers-kernel
	@scripts/need python3 qemu-system-riscv64 qemu-riscv64
	$(Q)CROSS_COMPILE=$(CROSS_COMPILE) PYTHONPYCACHEPREFIX=$(OUT)/pycache bench/peers-rv64/measure-peers --out $(RV64_PEERS) \
		--kernel $(OUT)/rv64-release-peers/acre.elf --programs $(RV64_SYSTEM:%=$(RV64_USER)/%) \
		--crates $(RV64_CRATES) --cross $(LINUX_CROSS) bench/peers-rv64.json

bench-rv64-peers-kernel:
	$(Q)$(MAKE) --no-print-directory BUILD=release PAYLOAD=peers ISA=rv64imac_zicsr_zifencei kernel
