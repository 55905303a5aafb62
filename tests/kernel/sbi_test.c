/* SPDX-License-Identifier: MIT */
/* sbi_test.c (kernel) - the firmware that is really there keeps what the specification promises. */
#include "sbi/sbi.h"

#include "kernel/hart/clock.h"
#include "kernel/hart/hart.h"
#include "kernel/kernel_sbi.h"
#include "sbi/console.h"
#include "sbi/hsm.h"
#include "sbi/ipi.h"
#include "sbi/rfence.h"
#include "sbi/timer.h"
#include "tests/support/ktest.h"

/* No machine has this hart. It fits in 32 bits, to which some firmware cuts hart ids. */
#define NO_SUCH_HART 0x7ffffffful

KTEST(sbi_live, base_tells_a_version)
{
	const struct sbi *sbi = &kernel_sbi;

	EXPECT(sbi->spec_major > 0 || sbi->spec_minor >= 1);
	EXPECT(sbi->spec_major < 100);
	EXPECT(sbi->spec_minor < 100);
	if (sbi->spec_major > 0 || sbi->spec_minor >= 2)
		EXPECT(sbi_has(sbi, SBI_EXT_BASE));
	ktest_note("SBI %u.%u, %s", sbi->spec_major, sbi->spec_minor, sbi_impl_name(sbi->impl_id));
}

KTEST(sbi_live, a_second_probe_finds_the_same)
{
	struct sbi again;

	sbi_probe(&again);
	EXPECT_EQ(again.spec_major, kernel_sbi.spec_major);
	EXPECT_EQ(again.spec_minor, kernel_sbi.spec_minor);
	EXPECT_EQ(again.impl_id, kernel_sbi.impl_id);
	EXPECT_EQ(again.impl_version, kernel_sbi.impl_version);
	EXPECT_EQ(again.mvendorid, kernel_sbi.mvendorid);
	EXPECT_EQ(again.marchid, kernel_sbi.marchid);
	EXPECT_EQ(again.mimpid, kernel_sbi.mimpid);
	EXPECT_EQ(again.extensions, kernel_sbi.extensions);
	EXPECT(again.console == kernel_sbi.console);
}

KTEST(sbi_live, the_console_takes_all_that_it_is_given)
{
	static const char text[] = "# written by the firmware's console\n";

	EXPECT_EQ(sbi_console_write(&kernel_sbi, text, sizeof(text) - 1), sizeof(text) - 1);
}

KTEST(sbi_live, our_own_hart_is_started_and_cannot_be_started_again)
{
	unsigned long self = hart_self()->id;

	if (!sbi_has(&kernel_sbi, SBI_EXT_HSM)) {
		EXPECT_EQ(sbi_hart_status(&kernel_sbi, self), SBI_ERR_NOT_SUPPORTED);
		return;
	}
	EXPECT_EQ(sbi_hart_status(&kernel_sbi, self), SBI_HSM_STATE_STARTED);
	EXPECT_EQ(sbi_hart_start(&kernel_sbi, self, 0x80200000, 0), SBI_ERR_ALREADY_AVAILABLE);
	EXPECT_EQ(sbi_hart_status(&kernel_sbi, self), SBI_HSM_STATE_STARTED);
}

KTEST(sbi_live, an_unknown_hart_is_an_invalid_parameter)
{
	if (!sbi_has(&kernel_sbi, SBI_EXT_HSM))
		return;
	EXPECT_EQ(sbi_hart_status(&kernel_sbi, NO_SUCH_HART), SBI_ERR_INVALID_PARAM);
	EXPECT_EQ(sbi_hart_start(&kernel_sbi, NO_SUCH_HART, 0x80200000, 0), SBI_ERR_INVALID_PARAM);
}

KTEST(sbi_live, a_timer_far_away_is_set)
{
	unsigned long irq = platform_irq_save();

	EXPECT_EQ(sbi_set_timer(&kernel_sbi, UINT64_MAX / 2), SBI_SUCCESS);
	EXPECT_EQ(sbi_set_timer(&kernel_sbi, SBI_TIMER_NEVER), SBI_SUCCESS);
	EXPECT(clock_arm());
	platform_irq_restore(irq);
}

KTEST(sbi_live, fences_on_all_harts_succeed)
{
	unsigned long all = (unsigned long)SBI_HART_MASK_ALL;

	EXPECT_EQ(sbi_remote_fence_i(&kernel_sbi, 0, all), SBI_SUCCESS);
	EXPECT_EQ(sbi_remote_sfence_vma(&kernel_sbi, 0, all, 0, 0), SBI_SUCCESS);
	EXPECT_EQ(sbi_remote_sfence_vma_asid(&kernel_sbi, 0, all, 0, ~0ul, 1), SBI_SUCCESS);
}

KTEST(sbi_live, an_interrupt_to_nobody_succeeds)
{
	EXPECT_EQ(sbi_send_ipi(&kernel_sbi, 0, 0), SBI_SUCCESS);
}
