/* SPDX-License-Identifier: MIT */
/* panic.c - format the last words on the stack and pass them through the seam. */
#include "lib/panic.h"

#include "lib/fmt.h"
#include "lib/platform.h"

static noreturn void vpanic(const void *caller, const char *format, va_list args)
{
	char message[PANIC_MESSAGE_SIZE];

	fmt_vbuffer(message, sizeof(message), format, args);
	platform_panic(caller, message);
}

noreturn void panic(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vpanic(CALLER(), format, args);
}

noreturn void panic_from(const void *caller, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vpanic(caller, format, args);
}
