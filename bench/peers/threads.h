/* SPDX-License-Identifier: MIT */
#ifndef PEERS_THREADS_H
#define PEERS_THREADS_H

#include <stdbool.h>

/*
 * threads_run - objects that threads take and free for themselves, and for each other, on all
 * heaps. Result: did we ourselves answer rightly?
 */
bool threads_run(unsigned percent);

#endif
