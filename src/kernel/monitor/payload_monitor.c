/* SPDX-License-Identifier: MIT */
/* payload_monitor.c - the payload of a kernel without self-tests (TESTS=0): the prompt. */
#include "kernel/monitor/monitor.h"
#include "kernel/payload.h"
#include "kernel/trap/exit.h"

const struct boot_arguments payload_arguments = { .count = 0 };

acre_noreturn void payload_run(const struct bootargs *args)
{
	monitor_run_text(args->run);
	if (args->poweroff)
		machine_exit(exit_verdict_so_far());
	monitor_run();
}
