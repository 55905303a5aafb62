// SPDX-License-Identifier: MIT
//! snmalloc: its entries for Rust, to which a free tells the size. They have no check that costs.

use crate::{PeerHeap, process};
use core::ffi::c_void;
use snmalloc_sys::{sn_rust_alloc, sn_rust_dealloc, sn_rust_realloc};

unsafe extern "C" fn alloc(_heap: *mut c_void, size: usize, align: usize) -> *mut u8 {
    unsafe { sn_rust_alloc(align, size) }.cast()
}

unsafe extern "C" fn free(_heap: *mut c_void, block: *mut u8, size: usize, align: usize) {
    unsafe { sn_rust_dealloc(block.cast(), align, size) };
}

unsafe extern "C" fn realloc(
    _heap: *mut c_void,
    block: *mut u8,
    size: usize,
    align: usize,
    new_size: usize,
) -> *mut u8 {
    unsafe { sn_rust_realloc(block.cast(), align, size, new_size) }.cast()
}

#[unsafe(no_mangle)]
pub static PEER_HEAP_SNMALLOC: PeerHeap = PeerHeap {
    name: c"snmalloc".as_ptr(),
    note: process::NOTE.as_ptr(),
    shared: true,
    unbounded: true,
    version: None,
    enter: None,
    create: process::create,
    destroy: process::destroy,
    alloc,
    free,
    realloc,
};
