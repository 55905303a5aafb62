#!/bin/sh
# SPDX-License-Identifier: MIT
# explore.t - locks, frames and heap, in every interleaving of their atomic operations up to a bound.
cd "$(dirname "$0")/../../.." && exec build/explore/explore
