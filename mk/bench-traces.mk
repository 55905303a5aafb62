# `make bench-traces`: what real programs asked of malloc(), replayed on our heap and on the others
# of `make bench-peers`, whose program it uses (docs/performance.md, bench/traces/README.md).

TRACES := $(OUT)/bench/traces
TRACES_RAW := $(patsubst bench/traces/%.xz,$(TRACES)/%,$(call find,bench/traces,*.trace.xz))

.PHONY: bench-traces bench-traces-docs bench-traces-record
bench-traces: ## traces of real programs on our heap and on others: build/bench/traces.* (PEERS_ROUNDS=)
bench-traces: $(PEERS)/peers $(TRACES_RAW)
	@scripts/need python3
	@rm -f $(filter-out $(TRACES_RAW),$(wildcard $(TRACES)/*.trace))
	$(Q)TRACES=$(TRACES) nice $< $(PEERS_ROUNDS) traces >$(TRACES)/figures.tsv
	$(Q)PYTHONPYCACHEPREFIX=$(OUT)/pycache bench/traces/report $(TRACES)/figures.tsv $(OUT)/bench/traces

bench-traces-docs: ## put the tables and the plot of the last `make bench-traces` into docs/
	@test -f $(OUT)/bench/traces.json || { echo 'nothing was measured here: make deps bench-traces'; exit 1; }
	$(Q)PYTHONPYCACHEPREFIX=$(OUT)/pycache bench/traces/report --docs $(OUT)/bench/traces

bench-traces-record: ## by hand: run the programs again and write bench/traces/*.trace.xz (N=: which)
bench-traces-record: $(TRACES)/tracer.so
	$(Q)bench/traces/record --tracer $< $(N)

$(TRACES)/%.trace: bench/traces/%.trace.xz
	$(call say,XZ,$@)
	@scripts/need xz
	@mkdir -p $(@D)
	$(Q)xz -dc $< >$@.part && mv $@.part $@

TRACER_FLAGS = -std=c17 -D_GNU_SOURCE $(filter-out -Wmissing-prototypes,$(WARN)) -O2 -fPIC -fno-builtin -pthread

$(TRACES)/tracer.so: bench/traces/tracer.c mk/bench-traces.mk
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(TRACER_FLAGS) -shared -o $@ $<

# What tests/bench/traces.t needs; no crate is in it.
TRACE_LIARS := $(OUT)/bench/host/trace_liars
test-builds: $(TRACE_LIARS) $(TRACES)/tracer.so
BENCH_HOST_CHECK_C += tests/bench/trace_liars.c

$(TRACE_LIARS): $(HOSTED:%.c=$(PEERS)/%.o) $(foreach o,tests/support/abort_platform bench/peers/acre \
	bench/peers/trace_file bench/peers/trace_replay tests/bench/trace_liars,$(PEERS)/$(o).o)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)gcc -pthread -o $@ $^
