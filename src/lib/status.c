/* SPDX-License-Identifier: MIT */
/* status.c - names for the error vocabulary of status.h. */
#include "lib/status.h"

const char *acre_status_str(enum acre_status s)
{
	switch (s) {
	case ACRE_OK:
		return "ok";
	case ACRE_ERR_INVALID:
		return "invalid argument";
	case ACRE_ERR_RANGE:
		return "out of range";
	case ACRE_ERR_OVERFLOW:
		return "overflow";
	case ACRE_ERR_MISALIGNED:
		return "misaligned";
	case ACRE_ERR_OVERLAP:
		return "overlap";
	case ACRE_ERR_FULL:
		return "table full";
	case ACRE_ERR_NOMEM:
		return "out of memory";
	case ACRE_ERR_NOT_FOUND:
		return "not found";
	case ACRE_ERR_NOT_ALLOCATED:
		return "not allocated";
	case ACRE_ERR_TRUNCATED:
		return "truncated";
	case ACRE_ERR_MALFORMED:
		return "malformed";
	case ACRE_ERR_TOO_DEEP:
		return "nested too deep";
	case ACRE_ERR_UNSUPPORTED:
		return "unsupported";
	case ACRE_ERR_IO:
		return "input/output error";
	case ACRE_ERR_DENIED:
		return "denied";
	case ACRE_ERR_TIMEOUT:
		return "timed out";
	case ACRE_ERR_ALREADY:
		return "already in that state";
	case ACRE_ERR_BUSY:
		return "busy";
	case ACRE_ERR_END:
		return "end";
	}
	return "unknown status";
}
