// SPDX-License-Identifier: MIT
//! mimalloc: version 3, or version 2 with the crate's feature `v2`.

use crate::{PeerHeap, process};
use core::ffi::{c_char, c_int, c_void};
use libmimalloc_sys::{mi_free, mi_malloc, mi_malloc_aligned, mi_realloc, mi_realloc_aligned};
use std::ffi::CString;
use std::sync::OnceLock;

unsafe extern "C" {
    fn mi_version() -> c_int;
}

/// Its digits are MAJOR MINOR MINOR PATCH PATCH.
unsafe extern "C" fn version() -> *const c_char {
    static TEXT: OnceLock<CString> = OnceLock::new();
    TEXT.get_or_init(|| {
        let v = unsafe { mi_version() };
        CString::new(format!("{}.{}.{}", v / 10000, v / 100 % 100, v % 100)).unwrap()
    })
    .as_ptr()
}

unsafe extern "C" fn alloc(_heap: *mut c_void, size: usize, align: usize) -> *mut u8 {
    unsafe {
        if process::aligned_anyway(size, align) {
            mi_malloc(size)
        } else {
            mi_malloc_aligned(size, align)
        }
        .cast()
    }
}

unsafe extern "C" fn free(_heap: *mut c_void, block: *mut u8, _size: usize, _align: usize) {
    unsafe { mi_free(block.cast()) }
}

unsafe extern "C" fn realloc(
    _heap: *mut c_void,
    block: *mut u8,
    _size: usize,
    align: usize,
    new_size: usize,
) -> *mut u8 {
    unsafe {
        if process::aligned_anyway(new_size, align) {
            mi_realloc(block.cast(), new_size)
        } else {
            mi_realloc_aligned(block.cast(), new_size, align)
        }
        .cast()
    }
}

const fn table(name: &'static core::ffi::CStr) -> PeerHeap {
    PeerHeap {
        name: name.as_ptr(),
        note: process::NOTE.as_ptr(),
        shared: true,
        unbounded: true,
        version: Some(version),
        enter: None,
        create: process::create,
        destroy: process::destroy,
        alloc,
        free,
        realloc,
    }
}

#[cfg(feature = "mimalloc3")]
#[unsafe(no_mangle)]
pub static PEER_HEAP_MIMALLOC3: PeerHeap = table(c"mimalloc 3");
#[cfg(feature = "mimalloc2")]
#[unsafe(no_mangle)]
pub static PEER_HEAP_MIMALLOC2: PeerHeap = table(c"mimalloc 2");
