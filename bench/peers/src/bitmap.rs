// SPDX-License-Identifier: MIT
//! bitmap-allocator: a tree of 16-bit words. Its capacity is a type: one table for each, and a pool
//! goes to the smallest that holds it. It aligns indices; index 0 stands for the pool's first frame,
//! which the workloads align, so its runs are aligned in memory too.

use crate::{NONE, PeerFrames};
use bitmap_allocator::{BitAlloc, BitAlloc1M, BitAlloc16M, BitAlloc64K, BitAlloc256M};
use core::ffi::c_void;
use std::alloc::{Layout, alloc_zeroed};
use std::boxed::Box;

struct Pool<T> {
    first: u64,
    bits: Box<T>,
}

unsafe extern "C" fn create<T: BitAlloc>(first: u64, nframes: u64) -> *mut c_void {
    let n = nframes as usize;
    if n > T::CAP || n <= T::CAP / 16 {
        return core::ptr::null_mut();
    }
    // All zeros is what T::DEFAULT is; that constant itself would be built on the stack.
    let mut bits: Box<T> = unsafe { Box::from_raw(alloc_zeroed(Layout::new::<T>()).cast()) };
    bits.insert(0..n);
    crate::boxed(Pool { first, bits })
}

unsafe extern "C" fn alloc<T: BitAlloc>(p: *mut c_void) -> u64 {
    let pool = unsafe { &mut *p.cast::<Pool<T>>() };
    pool.bits.alloc().map_or(NONE, |i| pool.first + i as u64)
}

unsafe extern "C" fn free<T: BitAlloc>(p: *mut c_void, pfn: u64) -> bool {
    let pool = unsafe { &mut *p.cast::<Pool<T>>() };
    pool.bits.dealloc((pfn - pool.first) as usize)
}

unsafe extern "C" fn run_alloc<T: BitAlloc>(p: *mut c_void, n: u64, align: u64) -> u64 {
    let pool = unsafe { &mut *p.cast::<Pool<T>>() };
    pool.bits
        .alloc_contiguous(None, n as usize, align.trailing_zeros() as usize)
        .map_or(NONE, |i| pool.first + i as u64)
}

unsafe extern "C" fn run_free<T: BitAlloc>(p: *mut c_void, pfn: u64, n: u64) -> bool {
    let pool = unsafe { &mut *p.cast::<Pool<T>>() };
    pool.bits
        .dealloc_contiguous((pfn - pool.first) as usize, n as usize)
}

const fn table<T: BitAlloc>() -> PeerFrames {
    PeerFrames {
        name: c"bitmap-allocator".as_ptr(),
        note: c"the smallest capacity that holds the pool".as_ptr(),
        shared: false,
        enter: None,
        create: create::<T>,
        destroy: crate::unbox::<Pool<T>>,
        alloc: alloc::<T>,
        free: free::<T>,
        run_alloc: Some(run_alloc::<T>),
        run_free: Some(run_free::<T>),
    }
}

#[unsafe(no_mangle)]
pub static PEER_FRAMES_BITMAP_64K: PeerFrames = table::<BitAlloc64K>();
#[unsafe(no_mangle)]
pub static PEER_FRAMES_BITMAP_1M: PeerFrames = table::<BitAlloc1M>();
#[unsafe(no_mangle)]
pub static PEER_FRAMES_BITMAP_16M: PeerFrames = table::<BitAlloc16M>();
#[unsafe(no_mangle)]
pub static PEER_FRAMES_BITMAP_256M: PeerFrames = table::<BitAlloc256M>();
