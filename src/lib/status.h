/* SPDX-License-Identifier: MIT */
/*
 * status.h - the one error vocabulary. Every function that can fail in more than one way returns
 * one of these; out of memory is a sentinel of its type instead (NULL, FRAME_NONE).
 */
#ifndef ACRE_LIB_STATUS_H
#define ACRE_LIB_STATUS_H

enum acre_status {
	ACRE_OK = 0,
	ACRE_ERR_INVALID = -1, /* an argument has no meaning here (zero, not a power of two, ...) */
	ACRE_ERR_RANGE = -2,   /* outside what this instance manages */
	ACRE_ERR_OVERFLOW = -3,   /* an address or size does not fit in its type */
	ACRE_ERR_MISALIGNED = -4, /* not a multiple of what it must be a multiple of */
	ACRE_ERR_OVERLAP = -5,    /* collides with something that is there already */
	ACRE_ERR_FULL = -6,  /* a fixed table has no slot left; the message names the constant */
	ACRE_ERR_NOMEM = -7, /* no memory */
	ACRE_ERR_NOT_FOUND = -8,     /* no such thing */
	ACRE_ERR_NOT_ALLOCATED = -9, /* a free of something that is not handed out */
	ACRE_ERR_TRUNCATED = -10,    /* data ends before it should */
	ACRE_ERR_MALFORMED = -11,    /* data breaks its format */
	ACRE_ERR_TOO_DEEP = -12,     /* nesting beyond the stated bound */
	ACRE_ERR_UNSUPPORTED = -13,  /* well-formed, but not something we or the firmware can do */
	ACRE_ERR_IO = -14,           /* the firmware or a device failed */
	ACRE_ERR_DENIED = -15,       /* the firmware refused */
	ACRE_ERR_TIMEOUT = -16,      /* something did not come in the bounded wait */
	ACRE_ERR_ALREADY = -17,      /* it is so already: started, stopped, available */
	ACRE_ERR_BUSY = -18,         /* it does something else just now */
	ACRE_ERR_END = -19,          /* an iteration is over; not a failure */
};

/*
 * acre_status_str - the name of @s in lower-case words ("out of range"); never NULL, any value
 * accepted.
 */
const char *acre_status_str(enum acre_status s);

#endif
