// SPDX-License-Identifier: MIT
//! rlsf: two-level segregated fit. 28 by 32 classes reach from 32 bytes to 8 GiB.

use crate::PeerHeap;
use ::rlsf::Tlsf;
use core::ffi::c_void;
use core::ptr::{NonNull, null_mut, slice_from_raw_parts_mut};

type Heap = Tlsf<'static, u32, u32, 28, 32>;

unsafe extern "C" fn create(arena: *mut u8, size: usize) -> *mut c_void {
    let mut heap = Heap::new();
    let block = slice_from_raw_parts_mut(arena, size);
    if unsafe { heap.insert_free_block_ptr(NonNull::new_unchecked(block)) }.is_none() {
        return null_mut();
    }
    crate::boxed(heap)
}

unsafe extern "C" fn alloc(heap: *mut c_void, size: usize, align: usize) -> *mut u8 {
    let heap = unsafe { &mut *heap.cast::<Heap>() };
    heap.allocate(unsafe { crate::layout(size, align) })
        .map_or(null_mut(), |block| block.as_ptr())
}

unsafe extern "C" fn free(heap: *mut c_void, block: *mut u8, _size: usize, align: usize) {
    let heap = unsafe { &mut *heap.cast::<Heap>() };
    unsafe { heap.deallocate(NonNull::new_unchecked(block), align) };
}

unsafe extern "C" fn realloc(
    heap: *mut c_void,
    block: *mut u8,
    _size: usize,
    align: usize,
    new_size: usize,
) -> *mut u8 {
    let heap = unsafe { &mut *heap.cast::<Heap>() };
    unsafe {
        heap.reallocate(
            NonNull::new_unchecked(block),
            crate::layout(new_size, align),
        )
    }
    .map_or(null_mut(), |block| block.as_ptr())
}

#[unsafe(no_mangle)]
pub static PEER_HEAP_RLSF: PeerHeap = PeerHeap {
    name: c"rlsf".as_ptr(),
    note: c"28 x 32 classes".as_ptr(),
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
