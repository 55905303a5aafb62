# Our heap as the malloc() of real programs (tests/preload): the shared object, a program with
# threads, and `make preload-test`, which is the long form of tests/preload/preload.t.

PRELOAD := $(OUT)/preload
PRELOAD_SRC := $(HOSTED) $(filter-out tests/preload/load_%,$(call find,tests/preload,*.c))
PRELOAD_LOADS := $(patsubst tests/preload/%.c,$(PRELOAD)/%,$(call find,tests/preload,load_*.c))
# With assertions. A program sees malloc() and its kin, and nothing else, whatever its names are.
PRELOAD_FLAGS := $(COMMON) -DACRE_DEBUG -D_GNU_SOURCE -O2 -fPIC -fvisibility=hidden -fno-builtin \
	-ftls-model=initial-exec -pthread -Isrc -Itests/preload/arch -I.

.PHONY: preload preload-test
preload: $(PRELOAD)/libacre-preload.so $(PRELOAD_LOADS)
test-builds: preload

preload-test: ## real programs with our heap as their malloc(), at length
preload-test: preload
	@scripts/need python3
	$(Q)PYTHONPYCACHEPREFIX=$(OUT)/pycache tests/preload/preload.t --long

$(PRELOAD)/libacre-preload.so: $(PRELOAD_SRC:%.c=$(PRELOAD)/%.o)
	$(call say,LD,$@)
	$(Q)gcc -shared -pthread -Wl,-z,defs -o $@ $^

$(PRELOAD)/%.o: %.c mk/preload.mk
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(PRELOAD_FLAGS) -c -o $@ $<

# An ordinary program, which knows nothing of us.
$(PRELOAD)/load_%: tests/preload/load_%.c mk/preload.mk
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(COMMON) -D_GNU_SOURCE -O1 -pthread -o $@ $<
