#!/bin/bash
# SPDX-License-Identifier: MIT
# tap.sh - TAP of a test in bash, which sources this after it went to the root, and ends with `exit $failed`.
number=0
failed=0

# report CODE NAME OUTPUT: a case, right where CODE is 0; else with the last lines of OUTPUT.
report() {
	number=$((number + 1))
	if [ "$1" = 0 ]; then
		echo "ok $number - $2"
	else
		# shellcheck disable=SC2034 # the test exits with it
		failed=1
		echo "not ok $number - $2"
		tail -n 20 <<<"$3" | sed 's/^/# /'
	fi
}
