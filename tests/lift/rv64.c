/* SPDX-License-Identifier: MIT */
/* rv64.c - the lift on QEMU's virt board under any SBI: legacy console out, sifive,test to end. */
#include "tests/lift/lift_platform.h"

/* lift.ld */
extern const uint8_t lift_image_start[];
extern const uint8_t lift_image_end[];

#define SBI_LEGACY_PUTCHAR 1
#define TEST_DEVICE        0x100000
#define TEST_PASS          0x5555u
#define TEST_FAIL          0x3333u

acre_noreturn void lift_start(void);

void lift_put(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		register unsigned long a0 __asm__("a0") = (uint8_t)text[i];
		register unsigned long a7 __asm__("a7") = SBI_LEGACY_PUTCHAR;

		__asm__ volatile("ecall" : "+r"(a0) : "r"(a7) : "memory");
	}
}

acre_noreturn void lift_exit(int code)
{
	volatile uint32_t *device = (volatile uint32_t *)TEST_DEVICE;

	*device = code == 0 ? TEST_PASS : (uint32_t)code << 16 | TEST_FAIL;
	for (;;)
		;
}

/* From start.S: one hart, a stack, BSS cleared. */
acre_noreturn void lift_start(void)
{
	struct acre_range image = { (acre_paddr_t)(uintptr_t)lift_image_start,
				    (acre_paddr_t)(uintptr_t)lift_image_end };

	lift_exit(lift_main(image, 0));
}
