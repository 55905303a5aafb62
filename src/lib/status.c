/* SPDX-License-Identifier: MIT */
/* status.c - names for the error vocabulary of status.h. */
#include "lib/status.h"

const char *status_str(enum status s)
{
	switch (s) {
	case STATUS_OK:
		return "ok";
	case ERR_INVALID:
		return "invalid argument";
	case ERR_RANGE:
		return "out of range";
	case ERR_OVERFLOW:
		return "overflow";
	case ERR_MISALIGNED:
		return "misaligned";
	case ERR_OVERLAP:
		return "overlap";
	case ERR_FULL:
		return "table full";
	case ERR_NOMEM:
		return "out of memory";
	case ERR_NOT_FOUND:
		return "not found";
	case ERR_NOT_ALLOCATED:
		return "not allocated";
	case ERR_TRUNCATED:
		return "truncated";
	case ERR_MALFORMED:
		return "malformed";
	case ERR_TOO_DEEP:
		return "nested too deep";
	case ERR_UNSUPPORTED:
		return "unsupported";
	case ERR_IO:
		return "input/output error";
	case ERR_DENIED:
		return "denied";
	case ERR_TIMEOUT:
		return "timed out";
	case ERR_ALREADY:
		return "already in that state";
	case ERR_BUSY:
		return "busy";
	case ERR_END:
		return "end";
	}
	return "unknown status";
}
