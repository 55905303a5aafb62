// SPDX-License-Identifier: MIT
//! The peers that come as Rust crates, behind the C tables of `peers.h`. Nothing here does more than
//! translate a call; none of it locks. The features of Cargo.toml choose which are in.

#![allow(dead_code)] // of table.rs and process.rs, one needs this and another that

mod process;
mod table;

#[cfg(feature = "arena")]
mod bitmap;
#[cfg(feature = "arena")]
mod buddy;
#[cfg(feature = "arena")]
mod dl;
#[cfg(feature = "arena")]
mod good_memory;
#[cfg(feature = "jemalloc")]
mod jemalloc;
#[cfg(feature = "arena")]
mod linked_list;
#[cfg(any(feature = "mimalloc2", feature = "mimalloc3"))]
mod mimalloc;
#[cfg(feature = "arena")]
mod o1;
#[cfg(feature = "arena")]
mod rlsf;
#[cfg(feature = "snmalloc")]
mod snmalloc;
#[cfg(feature = "arena")]
mod talc;

use table::*;
