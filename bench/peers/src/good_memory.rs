// SPDX-License-Identifier: MIT
//! good_memory_allocator: bins of free chunks by size and alignment, one list of all that are larger.

use crate::PeerHeap;
use core::ffi::c_void;
use good_memory_allocator::Allocator;

/// As many bins as the crate has unless told otherwise.
type Heap = Allocator;

/// It has pointers to itself once it has memory, so it gets that in its box.
unsafe extern "C" fn create(arena: *mut u8, size: usize) -> *mut c_void {
    let heap = crate::boxed(Heap::empty());
    unsafe { (*heap.cast::<Heap>()).init(arena as usize, size) };
    heap
}

unsafe extern "C" fn alloc(heap: *mut c_void, size: usize, align: usize) -> *mut u8 {
    let heap = unsafe { &mut *heap.cast::<Heap>() };
    unsafe { heap.alloc(crate::layout(size, align)) }
}

unsafe extern "C" fn free(heap: *mut c_void, block: *mut u8, _size: usize, _align: usize) {
    let heap = unsafe { &mut *heap.cast::<Heap>() };
    unsafe { heap.dealloc(block) };
}

unsafe extern "C" fn realloc(
    heap: *mut c_void,
    block: *mut u8,
    size: usize,
    align: usize,
    new_size: usize,
) -> *mut u8 {
    let heap = unsafe { &mut *heap.cast::<Heap>() };
    unsafe { heap.realloc(block, crate::layout(size, align), new_size) }
}

#[unsafe(no_mangle)]
pub static PEER_HEAP_GOOD_MEMORY: PeerHeap = PeerHeap {
    name: c"good_memory_allocator".as_ptr(),
    note: c"".as_ptr(),
    shared: false,
    unbounded: false,
    version: None,
    enter: None,
    create,
    destroy: crate::unbox::<Heap>,
    alloc,
    free,
    realloc,
};
