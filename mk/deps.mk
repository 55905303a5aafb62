# `make deps` installs what is missing; with other goals beside it (`make deps qemu`) those are made
# afterwards by a make of their own, which sees a machine where everything is there.

.PHONY: deps
deps: ## install what is missing (Debian, Ubuntu); make deps qemu: only what that takes, and do it
	@scripts/deps $(DEPS_GROUPS)

ifneq ($(filter deps,$(MAKECMDGOALS)),)
DEPS_FOR := $(filter-out deps,$(MAKECMDGOALS))
DEPS_GROUPS := $(if $(DEPS_FOR),boot) $(if $(filter test test-% host-test lift% fuzz fuzz-% preload%,$(DEPS_FOR)),test) \
	$(if $(filter test check check-% compile_commands.json,$(DEPS_FOR)),check) \
	$(if $(filter prove prove-%,$(DEPS_FOR)),prove) $(if $(filter bench bench-update,$(DEPS_FOR)),bench) \
	$(if $(filter bench-peers bench-traces,$(DEPS_FOR)),peers) $(if $(filter bench-rv64-peers,$(DEPS_FOR)),rv64peers) \
	$(if $(filter bench-linux,$(DEPS_FOR)),linux) $(if $(LLVM)$(filter riscv64-linux-gnu-,$(CROSS_COMPILE)),toolchains)

ifneq ($(DEPS_FOR),)
# One make for all of them: two would write the same files.
.PHONY: $(DEPS_FOR)
$(firstword $(DEPS_FOR)): deps
	@$(MAKE) --no-print-directory $(DEPS_FOR)
$(wordlist 2,$(words $(DEPS_FOR)),$(DEPS_FOR)): $(firstword $(DEPS_FOR)) ;
endif
endif
