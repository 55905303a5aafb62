// SPDX-License-Identifier: MIT
//! The crates of `bench/peers` that need no operating system, for bare RV64: the same files. What they
//! want of a library, boxes and ordered sets, is in the heap of the kernel that measures them.

#![no_std]

// The files say `std`, which they are compiled with elsewhere.
extern crate alloc as std;

use core::alloc::{GlobalAlloc, Layout};
use core::panic::PanicInfo;

#[path = "../../peers/src/bitmap.rs"]
mod bitmap;
#[path = "../../peers/src/buddy.rs"]
mod buddy;
#[path = "../../peers/src/dl.rs"]
mod dl;
#[path = "../../peers/src/good_memory.rs"]
mod good_memory;
#[path = "../../peers/src/linked_list.rs"]
mod linked_list;
#[path = "../../peers/src/rlsf.rs"]
mod rlsf;
#[path = "../../peers/src/table.rs"]
mod table;
#[path = "../../peers/src/talc.rs"]
mod talc;

pub use table::*;

// payload_peers.c
unsafe extern "C" {
    fn peers_memory(size: usize, align: usize) -> *mut u8;
    fn peers_memory_free(block: *mut u8);
    fn peers_panic() -> !;
}

struct KernelHeap;

unsafe impl GlobalAlloc for KernelHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { peers_memory(layout.size(), layout.align()) }
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        unsafe { peers_memory_free(block) }
    }
}

#[global_allocator]
static KERNEL_HEAP: KernelHeap = KernelHeap;

#[panic_handler]
fn panic(_: &PanicInfo) -> ! {
    unsafe { peers_panic() }
}
