// SPDX-License-Identifier: MIT
//! o1heap: the C library, a list for each power of two. Blocks are aligned to 32 bytes; for more a
//! larger one is taken, and its address kept in front of what the caller gets.

use crate::PeerHeap;
use core::ffi::c_void;
use o1heap::{ALIGNMENT, O1HeapInstance, o1heapAllocate, o1heapFree, o1heapInit};

unsafe extern "C" fn create(arena: *mut u8, size: usize) -> *mut c_void {
    unsafe { o1heapInit(arena.cast(), size) }.cast()
}

/// It lives in its arena.
unsafe extern "C" fn destroy(_heap: *mut c_void) {}

unsafe extern "C" fn alloc(heap: *mut c_void, size: usize, align: usize) -> *mut u8 {
    let heap = heap.cast::<O1HeapInstance>();
    if align <= ALIGNMENT {
        return unsafe { o1heapAllocate(heap, size) }.cast();
    }
    let whole = unsafe { o1heapAllocate(heap, size + align) }.cast::<u8>();
    if whole.is_null() {
        return whole;
    }
    let block = whole.wrapping_add(align - (whole as usize & (align - 1)));
    unsafe { block.cast::<*mut u8>().sub(1).write(whole) };
    block
}

unsafe extern "C" fn free(heap: *mut c_void, block: *mut u8, _size: usize, align: usize) {
    let whole = if align <= ALIGNMENT {
        block
    } else {
        unsafe { block.cast::<*mut u8>().sub(1).read() }
    };
    unsafe { o1heapFree(heap.cast(), whole.cast()) };
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
pub static PEER_HEAP_O1HEAP: PeerHeap = PeerHeap {
    name: c"o1heap".as_ptr(),
    note: c"alignments above 32 by a larger block".as_ptr(),
    shared: false,
    unbounded: false,
    version: None,
    enter: None,
    create,
    destroy,
    alloc,
    free,
    realloc,
};
