// SPDX-License-Identifier: MIT
//! linked_list_allocator: one list of holes, in the order of their addresses.

use crate::PeerHeap;
use core::ffi::c_void;
use core::ptr::{NonNull, null_mut};
use linked_list_allocator::Heap;

unsafe extern "C" fn create(arena: *mut u8, size: usize) -> *mut c_void {
    crate::boxed(unsafe { Heap::new(arena, size) })
}

unsafe extern "C" fn alloc(heap: *mut c_void, size: usize, align: usize) -> *mut u8 {
    let heap = unsafe { &mut *heap.cast::<Heap>() };
    heap.allocate_first_fit(unsafe { crate::layout(size, align) })
        .map_or(null_mut(), |block| block.as_ptr())
}

unsafe extern "C" fn free(heap: *mut c_void, block: *mut u8, size: usize, align: usize) {
    let heap = unsafe { &mut *heap.cast::<Heap>() };
    unsafe { heap.deallocate(NonNull::new_unchecked(block), crate::layout(size, align)) };
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
pub static PEER_HEAP_LINKED_LIST: PeerHeap = PeerHeap {
    name: c"linked_list_allocator".as_ptr(),
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
