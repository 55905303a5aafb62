// SPDX-License-Identifier: MIT
//! jemalloc: malloc() where no flag is needed, and a free that is told the size.

use crate::{PeerHeap, process};
use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;
use tikv_jemalloc_sys::{MALLOCX_ALIGN, mallctl, malloc, mallocx, rallocx, realloc, sdallocx};

unsafe extern "C" fn version() -> *const c_char {
    let mut text: *const c_char = c"?".as_ptr();
    let mut size = size_of_val(&text);
    let at = (&raw mut text).cast();
    unsafe { mallctl(c"version".as_ptr(), at, &mut size, null_mut(), 0) };
    text
}

fn flags(size: usize, align: usize) -> c_int {
    if process::aligned_anyway(size, align) {
        0
    } else {
        MALLOCX_ALIGN(align)
    }
}

unsafe extern "C" fn alloc(_heap: *mut c_void, size: usize, align: usize) -> *mut u8 {
    match flags(size, align) {
        0 => unsafe { malloc(size) }.cast(),
        flags => unsafe { mallocx(size, flags) }.cast(),
    }
}

unsafe extern "C" fn free(_heap: *mut c_void, block: *mut u8, size: usize, align: usize) {
    unsafe { sdallocx(block.cast(), size, flags(size, align)) }
}

unsafe extern "C" fn resize(
    _heap: *mut c_void,
    block: *mut u8,
    _size: usize,
    align: usize,
    new_size: usize,
) -> *mut u8 {
    match flags(new_size, align) {
        0 => unsafe { realloc(block.cast(), new_size) }.cast(),
        flags => unsafe { rallocx(block.cast(), new_size, flags) }.cast(),
    }
}

#[unsafe(no_mangle)]
pub static PEER_HEAP_JEMALLOC: PeerHeap = PeerHeap {
    name: c"jemalloc".as_ptr(),
    note: process::NOTE.as_ptr(),
    shared: true,
    unbounded: true,
    version: Some(version),
    enter: None,
    create: process::create,
    destroy: process::destroy,
    alloc,
    free,
    realloc: resize,
};
