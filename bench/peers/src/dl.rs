// SPDX-License-Identifier: MIT
//! dlmalloc: the port of Doug Lea's allocator, on a 'system' that hands out the arena from its start
//! and takes nothing back.

use crate::PeerHeap;
use core::cell::Cell;
use core::ffi::c_void;
use core::ptr::null_mut;
use dlmalloc::{Allocator, Dlmalloc};

struct Arena {
    next: Cell<*mut u8>,
    end: *mut u8,
}

unsafe impl Send for Arena {}

unsafe impl Allocator for Arena {
    fn alloc(&self, size: usize) -> (*mut u8, usize, u32) {
        let start = self.next.get();
        if size > self.end as usize - start as usize {
            return (null_mut(), 0, 0);
        }
        self.next.set(start.wrapping_add(size));
        (start, size, 0)
    }

    fn remap(&self, _: *mut u8, _: usize, _: usize, _: bool) -> *mut u8 {
        null_mut()
    }

    fn free_part(&self, _: *mut u8, _: usize, _: usize) -> bool {
        false
    }

    fn free(&self, _: *mut u8, _: usize) -> bool {
        false
    }

    fn can_release_part(&self, _: u32) -> bool {
        false
    }

    fn allocates_zeros(&self) -> bool {
        false
    }

    fn page_size(&self) -> usize {
        4096
    }
}

type Heap = Dlmalloc<Arena>;

unsafe extern "C" fn create(arena: *mut u8, size: usize) -> *mut c_void {
    crate::boxed(Heap::new_with_allocator(Arena {
        next: Cell::new(arena),
        end: arena.wrapping_add(size),
    }))
}

unsafe extern "C" fn alloc(heap: *mut c_void, size: usize, align: usize) -> *mut u8 {
    unsafe { (*heap.cast::<Heap>()).malloc(size, align) }
}

unsafe extern "C" fn free(heap: *mut c_void, block: *mut u8, size: usize, align: usize) {
    unsafe { (*heap.cast::<Heap>()).free(block, size, align) }
}

unsafe extern "C" fn realloc(
    heap: *mut c_void,
    block: *mut u8,
    size: usize,
    align: usize,
    new_size: usize,
) -> *mut u8 {
    unsafe { (*heap.cast::<Heap>()).realloc(block, size, align, new_size) }
}

#[unsafe(no_mangle)]
pub static PEER_HEAP_DLMALLOC: PeerHeap = PeerHeap {
    name: c"dlmalloc".as_ptr(),
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
