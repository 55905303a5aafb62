# The matrix of trees: src/fdt and src/mm as a program of the host, for tests/matrix/matrix.t.

MATRIX_SRC := $(wildcard tests/matrix/memmap_dump.c tests/abort_platform.c) $(PORTABLE)

$(OUT)/matrix/memmap_dump: $(MATRIX_SRC:%.c=$(OUT)/host-gcc/%.o)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(HFLAGS) -o $@ $^

test-builds: $(OUT)/matrix/memmap_dump
