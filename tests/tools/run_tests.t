#!/bin/bash
# SPDX-License-Identifier: MIT
# run_tests.t - a test that fails makes scripts/run-tests fail, and what it said is shown at the end.
set -u
cd "$(dirname "$0")/../.." || exit 1
box=$(mktemp -d "${TMPDIR:-/tmp}/acre run tests.XXXXXX") || exit 1
trap 'rm -rf "$box"' EXIT

script() { # script NAME WORD...: a test that says this and ends with 1 if one of its lines is not ok
	printf '#!/bin/sh\nprintf "%%s\\n" %s\n' "$2" >"$box/$1"
	case $2 in *'not ok'*) echo exit 1 >>"$box/$1" ;; esac
	chmod +x "$box/$1"
}
script good.t '1..1 "ok 1 - one" "# a remark"'
script bad.t '1..3 "not ok 1 - one" "# got 5," "# wanted 4" "ok 2 - two" "# a remark" "ok 3 - three"'
script dead.t '1..2 "ok 1 - one"'

number=0
failed=0
expect() { # expect NAME CODE LAST_LINES TEST...
	local name=$1 code=$2 end=$3 said got
	shift 3
	said=$(cd "$box" && "$OLDPWD/scripts/run-tests" tap "$@" 2>&1)
	got=$?
	number=$((number + 1))
	if [ "$got" = "$code" ] && [ "${said: -${#end}}" = "$end" ]; then
		echo "ok $number - $name"
		return
	fi
	failed=1
	echo "not ok $number - $name"
	printf 'exit code %s\n%s\n' "$got" "$said" | sed 's/^/# /'
}

echo 1..4
expect 'all is well' 0 'Result: PASS' ./good.t
expect 'what failed says why' 1 $'bad.t.tap: not ok 1 - one\n# got 5,\n# wanted 4' ./good.t ./bad.t
expect 'a test that ends early has failed' 1 'Result: FAIL' ./dead.t
expect 'nothing is left of the last time' 0 'Result: PASS' ./good.t
exit $failed
