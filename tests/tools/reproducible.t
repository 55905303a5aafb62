#!/bin/bash
# SPDX-License-Identifier: MIT
# reproducible.t - the kernel built from a copy of the tree is that of this tree, to the byte: the folders
# differ in name (the copy's has blanks) and depth, the builds in time, time zone and number of jobs.
set -u
cd "$(dirname "$0")/../.." || exit 1
box=$(mktemp -d "${TMPDIR:-/tmp}/acre-reproducible.XXXXXX") || exit 1
trap 'rm -rf "$box"' EXIT
there="$box/another place/with a longer name"
products=(build/rv64-release/acre.elf build/rv64-release/Image)

build() { # build FOLDER JOBS TIMEZONE: the kernel; here it is built already, as a rule
	env -i PATH="$PATH" TZ="$3" make -C "$1" -j "$2" ${CROSS_COMPILE:+CROSS_COMPILE="$CROSS_COMPILE"} kernel >"$box/log" 2>&1
}

copy() { # what git would have
	mkdir -p "$there" && tar -cf - --exclude=./build --exclude=./.git . | tar -xf - -C "$there"
}

echo 1..$((1 + ${#products[@]}))
if ! { build . 2 UTC0 && copy && build "$there" 1 XYZ-9; }; then
	echo "not ok 1 - builds in two places"
	tail -n 20 "$box/log" | sed 's/^/# /'
	exit 1
fi
echo "ok 1 - builds in two places"
number=1
failed=0
for product in "${products[@]}"; do
	number=$((number + 1))
	if difference=$(cmp "$product" "$there/$product" 2>&1); then
		echo "ok $number - $product is the same"
	else
		failed=1
		echo "not ok $number - $product is the same"
		echo "# $difference"
	fi
done
exit $failed
