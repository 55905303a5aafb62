#!/bin/bash
# SPDX-License-Identifier: MIT
# relocations.t - scripts/gen-relocations makes the table of the pointers in .rodata, and refuses what would not
# run, or not be right, at another address. Each case is a small program, linked as the kernel is.
set -u
cd "$(dirname "$0")/../.." || exit 1
prefix=${CROSS_COMPILE:-riscv64-unknown-elf-}
box=$(mktemp -d "${TMPDIR:-/tmp}/acre-relocations.XXXXXX") || exit 1
trap 'rm -rf "$box"' EXIT
# shellcheck source=tests/tools/tap.sh
. tests/tools/tap.sh

result() { # result CODE NAME
	report "$1" "$2" "$(cat "$box/said" "$box/table")"
}

# table_of TEXT: assemble and link it, and make its table. The section at hand is .text.
table_of() {
	: >"$box/table"
	{
		printf '\t.text\n\t.globl image_start, image_end, image_size\nimage_start:\n'
		printf '%b\n' "$1"
		printf '\t.section .rodata.end\nimage_end:\n\timage_size = 64\n'
	} >"$box/a.S"
	"${prefix}gcc" -c -mcmodel=medany -march=rv64imac -mabi=lp64 -o "$box/a.o" "$box/a.S" 2>"$box/said" &&
		"${prefix}ld" --emit-relocs -Ttext=0x40200000 -e image_start -o "$box/a.elf" "$box/a.o" 2>"$box/said" ||
		return 2
	READELF=${prefix}readelf scripts/gen-relocations "$box/a.elf" >"$box/table" 2>"$box/said"
}

takes() { # takes NAME TEXT LINE...: the table's lines
	local name=$1 text=$2
	shift 2
	table_of "$text"
	local code=$?
	[ $code = 0 ] && diff <(printf '\t.word %s\n' "$@") <(grep word "$box/table") >>"$box/said"
	result $? "$name"
}

refuses() { # refuses NAME TEXT WORDS: an exit code, and a line with the words
	table_of "$2"
	[ $? = 1 ] && grep -q -F -- "$3" "$box/said"
	result $? "$1"
}

echo 1..11
# .rodata follows .text, 64 bytes long here.
text='\tla a0, there\n\tcall here\nhere:\tbeqz a0, here\n\tj here\n\tla a1, image_end\n\t.balign 32\n'
data='\t.section .rodata\n\t.balign 32\n'
takes 'pointers to code, to data, to the end, before and after a symbol' \
	"$text$data\tthere:\t.dword image_start, there + 8, there - 2, image_end\n\t.dword 7" \
	'64, 0' '72, 72' '80, 62' '88, 104'
takes 'differences need no entry' "$text$data\tthere:\t.dword there - image_start\n\t.word there - image_start\n\t.balign 8\n\t.dword there" '80, 64'
takes 'the size in the boot header needs none' "\t.dword image_size\n$text$data\tthere:\t.dword there" '64, 64'
refuses 'the upper part of an address' "$text\tlui a0, %hi(there)\n$data\tthere:" ': .text at 0x'
grep -q 'R_RISCV_HI20 against there: the image would not run at another address' "$box/said"
result $? 'which is said in words'
refuses 'the lower part of an address' "$text\taddi a0, a0, %lo(there)\n$data\tthere:" 'against there: the image would not run at another address'
refuses 'an address in 32 bits' "$text$data\tthere:\t.word there" 'R_RISCV_32 against there: the image would not'
refuses 'a pointer in the code' "$text\t.dword there\n$data\tthere:" 'against there: a pointer outside .rodata'
refuses 'a pointer in variables' "$text$data\tthere:\n\t.data\n\t.dword there" ': .data at 0x'
refuses 'a pointer that is not aligned' "$text$data\tthere:\t.word 0\n\t.dword there" 'a pointer that is not aligned'
refuses 'a pointer out of the image' "$text$data\tthere:\t.dword image_end + 8" 'a pointer out of the image'
exit $failed
