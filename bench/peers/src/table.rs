// SPDX-License-Identifier: MIT
//! The C tables of `peers.h` in Rust, and what several peers need to fill one. `bench/peers-rv64` has these
//! files too, in a library without `std`: there `alloc` has that name.

use core::alloc::Layout;
use core::ffi::{c_char, c_uint, c_void};
use std::boxed::Box;

pub const NONE: u64 = u64::MAX;

/// `struct peer_frames` of `peers.h`.
#[repr(C)]
pub struct PeerFrames {
    pub name: *const c_char,
    pub note: *const c_char,
    pub shared: bool,
    pub enter: Option<unsafe extern "C" fn(thread: c_uint)>,
    pub create: unsafe extern "C" fn(first: u64, nframes: u64) -> *mut c_void,
    pub destroy: unsafe extern "C" fn(pool: *mut c_void),
    pub alloc: unsafe extern "C" fn(pool: *mut c_void) -> u64,
    pub free: unsafe extern "C" fn(pool: *mut c_void, pfn: u64) -> bool,
    pub run_alloc: Option<unsafe extern "C" fn(pool: *mut c_void, n: u64, align: u64) -> u64>,
    pub run_free: Option<unsafe extern "C" fn(pool: *mut c_void, pfn: u64, n: u64) -> bool>,
}

/// `struct peer_heap` of `peers.h`.
#[repr(C)]
pub struct PeerHeap {
    pub name: *const c_char,
    pub note: *const c_char,
    pub shared: bool,
    pub unbounded: bool,
    pub version: Option<unsafe extern "C" fn() -> *const c_char>,
    pub enter: Option<unsafe extern "C" fn(thread: c_uint)>,
    pub create: unsafe extern "C" fn(arena: *mut u8, size: usize) -> *mut c_void,
    pub destroy: unsafe extern "C" fn(heap: *mut c_void),
    pub alloc: unsafe extern "C" fn(heap: *mut c_void, size: usize, align: usize) -> *mut u8,
    pub free: unsafe extern "C" fn(heap: *mut c_void, block: *mut u8, size: usize, align: usize),
    pub realloc: unsafe extern "C" fn(
        heap: *mut c_void,
        block: *mut u8,
        size: usize,
        align: usize,
        new_size: usize,
    ) -> *mut u8,
}

// The pointers are to string constants.
unsafe impl Sync for PeerFrames {}
unsafe impl Sync for PeerHeap {}

/// The layout of a request. The workloads ask for no size of 0 and for powers of two only.
pub unsafe fn layout(size: usize, align: usize) -> Layout {
    unsafe { Layout::from_size_align_unchecked(size, align) }
}

pub fn boxed<T>(instance: T) -> *mut c_void {
    Box::into_raw(Box::new(instance)).cast()
}

pub unsafe extern "C" fn unbox<T>(instance: *mut c_void) {
    drop(unsafe { Box::from_raw(instance.cast::<T>()) });
}

/// What `GlobalAlloc::realloc` does for an allocator that has nothing of its own.
pub unsafe fn realloc_by_copy(
    block: *mut u8,
    size: usize,
    new_size: usize,
    alloc: impl FnOnce() -> *mut u8,
    free: impl FnOnce(),
) -> *mut u8 {
    let new = alloc();
    if !new.is_null() {
        unsafe { core::ptr::copy_nonoverlapping(block, new, size.min(new_size)) };
        free();
    }
    new
}
