# Proofs (docs/proof.md). Everything is proved anew each time: it takes minutes, and a result that is
# kept is one more thing to trust.

.PHONY: prove prove-smoke
prove: ## prove src/fdt and the region algebra (UNIT=... for a part)
prove:
	@scripts/need frama-c why3 z3 cvc4 python3
	$(Q)scripts/prove $(UNIT)

prove-smoke: ## look for contracts that nothing can meet
	@scripts/need frama-c why3 z3 cvc4 python3
	$(Q)scripts/prove --smoke $(UNIT)
