# Static checks: `make check` runs them all, as many at once as there are cores; `make check-tidy`
# and so on one. What passed leaves a mark under build/check and runs again only when something that
# it read has changed.

CHECK := $(OUT)/check
CHECKS := layers names prose symbols format tidy cppcheck analyzer shell python

# Other versions format and complain differently: 14 is the one that counts, if it is here.
CLANG_FORMAT := $(or $(shell command -v clang-format-14),clang-format)
CLANG_TIDY := $(or $(shell command -v clang-tidy-14),clang-tidy)
# $(call is_14,TOOL): a shell condition
is_14 = $(1) --version 2>/dev/null | grep -q 'version 14'

CHECK_PRELOAD_C := $(call find,tests/preload,*.c)
CHECK_HOST_C := $(sort $(HOST_SRC) $(LIFT_HOST_SRC) $(ORACLE_SRC) $(FUZZ_ALL)) $(BENCH_HOST_CHECK_C) \
	$(CHECK_PRELOAD_C) bench/traces/tracer.c
CHECK_RV64_C := $(ECALL) $(sort $(filter-out $(HOST_SRC),$(call find,src/kernel src/selftest tests/kernel,*.c))) \
	$(LIFT_RV64_SRC) $(BENCH_CHECK_C)
CHECK_C := $(CHECK_HOST_C) $(CHECK_RV64_C)
CHECK_ANALYZED := $(PORTABLE) $(SBI)
CHECK_HEADERS = $(shell find src tests bench -name '*.h' 2>/dev/null)
CHECK_TEXTS = $(sort $(shell find src tests bench -name '*.[ch]' 2>/dev/null))
# Scripts are told by their first line, whatever they are called.
scripts_of = $(sort $(shell find scripts tests bench .ci -type f 2>/dev/null | xargs awk \
	'FNR == 1 { if (/^\#!.*$(1)/) print FILENAME; nextfile }'))
CHECK_SHELL = $(call scripts_of,(\/| )(ba)?sh)
CHECK_PYTHON = $(sort $(call scripts_of,python3) $(shell find scripts tests bench -name '*.py' 2>/dev/null))

# $(call plain,FLAGS): without what only a real build needs
plain = $(filter-out -fsanitize% -fno-sanitize% -MMD -MP,$(1))
CHECK_HFLAGS = $(call plain,$(HFLAGS))

.PHONY: check $(CHECKS:%=check-%) compile_commands.json check-force
.SILENT: $(CHECKS:%=check-%)

check: ## static checks: layers, names, prose, symbols, format, clang-tidy, cppcheck, gcc -fanalyzer, scripts
check:
	@scripts/need $(CC) python3 $(CLANG_FORMAT) $(CLANG_TIDY) cppcheck gcc clang
	@$(MAKE) --no-print-directory -k -j$$(nproc 2>/dev/null || echo 2) --output-sync=target \
		$(CHECKS:%=check-%)
	@echo 'check: all passed: $(CHECKS)'

check-layers:
	scripts/check-layers

check-prose:
	scripts/check-prose

check-names:
	$(MAKE) --no-print-directory $(LIFT)/rv64/lift.elf
	NM='$(NM)' scripts/check-names --objects $(LIFT)/rv64

# The kernel as it is built without settings, whatever the settings of this make.
check-symbols:
	$(MAKE) --no-print-directory BUILD=release PAYLOAD=monitor TESTS=1 ISA=rv64imac_zicsr_zifencei \
		KERNEL_HEAP_SIZE=8388608 kernel
	NM='$(NM)' scripts/check-layers --objects $(OUT)/rv64-release

check-format:
	if $(call is_14,$(CLANG_FORMAT)); then \
		$(CLANG_FORMAT) --dry-run -Werror $(CHECK_TEXTS) && \
		echo 'check-format: $(words $(CHECK_TEXTS)) files, ok'; \
	else \
		echo 'check-format: skipped: the style is that of clang-format 14, which is not here'; \
	fi

# One mark for each file: name of the check, then the file's path.
mark = $(addsuffix .ok,$(addprefix $(CHECK)/$(1)/,$(2)))

check-tidy: $(call mark,tidy,$(CHECK_C))
	echo 'check-tidy: $(words $^) files, ok'

# Findings of another version than 14 are shown and do not count.
$(CHECK)/tidy/%.ok: % $(wildcard .clang-tidy tests/.clang-tidy) $(OUT)/compile_commands.json
	$(call say,TIDY,$<)
	@mkdir -p $(@D)
	$(Q)$(CLANG_TIDY) -p $(OUT) --quiet $< 2>$@.err || { \
		grep -v 'warnings\? generated\|warnings\? treated' $@.err; ! $(call is_14,$(CLANG_TIDY)); }
	@touch $@

# The database is written anew only when it changes, and so are the marks.
compile_commands.json: ## write build/compile_commands.json, for clangd and clang-tidy
compile_commands.json: $(OUT)/compile_commands.json
$(OUT)/compile_commands.json: check-force
	@mkdir -p $(@D)
	@scripts/compile-commands $@ -- clang $(CHECK_HFLAGS) -- $(HOST_SRC) $(BENCH_HOST_CHECK_C) \
		-- clang $(call plain,$(LIFT_HFLAGS)) -- $(LIFT_HOST_SRC) \
		-- clang $(PRELOAD_FLAGS) -- $(CHECK_PRELOAD_C) -- clang $(TRACER_FLAGS) -- bench/traces/tracer.c \
		-- $(CC) $(call plain,$(KFLAGS)) -- $(filter-out $(LIFT_RV64_SRC) $(BENCH_CHECK_C),$(CHECK_RV64_C)) \
		-- $(CC) $(call plain,$(KFLAGS)) $(BENCH_CHECK_FLAGS) -- $(BENCH_CHECK_C) \
		-- $(CC) $(call plain,$(LIFT_KFLAGS)) -- $(LIFT_RV64_SRC)
check-force:

check-analyzer: $(call mark,analyzer,$(CHECK_ANALYZED))
	echo 'check-analyzer: $(words $^) files at -O0 and -O1, ok'

# Two levels, since inlining hides some paths from it and shows it others; what is guessed beside it at
# such levels is left to the real builds.
$(CHECK)/analyzer/%.ok: %
	$(call say,ANALYZE,$<)
	@mkdir -p $(@D)
	$(Q)for level in -O0 -O1; do \
		gcc $(filter-out -O%,$(CHECK_HFLAGS)) -fno-builtin -Wno-maybe-uninitialized \
			-fanalyzer $$level -c -o /dev/null $< || exit 1; \
	done
	@touch $@

#   shadowVariable      gcc's -Wshadow sees the same, and knows which inline functions are its own
#   unusedStructMember  does not see members that are set by a designator
#   variableScope       where to declare is a matter of style
#   va_end_missing      panic() does not return
#   comparePointers     the two ends of what the linker or the assembler made are two objects to it
#   constStatement      a variable that lives in a register for an ecall
#   staticStringCompare, memsetValueOutOfRange
#                       are what the cases of string.c are about
CPPCHECK := cppcheck --quiet --inline-suppr --std=c11 --error-exitcode=1 -Isrc -I. -DACRE_DEBUG=1 \
	$(addprefix --suppress=,missingIncludeSystem shadowVariable unusedStructMember variableScope \
	va_end_missing:src/lib/panic.c comparePointers:tests/support/ktest.c comparePointers:src/kernel/command.c \
	comparePointers:tests/lift/lift.c constStatement:tests/lift/rv64.c \
	staticStringCompare:tests/unit/string_test.c memsetValueOutOfRange:tests/unit/string_test.c)
CPPCHECK_HOST := -Itests/host/arch
CPPCHECK_RV64 := -Isrc/kernel/rv64 -D__riscv=1 -DKERNEL_HEAP_SIZE=$(KERNEL_HEAP_SIZE)

# $(1): name of a part, $(2): its files, $(3): what is looked for, $(4): flags
define cppcheck_part
ifneq ($(strip $(2)),)
check-cppcheck: $(CHECK)/cppcheck/$(1).ok
$(CHECK)/cppcheck/$(1).ok: $(2) $$(CHECK_HEADERS)
	@mkdir -p $(CHECK)/cppcheck/$(1)
	$(Q)$(CPPCHECK) --cppcheck-build-dir=$(CHECK)/cppcheck/$(1) --enable=$(3) $(4) $(2)
	@touch $$@
endif
endef
# Style of the sources only: the cases repeat and contradict themselves on purpose.
CPPCHECK_STYLE := warning,style,performance,portability
CPPCHECK_PLAIN := warning,performance,portability
$(eval $(call cppcheck_part,src-host,$(filter src/%,$(CHECK_HOST_C)),$(CPPCHECK_STYLE),$(CPPCHECK_HOST)))
$(eval $(call cppcheck_part,src-rv64,$(filter src/%,$(CHECK_RV64_C)),$(CPPCHECK_STYLE),$(CPPCHECK_RV64)))
$(eval $(call cppcheck_part,tests-host,$(filter tests/%,$(CHECK_HOST_C)),$(CPPCHECK_PLAIN),$(CPPCHECK_HOST)))
$(eval $(call cppcheck_part,tests-rv64,$(filter tests/%,$(CHECK_RV64_C)),$(CPPCHECK_PLAIN),$(CPPCHECK_RV64)))
$(eval $(call cppcheck_part,bench-host,$(filter bench/%,$(CHECK_HOST_C)),$(CPPCHECK_STYLE),))
$(eval $(call cppcheck_part,bench-rv64,$(filter bench/%,$(CHECK_RV64_C)),$(CPPCHECK_STYLE),$(CPPCHECK_RV64) $(BENCH_CHECK_FLAGS)))

check-cppcheck:
	echo 'check-cppcheck: $(words $(CHECK_C)) files, ok'

# A header can break any file.
$(call mark,tidy,$(CHECK_C)) $(call mark,analyzer,$(CHECK_ANALYZED)): \
	$(CHECK_HEADERS)

check-shell:
	for f in $(CHECK_SHELL); do bash -n $$f || exit 1; done
	if command -v shellcheck >/dev/null; then \
		shellcheck $(CHECK_SHELL) && echo 'check-shell: $(words $(CHECK_SHELL)) scripts, ok'; \
	else \
		echo 'check-shell: $(words $(CHECK_SHELL)) scripts parse; no shellcheck here'; \
	fi

check-python:
	@mkdir -p $(CHECK)
	PYTHONPYCACHEPREFIX=$(CHECK)/py python3 -m py_compile $(CHECK_PYTHON)
	echo 'check-python: $(words $(CHECK_PYTHON)) scripts, ok'

# ---- by hand ----------------------------------------------------------------------------------

#? FILES             of `make mutate`: files of src without folder and .c; without, all of src/mm, src/fdt and src/lib
#? MUTATE            of `make mutate`: --sample 100 --seed 7

.PHONY: metrics
metrics: ## figures of the structure of src/: lengths, headers, cycles, variables (scripts/metrics --lists says which)
metrics: kernel
	@scripts/need python3
	$(Q)NM='$(NM)' scripts/metrics --objects $(K)

.PHONY: mutate
mutate: ## change the code in one place at a time; some case must fail (a day; FILES='frame_run setup' MUTATE='--sample 100')
mutate:
	@scripts/need python3 gcc
	scripts/mutate $(MUTATE) $(FILES)
