#!/bin/bash
# SPDX-License-Identifier: MIT
# callers.t - a report names the function that took or freed, and no wrapper, at each level of
# optimisation: where a wrapper is not inlined, and where its last call is a jump.
set -u
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/tools/tap.sh
. tests/tools/tap.sh
out=build/callers
mkdir -p $out

sources=$(find src/lib src/mm/index src/mm/frame src/mm/heap -name '*.c' ! -name string.c)

echo 1..6
for cc in gcc clang; do
	for level in 0 1 2; do
		# shellcheck disable=SC2086 # names without blanks
		output=$($cc -std=c17 -O$level -Isrc -Itests/lift -I. -o $out/$cc-O$level \
			$sources src/kernel/memory/kmalloc.c tests/tools/callers.c tests/tools/no_trace.c 2>&1 &&
			$out/$cc-O$level)
		report $? "$cc -O$level" "$output"
	done
done
exit $failed
