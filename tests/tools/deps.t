#!/bin/bash
# SPDX-License-Identifier: MIT
# deps.t - scripts/deps and scripts/need with a made-up machine around them: a PATH that has only
# what the case put there, and an apt-get that writes down what it was asked.
set -u
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
box=$(mktemp -d "${TMPDIR:-/tmp}/acre-deps.XXXXXX") || exit 1
trap 'rm -rf "$box"' EXIT
number=0
failed=0

# Everything that the scripts themselves use, and every tool of the table as a stub.
fresh_machine() {
	rm -rf "${box:?}"/*
	mkdir "$box/bin"
	for tool in sh cat cut sed grep head id env; do
		ln -s "$(command -v $tool)" "$box/bin/$tool"
	done
	for tool in make riscv64-unknown-elf-gcc riscv64-unknown-elf-ld qemu-system-riscv64 dtc \
		gdb-multiarch python3; do
		stub "$tool" 'exit 0'
	done
}

stub() {
	printf '#!/bin/sh\n%s\n' "$2" >"$box/bin/$1"
	chmod +x "$box/bin/$1"
}

# apt KNOWN...: an apt that knows these packages, and brings the tool TOOL with package PKG.
apt() {
	stub apt-cache "case \" $* \" in *\" \$2 \"*) echo '  Candidate: 1.0';; *) echo '  Candidate: (none)';; esac"
	# An installed package brings every tool that is still missing: enough to end the run well.
	stub apt-get "echo \"apt-get \$*\" >>'$box/log'
case \"\$*\" in *install*) for t in riscv64-unknown-elf-gcc qemu-system-riscv64; do
	[ -e '$box/bin/'\$t ] || { echo '#!/bin/sh' >'$box/bin/'\$t; /bin/chmod +x '$box/bin/'\$t; }; done;; esac"
	stub id 'echo 0'
}

deps() {
	output=$(PATH="$box/bin" "$top/scripts/deps" "$@" 2>&1)
	code=$?
}

check() { # check NAME CONDITION...
	local name=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number - $name"
	else
		failed=$((failed + 1))
		echo "not ok $number - $name"
		echo "exit code $code" | sed 's/^/# /'
		{ echo "$output"; cat "$box/log"; } 2>/dev/null | sed 's/^/# /'
	fi
}

says() { [[ $output == *"$1"* ]]; }
logged() { grep -q -- "$1" "$box/log" 2>/dev/null; }
code_is() { [ "$code" = "$1" ]; }
nothing_logged() { [ ! -e "$box/log" ]; }

echo 1..27

fresh_machine
apt make
deps boot
check "all here: nothing is asked of apt" nothing_logged
check "all here: success" code_is 0

fresh_machine
rm "$box/bin/riscv64-unknown-elf-gcc"
apt gcc-riscv64-unknown-elf
deps boot
check "one missing: its package is installed" logged 'install -y --no-install-recommends gcc-riscv64-unknown-elf$'
check "one missing: lists are refreshed first" logged 'update'
check "one missing: success" code_is 0

# A compiler that cannot compile it, until the package is installed.
fresh_machine
apt gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf
stub riscv64-unknown-elf-gcc "grep -q picolibc '$box/log'"
deps boot
check "a compiler without <stdint.h>: the package that has it is installed" \
	logged 'install.* picolibc-riscv64-unknown-elf$'
check "and then nothing is missing" code_is 0

fresh_machine
apt gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf
rm "$box/bin/riscv64-unknown-elf-gcc"
stub apt-get "echo \"apt-get \$*\" >>'$box/log'
echo '#!/bin/sh
grep -q picolibc $box/log' >'$box/bin/riscv64-unknown-elf-gcc'; /bin/chmod +x '$box/bin/riscv64-unknown-elf-gcc'"
deps boot
check "so it is when the compiler comes by the same run" logged 'install.* picolibc-riscv64-unknown-elf$'
check "without which it would stop" code_is 0

fresh_machine
apt gcc-riscv64-unknown-elf
stub riscv64-unknown-elf-gcc 'exit 1'
deps boot
check "no package has <stdint.h>: an error" code_is 1
check "which names the package" says picolibc-riscv64-unknown-elf

fresh_machine
rm "$box/bin/qemu-system-riscv64"
apt qemu-system-misc
deps boot
check "of two names apt's own is taken" logged 'install.* qemu-system-misc$'

fresh_machine
rm "$box/bin/qemu-system-riscv64"
apt qemu-system-misc qemu-system-riscv
deps boot
check "where apt knows both, the first is taken" logged 'install.* qemu-system-riscv$'

fresh_machine
rm "$box/bin/qemu-system-riscv64"
apt something-else
deps boot
check "a package that apt does not know is an error" code_is 1
check "and is named" says qemu-system-misc

fresh_machine
rm "$box/bin/qemu-system-riscv64" "$box/bin/dtc"
deps boot
check "no apt-get: stops with 1" code_is 1
check "no apt-get: the packages are named" says 'device-tree-compiler (dtc)'

fresh_machine
apt make
stub dpkg-query 'echo "install ok installed"'
for tool in gcc clang prove cpio spin patch qemu-img; do stub "$tool" 'exit 0'; done
deps test
check "a file that a release moved elsewhere does not matter if its package is installed" code_is 0

fresh_machine
apt make libclang-rt-14-dev libclang-common-14-dev
# shellcheck disable=SC2016 # these are scripts
stub dpkg-query 'case $* in *libclang-rt*) exit 1;; esac; echo "install ok installed"'
# shellcheck disable=SC2016
stub clang 'case $1 in -dumpversion) echo 14.0.6;; *) echo /no/clang;; esac'
for tool in gcc prove cpio spin patch mke2fs qemu-img; do stub "$tool" 'exit 0'; done
deps test
check "the package that another one would replace does not stand in for it" logged 'install.*libclang-rt-14-dev'

fresh_machine
apt make
for tool in gcc cargo riscv64-linux-gnu-gcc riscv64-linux-gnu-g++ qemu-riscv64; do stub "$tool" 'exit 0'; done
stub rustc "echo $box/rust"
deps rv64peers
check "Rust's library for the bare machine: without rustup an error" code_is 1
check "which names it" says riscv64imac-unknown-none-elf
stub rustup "echo \"rustup \$*\" >>'$box/log'"
deps rv64peers
check "with rustup it is added" logged '^rustup target add riscv64imac-unknown-none-elf$'
mkdir -p "$box/rust/lib/rustlib/riscv64imac-unknown-none-elf"
rm -f "$box/log"
deps rv64peers
check "where it is, nothing is asked for" nothing_logged

fresh_machine
rm "$box/bin/dtc"
apt device-tree-compiler
stub id 'echo 1000'
deps boot
check "neither root nor sudo: the command is shown, nothing runs" says 'As root: apt-get'

fresh_machine
rm "$box/bin/dtc"
apt device-tree-compiler
output=$(PATH="$box/bin" "$top/scripts/need" make dtc 2>&1)
code=$?
check "need: a missing tool fails" code_is 1
check "need: with the command that installs it" says \
	'dtc is missing: make deps, or apt-get install device-tree-compiler'
output=$(PATH="$box/bin" "$top/scripts/need" make python3 2>&1)
code=$?
check "need: nothing to say when all is here" [ "$code$output" = 0 ]

[ "$failed" = 0 ]
