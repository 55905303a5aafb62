# SPDX-License-Identifier: MIT
# acre.gdb - what `make debug` runs once gdb is attached to the stopped machine. With a debugger of your own
# after `make qemu-gdb`: gdb-multiarch build/rv64-release/acre.elf -ex 'target remote :1234' -x scripts/gdb/acre.gdb
set confirm off
set print pretty on
set pagination off
source scripts/gdb/load.py
acre locate
tbreak kernel_main
continue
