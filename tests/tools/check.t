#!/bin/bash
# SPDX-License-Identifier: MIT
# check.t - each check of `make check` sees a fault that was put there for it, in a copy of
# the tree; and passes without it.
set -u
cd "$(dirname "$0")/../.." || exit 1
box=$(mktemp -d "${TMPDIR:-/tmp}/acre-check.XXXXXX") || exit 1
trap 'rm -rf "$box"' EXIT
# shellcheck source=tests/tools/tap.sh
. tests/tools/tap.sh

# A copy of what make looks at. Of the C files the checks get few: one for RV64, and those of src/lib for the host.
cp -r Makefile mk .clang-format .clang-tidy scripts src tests bench kernel.ld "$box"

check() { # check WHICH: with nothing of the make that may be running this
	local sources
	if [ "$1" = symbols ]; then # a whole kernel
		output=$(env -i PATH="$PATH" make -C "$box" --no-print-directory -j2 \
			${CROSS_COMPILE:+CROSS_COMPILE="$CROSS_COMPILE"} check-symbols 2>&1)
		return
	fi
	sources=$(cd "$box" && echo src/lib/*.c)
	output=$(env -i PATH="$PATH" make -C "$box" --no-print-directory "check-$1" \
		CHECK_HOST_C="$sources" CHECK_ANALYZED="$sources" CHECK_RV64_C=src/sbi/ecall.c \
		CHECK_TEXTS="$(cd "$box" && echo src/lib/*.[ch])" 2>&1)
}

# sees WHICH WHAT FILE WORDS: the file on standard input makes check-WHICH fail, with WORDS.
sees() {
	cat >"$box/$3"
	check "$1"
	local code=$?
	rm "$box/$3"
	[ $code != 0 ] && grep -q -- "$4" <<<"$output"
	report $? "$1 sees $2" "$output"
}

checks="layers symbols format tidy cppcheck analyzer shell python"
echo 1..16
for which in $checks; do
	check "$which"
	report $? "$which passes a good tree" "$output"
done

sees layers 'an edge that is not drawn' src/lib/planted.h 'lib does not include mm' <<'END'
#include "mm/types.h"
END
sees symbols 'a call that no include shows' src/lib/planted.c 'lib/planted.c.*it uses hart_wake' <<'END'
void hart_wake(void);
void planted(void);
void planted(void)
{
	hart_wake();
}
END
sees format 'a line that is not in the style' src/lib/planted.h 'clang-format' <<'END'
static  inline int planted( void ) { return 1; }
END
sees tidy 'a sizeof of a pointer' src/lib/planted.c 'bugprone-sizeof-expression' <<'END'
#include "lib/string.h"
struct planted {
	long a[8];
};
void planted(struct planted *p);
void planted(struct planted *p)
{
	memset(p, 0, sizeof(p));
}
END
sees cppcheck 'an index past the end' src/lib/planted.c 'arrayIndexOutOfBounds' <<'END'
int planted(void);
int planted(void)
{
	int a[4] = { 0 };
	return a[4];
}
END
sees analyzer 'a read of what was never written' src/lib/planted.c 'analyzer' <<'END'
int planted(int which);
static int *pick(int which, int *a)
{
	return which > 3 ? a : (int *)0;
}
int planted(int which)
{
	int a = 1;
	int *p = pick(which, &a);
	return which == 2 ? *p : 0;
}
END
sees shell 'a script that does not parse' scripts/planted 'planted' <<'END'
#!/bin/bash
if true; then
END
sees python 'a script that does not parse' scripts/planted.py 'planted' <<'END'
#!/usr/bin/env python3
def planted(:
END
exit $failed
