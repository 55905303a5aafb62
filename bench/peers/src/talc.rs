// SPDX-License-Identifier: MIT
//! talc: bins of gaps and boundary tags. The bare allocator on one claimed arena.

use crate::PeerHeap;
use ::talc::base::Talc;
use ::talc::base::binning::DefaultBinning;
use ::talc::source::Manual;
use core::ffi::c_void;
use core::ptr::null_mut;

type Heap = Talc<Manual, DefaultBinning>;

unsafe extern "C" fn create(arena: *mut u8, size: usize) -> *mut c_void {
    let mut heap = Heap::new(Manual);
    if unsafe { heap.claim(arena, size) }.is_none() {
        return null_mut();
    }
    crate::boxed(heap)
}

unsafe extern "C" fn alloc(heap: *mut c_void, size: usize, align: usize) -> *mut u8 {
    let heap = unsafe { &mut *heap.cast::<Heap>() };
    unsafe { heap.allocate(crate::layout(size, align)) }.map_or(null_mut(), |block| block.as_ptr())
}

unsafe extern "C" fn free(heap: *mut c_void, block: *mut u8, size: usize, align: usize) {
    let heap = unsafe { &mut *heap.cast::<Heap>() };
    unsafe { heap.deallocate(block, crate::layout(size, align)) };
}

/// As the crate's own GlobalAlloc does it: in place, else by copy.
unsafe extern "C" fn realloc(
    heap: *mut c_void,
    block: *mut u8,
    size: usize,
    align: usize,
    new_size: usize,
) -> *mut u8 {
    unsafe {
        let bare = &mut *heap.cast::<Heap>();
        if bare.try_realloc_in_place(block, crate::layout(size, align), new_size) {
            return block;
        }
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
pub static PEER_HEAP_TALC: PeerHeap = PeerHeap {
    name: c"talc".as_ptr(),
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
