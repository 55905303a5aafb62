// SPDX-License-Identifier: MIT
//! buddy_system_allocator: its frame allocator (an ordered set of free blocks for each order) and its
//! heap (a list for each order; a free walks the list for the buddy).

use crate::{NONE, PeerFrames, PeerHeap};
use buddy_system_allocator::{FrameAllocator, Heap};
use core::ffi::c_void;
use core::ptr::{NonNull, null_mut};

type Frames = FrameAllocator<33>;

unsafe extern "C" fn frames_create(first: u64, nframes: u64) -> *mut c_void {
    let mut frames = Frames::new();
    frames.add_frame(first as usize, (first + nframes) as usize);
    crate::boxed(frames)
}

unsafe extern "C" fn frames_alloc(pool: *mut c_void) -> u64 {
    let frames = unsafe { &mut *pool.cast::<Frames>() };
    frames.alloc(1).map_or(NONE, |pfn| pfn as u64)
}

unsafe extern "C" fn frames_free(pool: *mut c_void, pfn: u64) -> bool {
    let frames = unsafe { &mut *pool.cast::<Frames>() };
    frames.dealloc(pfn as usize, 1);
    true
}

/// Blocks are aligned to their size, and no workload asks for more.
unsafe extern "C" fn frames_run_alloc(pool: *mut c_void, n: u64, _align: u64) -> u64 {
    let frames = unsafe { &mut *pool.cast::<Frames>() };
    frames.alloc(n as usize).map_or(NONE, |pfn| pfn as u64)
}

unsafe extern "C" fn frames_run_free(pool: *mut c_void, pfn: u64, n: u64) -> bool {
    let frames = unsafe { &mut *pool.cast::<Frames>() };
    frames.dealloc(pfn as usize, n as usize);
    true
}

#[unsafe(no_mangle)]
pub static PEER_FRAMES_BUDDY: PeerFrames = PeerFrames {
    name: c"buddy_system_allocator".as_ptr(),
    note: c"its ordered sets live in the C library's heap".as_ptr(),
    shared: false,
    enter: None,
    create: frames_create,
    destroy: crate::unbox::<Frames>,
    alloc: frames_alloc,
    free: frames_free,
    run_alloc: Some(frames_run_alloc),
    run_free: Some(frames_run_free),
};

type Bytes = Heap<32>;

unsafe extern "C" fn create(arena: *mut u8, size: usize) -> *mut c_void {
    let mut heap = Bytes::new();
    unsafe { heap.init(arena as usize, size) };
    crate::boxed(heap)
}

unsafe extern "C" fn alloc(heap: *mut c_void, size: usize, align: usize) -> *mut u8 {
    let heap = unsafe { &mut *heap.cast::<Bytes>() };
    heap.alloc(unsafe { crate::layout(size, align) })
        .map_or(null_mut(), |block| block.as_ptr())
}

unsafe extern "C" fn free(heap: *mut c_void, block: *mut u8, size: usize, align: usize) {
    let heap = unsafe { &mut *heap.cast::<Bytes>() };
    unsafe { heap.dealloc(NonNull::new_unchecked(block), crate::layout(size, align)) };
}

unsafe extern "C" fn realloc(
    heap: *mut c_void,
    block: *mut u8,
    size: usize,
    align: usize,
    new_size: usize,
) -> *mut u8 {
    unsafe {
        crate::realloc_by_copy(
            block,
            size,
            new_size,
            || alloc(heap, new_size, align),
            || free(heap, block, size, align),
        )
    }
}

#[unsafe(no_mangle)]
pub static PEER_HEAP_BUDDY: PeerHeap = PeerHeap {
    name: c"buddy_system_allocator".as_ptr(),
    note: c"32 orders".as_ptr(),
    shared: false,
    unbounded: false,
    version: None,
    enter: None,
    create,
    destroy: crate::unbox::<Bytes>,
    alloc,
    free,
    realloc,
};
