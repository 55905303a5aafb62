/* SPDX-License-Identifier: MIT */
#ifndef PEERS_HEAPS_H
#define PEERS_HEAPS_H

#include <stdbool.h>

/* heaps_run - all heap workloads on all heaps. Result: did we ourselves answer rightly? */
bool heaps_run(unsigned percent);

#endif
