# `make bench-peers`: our allocators beside others, on the host (docs/performance.md). The peers are
# Rust crates, or C and C++ that crates bring as source. They take cargo, which nothing else here
# does.

#? PEERS_ROUNDS      for make bench-peers: percent of the rounds, 10 for a quick look
PEERS_ROUNDS ?= 100
CARGO ?= cargo

PEERS := $(OUT)/bench/peers

# As the kernel is built: -O2, file by file.
PEERS_CFLAGS = $(COMMON) -D_GNU_SOURCE -O2 -pthread -Isrc -Ibench/peers/arch -I.
PEERS_SRC := $(HOSTED) tests/support/abort_platform.c bench/bench.c \
	bench/free_list.c $(call find,bench/peers,*.c)
# Each workload twice: as it is measured, and with every answer checked.
PEERS_OBJ := $(PEERS_SRC:%.c=$(PEERS)/%.o) \
	$(foreach w,frame heap,$(PEERS)/plain/$(w)_workloads.o $(PEERS)/checked/$(w)_workloads.o)
PEERS_CRATES := $(PEERS)/cargo/release/libacre_bench_peers.a
# Each of these is a shared object of its own, by the feature of that name.
PEERS_SHARED := mimalloc3 mimalloc2 snmalloc jemalloc

PEERS_CARGO = $(CARGO) rustc --quiet --release --locked --manifest-path bench/peers/Cargo.toml \
	--target-dir $(PEERS)/cargo
PEERS_CARGO_FAILED = { echo 'bench-peers: it takes the crates, Rust 1.85, g++ 10, and libclang' >&2; exit 1; }

BENCH_HOST_CHECK_C += $(call find,bench/peers,*.c)

.PHONY: bench-peers bench-peers-docs
bench-peers: ## our allocators beside those of others, on this machine: build/bench/peers.*
bench-peers: $(PEERS)/peers
	@scripts/need python3
	$(Q)nice $< $(PEERS_ROUNDS) >$(PEERS)/figures.tsv
	$(Q)PYTHONPYCACHEPREFIX=$(OUT)/pycache bench/peers/report $(PEERS)/figures.tsv $(OUT)/bench/peers

bench-peers-docs: ## put the tables and the plot of the last `make bench-peers` into docs/
	@test -f $(OUT)/bench/peers.json || { echo 'nothing was measured here: make deps bench-peers'; exit 1; }
	$(Q)PYTHONPYCACHEPREFIX=$(OUT)/pycache bench/peers/report --docs $(OUT)/bench/peers

$(PEERS)/peers: $(PEERS_OBJ) $(PEERS_CRATES) $(PEERS_SHARED:%=$(PEERS)/libacre_%.so)
	$(call say,LD,$@)
	$(Q)gcc -pthread -o $@ $(filter-out %.so,$^) -L$(PEERS) $(PEERS_SHARED:%=-lacre_%) \
		-Wl,-rpath,'$$ORIGIN' -lm -ldl

PEERS_CARGO_SRC := $(call find,bench/peers,Cargo.*) $(call find,bench/peers,*.rs)

$(PEERS_CRATES): $(PEERS_CARGO_SRC)
	$(call say,CARGO,$@)
	@scripts/need $(CARGO) clang
	@mkdir -p $(@D)
	$(Q)$(PEERS_CARGO) --features arena || $(PEERS_CARGO_FAILED)
	@touch $@

# One after the other: cargo gives the same name to each.
$(PEERS)/libacre_%.so: $(PEERS_CARGO_SRC) | $(PEERS_CRATES)
	$(call say,CARGO,$@)
	@scripts/need g++
	$(Q)flock $(PEERS)/cargo sh -c '$(PEERS_CARGO) --features $* --crate-type cdylib && \
		cp $(PEERS)/cargo/release/libacre_bench_peers.so $@' || $(PEERS_CARGO_FAILED)

# $(1): folder, $(2): BENCH_CHECKED
define peers_workloads
$(PEERS)/$(1)/%_workloads.o: bench/%_workloads.c mk/bench-peers.mk
	$$(call say,CC,$$@)
	@mkdir -p $$(@D)
	$(Q)gcc $$(PEERS_CFLAGS) -Ibench/target/table -DBENCH_TARGET=table -DBENCH_CHECKED=$(2) -c -o $$@ $$<
endef
$(eval $(call peers_workloads,plain,0))
$(eval $(call peers_workloads,checked,1))

$(PEERS)/%.o: %.c mk/bench-peers.mk
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(PEERS_CFLAGS) -c -o $@ $<
