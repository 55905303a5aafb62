# The interleavings of locks, frames and heap on the host (docs/testing.md): tests/concurrency/explore, tests/concurrency/known-bugs.

EXPLORE := $(OUT)/explore
EXPLORE_SRC := $(HOSTED) $(call find,tests/concurrency/explore,*.c)
# Fibers jump from stack to stack, which sanitizers and fortified longjmp() take for a mistake.
EXPLORE_FLAGS := $(COMMON) -D_GNU_SOURCE -U_FORTIFY_SOURCE -O2 -fno-pie -Itests/concurrency/explore/include \
	-Isrc -Itests/concurrency/explore/arch -I.
# Nearly all of the time is in the smallest functions of the scheduler. Objects have their code as well, for a mere link.
EXPLORE_LTO := -flto=auto -ffat-lto-objects
# Of what is shipped, plain accesses call tests/concurrency/explore/weak.c, which looks for races.
EXPLORE_WATCHED := -DACRE_SEES_RACES -fsanitize=thread --param tsan-instrument-func-entry-exit=0

$(EXPLORE)/explore: $(EXPLORE_SRC:%.c=$(EXPLORE)/%.o)
	$(call say,LD,$@)
	$(Q)gcc -O2 -no-pie $(EXPLORE_LTO) -o $@ $^

$(EXPLORE)/%.o: %.c Makefile mk/explore.mk
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(EXPLORE_FLAGS) $(EXPLORE_LTO) $(if $(filter src/%,$<),$(EXPLORE_WATCHED)) -c -o $@ $<

.PHONY: explore
explore: ## every interleaving of locks, frames and heap, up to a number of switches (GLOB=)
explore: $(EXPLORE)/explore
	$(Q)$< $(if $(GLOB),'$(GLOB)')

# How tests/concurrency/known-bugs/known_bugs.t compiles what it changes.
$(EXPLORE)/known-bugs: $(EXPLORE)/explore mk/explore.mk force
	@printf '%s\n' '$(filter-out -MMD -MP,$(EXPLORE_FLAGS)) $(EXPLORE_WATCHED)' >$(EXPLORE)/flags
	@printf '%s\n' '$(EXPLORE_SRC:%.c=%.o)' >$(EXPLORE)/objects
	@printf '%s\n' '$(CC) $(filter-out -MMD -MP,$(KFLAGS))' >$(EXPLORE)/rv64

test-builds: $(EXPLORE)/known-bugs
