/* SPDX-License-Identifier: MIT */
#ifndef PEERS_TRACES_H
#define PEERS_TRACES_H

#include <stdbool.h>

/*
 * traces_run - what real programs asked for, on all heaps: time, the smallest arena, and how full
 * an arena of 8 MiB stays for ever. The environment's TRACES names the folder of the unpacked traces;
 * where it is not set nothing is done. Result: did we ourselves answer rightly?
 */
bool traces_run(unsigned percent);

#endif
