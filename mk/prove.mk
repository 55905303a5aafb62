# Proofs (docs/proof.md). Everything is proved anew each time: it takes minutes, and a result that is
# kept is one more thing to trust.

#? UNIT              for make prove: one of scripts/prove --list
PROVE_TOOLS := frama-c why3 z3 cvc4 clang python3

.PHONY: prove prove-smoke prove-gate prove-mutations
prove: ## prove the device tree reader, the memory map and the bitmap (UNIT=)
prove:
	@scripts/need $(PROVE_TOOLS)
	$(Q)scripts/prove $(UNIT)

prove-smoke: ## look for contracts that nothing can meet (UNIT=)
	@scripts/need $(PROVE_TOOLS)
	$(Q)scripts/prove --smoke $(UNIT)

prove-gate: ## is everything proved that should be? No prover runs
	@scripts/need clang python3
	$(Q)scripts/prove-mutations --check
	$(Q)scripts/prove-gate

prove-mutations: ## make mistakes, one at a time: make prove must notice
	@scripts/need $(PROVE_TOOLS)
	$(Q)scripts/prove-mutations
