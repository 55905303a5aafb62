/* SPDX-License-Identifier: MIT */
/* memmap_model_host.c (host) - more of the random maps than an emulated hart has time for. */
#include "tests/support/memmap_model.h"

#include "tests/support/ktest.h"

KTEST(memmap_model, agrees_with_painted_cells_for_long)
{
	memmap_model_run(3000, 24, 256);
}

KTEST(memmap_model, agrees_with_painted_bytes_for_long)
{
	memmap_model_run(30, 16, 1);
}
