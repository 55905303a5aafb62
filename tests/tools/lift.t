#!/bin/bash
# SPDX-License-Identifier: MIT
# lift.t - the portable layers, lifted into another program, work there: as a process under ASan
# and UBSan, and on RV64 without a line of this kernel.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/tap.sh
. tests/tools/tap.sh

echo 1..8
output=$(make --no-print-directory lift 2>&1)
report $? "builds for the host and for RV64" "$output"

host=$(build/lift/host/lift 2>&1)
report $? "runs on the host" "$host"
[ "$(tail -n 1 <<<"$host")" = "lift: ok" ]
report $? "and says so last" "$host"

# The time limit sees a hang; the exit code comes through the board's test device.
rv64=$(timeout 240 qemu-system-riscv64 -M virt -m 128M -display none -serial stdio -monitor none \
	-bios default -kernel build/lift/rv64/lift.elf </dev/null 2>&1 | tr -d '\r'; exit "${PIPESTATUS[0]}")
report $? "runs on RV64 under the firmware" "$rv64"
[ "$(tail -n 1 <<<"$rv64")" = "lift: ok" ]
report $? "and says so last" "$rv64"

# Nothing of the kernel, its boot code or its tests is in it.
strangers=$(find build/lift -name '*.o' | grep -vE '^build/lift/(host|rv64)/(src/(lib|fdt|mm)|tests/lift)/')
[ -z "$strangers" ]
report $? "only src/lib, src/fdt, src/mm and its own files are built into it" "$strangers"

# And the layers are those that the kernel is made of, not a copy: same files, same count.
files=$(find src/lib src/fdt src/mm -name '*.c')
for file in $files; do
	[ -e "build/lift/rv64/${file%.c}.o" ] || echo "$file"
done >build/lift/missing
[ -n "$files" ] && [ ! -s build/lift/missing ]
report $? "every file of the three layers is in it" "$(cat build/lift/missing)"

# Threads that are preempted and migrate: by hand for longer, with any number of calls and a seed.
preempt=$(build/preempt/preempt 20000 2>&1)
report $? "frames are handed out once to threads that migrate" "$preempt"
exit $failed
