// SPDX-License-Identifier: MIT
//! What allocators for a process have in common. Each is called by the entry that is fastest for what
//! is asked. They have memory from the system and not from the arena, and a heap or a cache for each
//! thread, so there is nothing to create.

use core::ffi::{CStr, c_void};

pub const NOTE: &CStr = c"for scale: memory from the system, a heap for each thread";

pub unsafe extern "C" fn create(arena: *mut u8, _size: usize) -> *mut c_void {
    arena.cast()
}

pub unsafe extern "C" fn destroy(_heap: *mut c_void) {}

/// Is a block of this size as aligned as that without being asked to?
pub fn aligned_anyway(size: usize, align: usize) -> bool {
    align <= 8 || (align <= 16 && align <= size)
}
