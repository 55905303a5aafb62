/* SPDX-License-Identifier: MIT */
/*
 * sbi_calls.c (host) - reset, harts, timer, interrupts and fences: which call carries them on which
 * firmware, with which arguments, and what becomes of its answer.
 */
#include <string.h>

#include "lib/compiler.h"
#include "sbi/hart_mask.h"
#include "sbi/hsm.h"
#include "sbi/ipi.h"
#include "sbi/reset.h"
#include "sbi/rfence.h"
#include "sbi/timer.h"
#include "tests/host/fake_ecall.h"
#include "tests/support/ktest.h"

enum age { NEW, OLD, BARE }; /* OpenSBI 1.1; 0.1; base extension only */

static struct sbi firmware(enum age age)
{
	struct sbi sbi;

	if (age == NEW)
		fake_like_opensbi_1_1();
	else if (age == OLD)
		fake_like_0_1();
	else
		fake_reset();
	sbi_probe(&sbi);
	fake_forget_calls();
	return sbi;
}

/* The last call was to @fid of @eid with these arguments, and it was the only one. */
static void expect_call(unsigned long eid, unsigned long fid, const unsigned long arg[6])
{
	REQUIRE_EQ(fake.ncalls, 1);
	EXPECT_EQ(fake_last()->eid, eid);
	EXPECT_EQ(fake_last()->fid, fid);
	EXPECT(!fake_last()->legacy);
	for (unsigned i = 0; i < 6; i++)
		EXPECT_EQ(fake_last()->arg[i], arg[i]);
}

#define EXPECT_CALL(eid, fid, ...) expect_call(eid, fid, (const unsigned long[6]){ __VA_ARGS__ })

/* ---- reset ------------------------------------------------------------------------------------
 */

KTEST(sbi_reset, shutdown_and_reboot_say_why)
{
	struct sbi sbi = firmware(NEW);

	EXPECT_EQ(sbi_shutdown(&sbi, SBI_SRST_REASON_SYSTEM_FAILURE), SBI_ERR_FAILED);
	EXPECT_CALL(SBI_EID_SRST, SBI_SRST_SYSTEM_RESET, 0, 1);
	fake_forget_calls();
	EXPECT_EQ(sbi_reboot(&sbi, SBI_SRST_REASON_NONE), SBI_ERR_FAILED);
	EXPECT_CALL(SBI_EID_SRST, SBI_SRST_SYSTEM_RESET, 1, 0);
}

KTEST(sbi_reset, srst_that_refuses_is_final)
{
	static const long error[] = { SBI_ERR_NOT_SUPPORTED, SBI_ERR_INVALID_PARAM,
				      SBI_ERR_FAILED };
	struct sbi sbi = firmware(NEW);

	for (size_t i = 0; i < ARRAY_SIZE(error); i++) {
		fake.answer.error = error[i];
		EXPECT_EQ(sbi_shutdown(&sbi, SBI_SRST_REASON_NONE), error[i]);
		EXPECT_EQ(sbi_reboot(&sbi, SBI_SRST_REASON_NONE), error[i]);
	}
	/* The legacy call hangs on sifive_u, where SRST says 'not supported'. */
	EXPECT_EQ(fake_count(SBI_EID_LEGACY_SHUTDOWN, 0), 0);
}

KTEST(sbi_reset, legacy_shutdown_where_srst_is_absent)
{
	struct sbi sbi = firmware(OLD);

	EXPECT_EQ(sbi_shutdown(&sbi, SBI_SRST_REASON_NONE), SBI_ERR_FAILED);
	EXPECT_EQ(fake_last()->eid, SBI_EID_LEGACY_SHUTDOWN);
	EXPECT(fake_last()->legacy);
	fake_forget_calls();
	EXPECT_EQ(sbi_reboot(&sbi, SBI_SRST_REASON_NONE), SBI_ERR_NOT_SUPPORTED);
	EXPECT_EQ(fake.ncalls, 0);
}

KTEST(sbi_reset, without_any_call_it_says_so)
{
	struct sbi sbi = firmware(BARE);

	EXPECT_EQ(sbi_shutdown(&sbi, SBI_SRST_REASON_NONE), SBI_ERR_NOT_SUPPORTED);
	EXPECT_EQ(sbi_reboot(&sbi, SBI_SRST_REASON_NONE), SBI_ERR_NOT_SUPPORTED);
	EXPECT_EQ(fake.ncalls, 0);
}

/* ---- harts ------------------------------------------------------------------------------------
 */

KTEST(sbi_hsm, calls_carry_their_arguments)
{
	struct sbi sbi = firmware(NEW);

	EXPECT_EQ(sbi_hart_start(&sbi, 3, 0x80200000, 0xfedcba9876543210), SBI_SUCCESS);
	EXPECT_CALL(SBI_EID_HSM, SBI_HSM_HART_START, 3, 0x80200000, 0xfedcba9876543210);
	fake_forget_calls();
	EXPECT_EQ(sbi_hart_suspend(&sbi, SBI_HSM_SUSPEND_NON_RETENTIVE, 0x80400000, 7),
		  SBI_SUCCESS);
	EXPECT_CALL(SBI_EID_HSM, SBI_HSM_HART_SUSPEND, 0x80000000, 0x80400000, 7);
	fake_forget_calls();
	EXPECT_EQ(sbi_hart_status(&sbi, ~0ul), SBI_HSM_STATE_STARTED);
	EXPECT_CALL(SBI_EID_HSM, SBI_HSM_HART_GET_STATUS, ~0ul);
	fake_forget_calls();
	EXPECT_EQ(sbi_hart_stop(&sbi), SBI_ERR_FAILED); /* it came back, so it failed */
	EXPECT_CALL(SBI_EID_HSM, SBI_HSM_HART_STOP, 0);
}

KTEST(sbi_hsm, states_are_returned)
{
	struct sbi sbi = firmware(NEW);

	for (unsigned long state = 0; state <= SBI_HSM_STATE_LAST; state++) {
		fake.answer.value = state;
		EXPECT_EQ(sbi_hart_status(&sbi, 0), state);
	}
}

KTEST(sbi_hsm, errors_come_through)
{
	struct sbi sbi = firmware(NEW);

	for (long error = SBI_ERR_FAILED; error >= SBI_ERR_LAST; error--) {
		fake.answer = (struct sbi_ret){ .error = error, .value = 1 };
		EXPECT_EQ(sbi_hart_start(&sbi, 0, 0, 0), error);
		EXPECT_EQ(sbi_hart_stop(&sbi), error);
		EXPECT_EQ(sbi_hart_status(&sbi, 0), error);
		EXPECT_EQ(sbi_hart_suspend(&sbi, SBI_HSM_SUSPEND_RETENTIVE, 0, 0), error);
	}
}

KTEST(sbi_hsm, is_not_asked_where_it_is_absent)
{
	struct sbi sbi = firmware(OLD);

	EXPECT_EQ(sbi_hart_start(&sbi, 0, 0, 0), SBI_ERR_NOT_SUPPORTED);
	EXPECT_EQ(sbi_hart_stop(&sbi), SBI_ERR_NOT_SUPPORTED);
	EXPECT_EQ(sbi_hart_status(&sbi, 0), SBI_ERR_NOT_SUPPORTED);
	EXPECT_EQ(sbi_hart_suspend(&sbi, 0, 0, 0), SBI_ERR_NOT_SUPPORTED);
	EXPECT_EQ(fake.ncalls, 0);
}

/* ---- timer ------------------------------------------------------------------------------------
 */

KTEST(sbi_timer, passes_all_64_bits)
{
	static const uint64_t time[] = {
		0, 1, UINT32_MAX, 1ull << 32, 0xfedcba9876543210, SBI_TIMER_NEVER
	};

	for (size_t i = 0; i < ARRAY_SIZE(time); i++) {
		struct sbi sbi = firmware(NEW);
		EXPECT_EQ(sbi_set_timer(&sbi, time[i]), SBI_SUCCESS);
		EXPECT_CALL(SBI_EID_TIME, SBI_TIME_SET_TIMER, time[i]);
		sbi = firmware(OLD);
		EXPECT_EQ(sbi_set_timer(&sbi, time[i]), SBI_SUCCESS);
		EXPECT_EQ(fake_last()->eid, SBI_EID_LEGACY_SET_TIMER);
		EXPECT(fake_last()->legacy);
		EXPECT_EQ(fake_last()->arg[0], time[i]);
	}
}

KTEST(sbi_timer, errors_come_through_and_absence_is_said)
{
	struct sbi sbi = firmware(NEW);

	fake.answer.error = SBI_ERR_FAILED;
	EXPECT_EQ(sbi_set_timer(&sbi, 1), SBI_ERR_FAILED);
	EXPECT_EQ(fake.ncalls, 1); /* no second try by the legacy call */
	sbi = firmware(BARE);
	EXPECT_EQ(sbi_set_timer(&sbi, 1), SBI_ERR_NOT_SUPPORTED);
	EXPECT_EQ(fake.ncalls, 0);
}

/* ---- sets of harts, interrupts, fences --------------------------------------------------------
 */

KTEST(sbi_hart_mask, every_hart_falls_on_its_bit)
{
	for (unsigned base = 0; base < 512; base++) {
		for (unsigned i = 0; i < 64; i += 7) {
			struct sbi_legacy_mask m;
			unsigned hart = base + i;
			long error = sbi_legacy_mask_make(&m, 1ul << i, base);
			EXPECT_EQ(error, hart < 512 ? SBI_SUCCESS : SBI_ERR_INVALID_PARAM);
			if (error != SBI_SUCCESS)
				continue;
			for (unsigned w = 0; w < SBI_LEGACY_MASK_WORDS; w++)
				EXPECT_EQ(m.word[w], w == hart / 64 ? 1ul << hart % 64 : 0);
		}
	}
}

KTEST(sbi_hart_mask, full_words_straddle)
{
	struct sbi_legacy_mask m;

	EXPECT_EQ(sbi_legacy_mask_make(&m, ~0ul, 0), SBI_SUCCESS);
	EXPECT_EQ(m.word[0], ~0ul);
	EXPECT_EQ(m.word[1], 0);
	EXPECT_EQ(sbi_legacy_mask_make(&m, ~0ul, 60), SBI_SUCCESS);
	EXPECT_EQ(m.word[0], 0xful << 60);
	EXPECT_EQ(m.word[1], ~0ul >> 4);
	EXPECT_EQ(sbi_legacy_mask_make(&m, ~0ul, 448), SBI_SUCCESS);
	EXPECT_EQ(m.word[7], ~0ul);
	EXPECT_EQ(sbi_legacy_mask_make(&m, ~0ul, 449), SBI_ERR_INVALID_PARAM);
	EXPECT_EQ(sbi_legacy_mask_make(&m, 1, 1ul << 63), SBI_ERR_INVALID_PARAM);
	EXPECT_EQ(sbi_legacy_mask_make(&m, 1, ~0ul - 1), SBI_ERR_INVALID_PARAM);
}

KTEST(sbi_hart_mask, none_and_all)
{
	struct sbi_legacy_mask m;

	EXPECT_EQ(sbi_legacy_mask_make(&m, 0, 99999), SBI_SUCCESS);
	for (unsigned w = 0; w < SBI_LEGACY_MASK_WORDS; w++)
		EXPECT_EQ(m.word[w], 0);
	EXPECT_EQ(sbi_legacy_mask_make(&m, 0, (unsigned long)SBI_HART_MASK_ALL), SBI_SUCCESS);
	for (unsigned w = 0; w < SBI_LEGACY_MASK_WORDS; w++)
		EXPECT_EQ(m.word[w], ~0ul);
}

/* The last call was the legacy @eid, for harts 65 and 67, with the rest of the arguments. */
static void expect_legacy(unsigned long eid, unsigned long a1, unsigned long a2, unsigned long a3)
{
	REQUIRE_EQ(fake.ncalls, 1);
	EXPECT(fake_last()->legacy);
	EXPECT_EQ(fake_last()->eid, eid);
	EXPECT_EQ(fake_last()->mask[0], 0);
	EXPECT_EQ(fake_last()->mask[1], 0xa);
	EXPECT_EQ(fake_last()->arg[1], a1);
	EXPECT_EQ(fake_last()->arg[2], a2);
	EXPECT_EQ(fake_last()->arg[3], a3);
	fake_forget_calls();
}

KTEST(sbi_ipi, goes_out_by_the_newest_call_there_is)
{
	struct sbi sbi = firmware(NEW);

	EXPECT_EQ(sbi_send_ipi(&sbi, 5, 65), SBI_SUCCESS);
	EXPECT_CALL(SBI_EID_IPI, SBI_IPI_SEND_IPI, 5, 65);
	sbi = firmware(OLD);
	EXPECT_EQ(sbi_send_ipi(&sbi, 5, 65), SBI_SUCCESS);
	expect_legacy(SBI_EID_LEGACY_SEND_IPI, 0, 0, 0);
	EXPECT_EQ(sbi_send_ipi(&sbi, 1, 512), SBI_ERR_INVALID_PARAM);
	EXPECT_EQ(fake.ncalls, 0);
	fake.answer.error = -1;
	EXPECT_EQ(sbi_send_ipi(&sbi, 1, 0), SBI_ERR_FAILED);
	sbi = firmware(BARE);
	EXPECT_EQ(sbi_send_ipi(&sbi, 1, 0), SBI_ERR_NOT_SUPPORTED);
}

KTEST(sbi_rfence, goes_out_by_rfence)
{
	struct sbi sbi = firmware(NEW);

	EXPECT_EQ(sbi_remote_fence_i(&sbi, 5, 65), SBI_SUCCESS);
	EXPECT_CALL(SBI_EID_RFENCE, SBI_RFENCE_REMOTE_FENCE_I, 5, 65);
	fake_forget_calls();
	EXPECT_EQ(sbi_remote_sfence_vma(&sbi, 5, 65, 0x1000, 0x2000), SBI_SUCCESS);
	EXPECT_CALL(SBI_EID_RFENCE, SBI_RFENCE_REMOTE_SFENCE_VMA, 5, 65, 0x1000, 0x2000);
	fake_forget_calls();
	EXPECT_EQ(sbi_remote_sfence_vma_asid(&sbi, 5, 65, 0, ~0ul, 42), SBI_SUCCESS);
	EXPECT_CALL(SBI_EID_RFENCE, SBI_RFENCE_REMOTE_SFENCE_VMA_ASID, 5, 65, 0, ~0ul, 42);
	fake.answer.error = SBI_ERR_INVALID_ADDRESS;
	EXPECT_EQ(sbi_remote_sfence_vma(&sbi, 5, 65, 1, 2), SBI_ERR_INVALID_ADDRESS);
}

KTEST(sbi_rfence, falls_back_to_the_legacy_calls)
{
	struct sbi sbi = firmware(OLD);

	EXPECT_EQ(sbi_remote_fence_i(&sbi, 5, 65), SBI_SUCCESS);
	expect_legacy(SBI_EID_LEGACY_REMOTE_FENCE_I, 0, 0, 0);
	EXPECT_EQ(sbi_remote_sfence_vma(&sbi, 5, 65, 0x1000, 0x2000), SBI_SUCCESS);
	expect_legacy(SBI_EID_LEGACY_REMOTE_SFENCE_VMA, 0x1000, 0x2000, 0);
	EXPECT_EQ(sbi_remote_sfence_vma_asid(&sbi, 5, 65, 0x1000, ~0ul, 42), SBI_SUCCESS);
	expect_legacy(SBI_EID_LEGACY_REMOTE_SFENCE_VMA_ASID, 0x1000, ~0ul, 42);
	EXPECT_EQ(sbi_remote_fence_i(&sbi, 1, 512), SBI_ERR_INVALID_PARAM);
	EXPECT_EQ(fake.ncalls, 0);
}

KTEST(sbi_rfence, absence_is_said)
{
	struct sbi sbi = firmware(BARE);

	EXPECT_EQ(sbi_remote_fence_i(&sbi, 1, 0), SBI_ERR_NOT_SUPPORTED);
	EXPECT_EQ(sbi_remote_sfence_vma(&sbi, 1, 0, 0, 0), SBI_ERR_NOT_SUPPORTED);
	EXPECT_EQ(sbi_remote_sfence_vma_asid(&sbi, 1, 0, 0, 0, 0), SBI_ERR_NOT_SUPPORTED);
	EXPECT_EQ(fake.ncalls, 0);
}
