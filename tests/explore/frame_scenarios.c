/* SPDX-License-Identifier: MIT */
#include "tests/explore/explore.h"
const struct explore_scenario explore_frame_scenarios[] = { { .name = NULL } };
