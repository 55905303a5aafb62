/* SPDX-License-Identifier: MIT */
#ifndef PEERS_FRAMES_H
#define PEERS_FRAMES_H

#include <stdbool.h>

/* frames_run - all frame workloads on all pools, in each size. Result: did we ourselves answer rightly? */
bool frames_run(unsigned percent);

#endif
