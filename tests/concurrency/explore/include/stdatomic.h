/* SPDX-License-Identifier: MIT */
/*
 * stdatomic.h (explore) - stands in front of the compiler's in the include path of the explorer, so that
 * each atomic operation of the shipped files is one step of the scheduler: it may switch to another
 * hart before each of them.
 */
#ifndef EXPLORE_STDATOMIC_H
#define EXPLORE_STDATOMIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
	memory_order_relaxed = __ATOMIC_RELAXED,
	memory_order_consume = __ATOMIC_CONSUME,
	memory_order_acquire = __ATOMIC_ACQUIRE,
	memory_order_release = __ATOMIC_RELEASE,
	memory_order_acq_rel = __ATOMIC_ACQ_REL,
	memory_order_seq_cst = __ATOMIC_SEQ_CST,
} memory_order;

typedef _Atomic(bool) atomic_bool;
typedef _Atomic(unsigned) atomic_uint;

enum explore_op {
	EXPLORE_ADD,
	EXPLORE_SUB,
	EXPLORE_AND,
	EXPLORE_OR,
	EXPLORE_XOR,
	EXPLORE_SWAP,
};

uint64_t explore_load(const volatile void *at, size_t size, memory_order order);
void explore_store(volatile void *at, size_t size, uint64_t value, memory_order order);
uint64_t explore_change(volatile void *at, size_t size, enum explore_op op, uint64_t by,
			memory_order order);
bool explore_compare_swap(volatile void *at, size_t size, void *expected, uint64_t value,
			  memory_order order);
void explore_fence(memory_order order);
void explore_copy(void *to, const volatile void *from, size_t n);

/* What an atomic object holds, without its qualifiers. */
#define EXPLORE_VALUE(at) __typeof__((void)0, *(at))
#define EXPLORE_CHANGE(at, op, by, order)                                                          \
	((EXPLORE_VALUE(at))explore_change((at), sizeof(*(at)), (op), (uint64_t)(by), (order)))

/* Nobody else knows the object yet. */
#define atomic_init(at, value) ((void)(*(at) = (value)))

#define atomic_load_explicit(at, order)                                                            \
	((EXPLORE_VALUE(at))explore_load((at), sizeof(*(at)), (order)))
#define atomic_store_explicit(at, value, order)                                                    \
	explore_store((at), sizeof(*(at)), (uint64_t)(EXPLORE_VALUE(at))(value), (order))
#define atomic_fetch_add_explicit(at, by, order) EXPLORE_CHANGE(at, EXPLORE_ADD, by, order)
#define atomic_fetch_sub_explicit(at, by, order) EXPLORE_CHANGE(at, EXPLORE_SUB, by, order)
#define atomic_fetch_and_explicit(at, by, order) EXPLORE_CHANGE(at, EXPLORE_AND, by, order)
#define atomic_fetch_or_explicit(at, by, order)  EXPLORE_CHANGE(at, EXPLORE_OR, by, order)
#define atomic_fetch_xor_explicit(at, by, order) EXPLORE_CHANGE(at, EXPLORE_XOR, by, order)
#define atomic_exchange_explicit(at, by, order)  EXPLORE_CHANGE(at, EXPLORE_SWAP, by, order)
#define atomic_compare_exchange_strong_explicit(at, expected, value, order, failed)                \
	explore_compare_swap((at), sizeof(*(at)), (expected),                                      \
			     (uint64_t)(EXPLORE_VALUE(at))(value), (order))
#define atomic_compare_exchange_weak_explicit(at, expected, value, order, failed)                  \
	atomic_compare_exchange_strong_explicit(at, expected, value, order, failed)

#define atomic_load(at)          atomic_load_explicit(at, memory_order_seq_cst)
#define atomic_store(at, value)  atomic_store_explicit(at, value, memory_order_seq_cst)
#define atomic_fetch_add(at, by) atomic_fetch_add_explicit(at, by, memory_order_seq_cst)
#define atomic_fetch_sub(at, by) atomic_fetch_sub_explicit(at, by, memory_order_seq_cst)
#define atomic_fetch_and(at, by) atomic_fetch_and_explicit(at, by, memory_order_seq_cst)
#define atomic_fetch_or(at, by)  atomic_fetch_or_explicit(at, by, memory_order_seq_cst)
#define atomic_exchange(at, by)  atomic_exchange_explicit(at, by, memory_order_seq_cst)

#define atomic_thread_fence(order) explore_fence(order)
/* Handlers run on the hart that they interrupt: what it has stored they see. */
#define atomic_signal_fence(order) ((void)(order))

#endif
