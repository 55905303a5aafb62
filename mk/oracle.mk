# The matrix of trees: src/fdt and src/mm as a program of the host, for tests/oracle/oracle.t.

ORACLE_SRC := tests/oracle/memmap_dump.c tests/support/abort_platform.c $(PORTABLE)

$(OUT)/oracle/memmap_dump: $(ORACLE_SRC:%.c=$(OUT)/host-gcc/%.o)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(HFLAGS) -o $@ $^

test-builds: $(OUT)/oracle/memmap_dump
