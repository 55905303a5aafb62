#!/bin/bash
# SPDX-License-Identifier: MIT
# models.t - the models of the lock, of single frames and of slabs, as they are and with each mistake planted.
#
#   models.t [--long]    with 3 harts and 3 handlers, and longer, which takes 20 minutes and 7 gigabytes
#
# spin makes a program of a model; that ends with 0 also where it has found an error, so what counts is the
# line `errors: 0`, and that nothing was cut off.
set -u
cd "$(dirname "$0")/../../.." || exit 1
scripts/need spin gcc || exit 1
dir=$PWD/build/models
mkdir -p "$dir"
number=0
failed=0
memory=1500 # megabytes
table=-w24
reduce=-DNOREDUCE # the interpreter's `provided` does not go with the reduction by partial order

# build NAME MODEL GCC-FLAGS SPIN-FLAGS...: a verifier, in a folder of its own
build() {
	local name=$1 model=$PWD/tests/concurrency/models/$2.pml flags=$3
	shift 3
	rm -rf "${dir:?}/$name" && mkdir -p "$dir/$name"
	# shellcheck disable=SC2086
	(cd "$dir/$name" && spin "$@" -a "$model" >spin.log 2>&1 &&
		gcc -w $flags $reduce -DCOLLAPSE -DMEMLIM=$memory -o pan pan.c >gcc.log 2>&1)
}

# run WANTED WHAT NAME PAN-FLAGS...: `right` or `wrong` is what it must be found to be
run() {
	local wanted=$1 what=$2 name=$3 log found=broken
	shift 3
	log=$dir/$name/pan.log
	(cd "$dir/$name" && ./pan -m1000000 $table "$@") >"$log" 2>&1
	if grep -q 'errors: 0$' "$log" && ! grep -qE 'too small|out of memory|Search not completed' "$log"; then
		found=right
	elif grep -q 'errors: [1-9]' "$log" && grep -qE 'assertion violated|acceptance cycle|invalid end state' "$log"; then
		found=wrong
	fi
	number=$((number + 1))
	if [ $found = "$wanted" ]; then
		echo "ok $number - $what"
		sed -n 's/^ *\([0-9.e+]*\) states, stored.*/#   \1 states/p' "$log"
		[ $found = right ] || sed -n 's/^pan:1: \(.\{1,100\}\).*/#   \1/p' "$log"
	else
		failed=1
		echo "not ok $number - $what"
		tail -n 20 "$dir/$name"/*.log | sed 's/^/# /'
	fi
}

# safe WHAT MODEL SPIN-FLAGS...
safe() {
	local what=$1 model=$2
	shift 2
	build "$model-safe" "$model" '-O1 -DSAFETY -DNOCLAIM' "$@"
	run right "$what" "$model-safe"
}

# planted BUG MODEL SPIN-FLAGS...
planted() {
	local bug=$1 model=$2
	shift 2
	build "$model-$bug" "$model" '-O0 -DSAFETY -DNOCLAIM' -D"$bug" "$@"
	run wrong "$model: found: $bug" "$model-$bug"
}

safe 'lock: 3 harts with a handler each: exclusion, order, no deadlock' lock
build lock-live lock '-O1 -DNFAIR=3'
for claim in hart_is_served handler_is_served lock_is_free_again; do
	run right "lock: 3 harts with a handler each: $claim" lock-live -a -f -N $claim
done
for bug in IRQ NARROW UNFAIR IRQ_LOST; do
	planted BUG_$bug lock
done

safe 'stock: 3 harts, 2 with a handler: no frame twice, none lost, no false none' stock -DN=3 -DHANDLERS=2
build stock-live stock '-O1' -DN=3 -DHANDLERS=2
run right 'stock: 3 harts, 2 with a handler: all end, in whatever order' stock-live -a
safe 'stock: 2 harts with a handler each' stock -DN=2 -DHANDLERS=2
for bug in NO_CLAIM ROOT_LAST NOT_MARKED; do
	planted BUG_$bug stock -DN=3 -DHANDLERS=0
done
planted BUG_SCAN_FIRST stock -DN=2 -DHANDLERS=2

reduce=
safe 'slab: 3 slabs and runs of one word, two full' slab -DHOLDERS=3 -DD=3
safe 'slab: stocks that are not shared' slab -DSTOCKS=2
safe 'slab: words that are looked at one by one' slab -DHOLDERS=3 -DW=2
safe 'slab: one run, which both classes want' slab -DR=1 -DW=2
safe 'slab: two free one object, which is being retired and started again' slab -DR=1 -DDOUBLE -DHOLDERS=3
for rule in 1 2 2_ORDER 2_PUT_BACK 3 3_CLASS 4 5; do
	planted WITHOUT_RULE_$rule slab
done
planted WITHOUT_RULE_5_PUT_BACK slab -DR=1 -DW=2
for rule in 6 6_MAP; do
	planted WITHOUT_RULE_$rule slab -DHOLDERS=3
done

if [ "${1-}" = --long ]; then
	reduce=-DNOREDUCE
	memory=12000
	table=-w28
	safe 'stock: 3 harts with a handler each: no frame twice, none lost, no false none' stock -DN=3
	build stock-live stock '-O2' -DN=3
	run right 'stock: 3 harts with a handler each: all end, in whatever order' stock-live -a
	reduce=
	safe 'slab: three calls of each' slab -DHOLDERS=3 -DCALLS=3
	safe 'slab: two free one object of two words' slab -DR=1 -DW=2 -DDOUBLE
fi
echo "1..$number"
exit $failed
