/* SPDX-License-Identifier: MIT */
/* kernel_image.h - which memory the running image is in, part by part: what the linker knows. */
#ifndef ACRE_KERNEL_KERNEL_IMAGE_H
#define ACRE_KERNEL_KERNEL_IMAGE_H

#include "mm/map/memmap_fdt.h"

/* Boot hart's area, heap arena, heap table, text, constants, data, BSS. */
#define KERNEL_IMAGE_PARTS 7u

/* kernel_image_parts - the parts of the running image, most particular first. Result: all of it. */
struct acre_range kernel_image_parts(struct memmap_part part[KERNEL_IMAGE_PARTS]);

#endif
