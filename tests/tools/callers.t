#!/bin/bash
# SPDX-License-Identifier: MIT
# callers.t - a report names the function that took or freed, and no wrapper, at each level of
# optimisation: where a wrapper is not inlined, and where its last call is a jump.
set -u
cd "$(dirname "$0")/../.." || exit 1
number=0
failed=0
out=build/callers
mkdir -p $out

sources=$(find src/lib src/mm/index src/mm/frame src/mm/heap -name '*.c' ! -name string.c)

echo 1..6
for cc in gcc clang; do
	for level in 0 1 2; do
		number=$((number + 1))
		# shellcheck disable=SC2086 # names without blanks
		if output=$($cc -std=c17 -O$level -Isrc -Itests/lift -I. -o $out/$cc-O$level \
			$sources src/kernel/memory/kmalloc.c tests/tools/callers.c 2>&1 &&
			$out/$cc-O$level); then
			echo "ok $number - $cc -O$level"
		else
			failed=1
			echo "not ok $number - $cc -O$level"
			tail -n 20 <<<"$output" | sed 's/^/# /'
		fi
	done
done
exit $failed
