/* SPDX-License-Identifier: MIT */
/* panic.c - format the last words on the stack and pass them through the seam. */
#include "lib/panic.h"

#include "lib/attributes.h"
#include "lib/fmt.h"
#include "lib/platform.h"

static acre_noreturn void vpanic(const void *caller, const char *format, va_list args)
{
	char message[ACRE_PANIC_MESSAGE_SIZE];

	fmt_vbuffer(message, sizeof(message), format, args);
	platform_panic(caller, message);
}

acre_noreturn void acre_panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vpanic(acre_caller(), format, args);
}

acre_noreturn void acre_panic_from(const void *caller, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vpanic(caller, format, args);
}
