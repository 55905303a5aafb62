/* SPDX-License-Identifier: MIT */
/*
 * run.h - running one workload of bench/ on one allocator: the clock, threads, crashes, and the lines
 * that come out. A line is
 *
 *	figure PART SIZE THREADS WORKLOAD PEER ROUND WHAT VALUE        separated by tabs
 *
 * where WHAT is ns (an operation), per_mille, bits (a frame), worst (ns), waited (per mille of the time that threads could not
 * run in, since the processor was at work for somebody else), or broken with a sentence. `report` makes tables of them.
 */
#ifndef RUN_H
#define RUN_H

#include <time.h>

#include "bench/bench.h"

#define MAX_THREADS 2u

/*
 * phase_seconds - after so long no new round of the same begins: on a machine with other work to do all
 * takes longer. @percent: of the rounds that are wanted.
 */
static inline double phase_seconds(unsigned percent)
{
	return percent < 10 ? 9 : 0.9 * percent;
}

/* So many quiet rounds of threads are enough (run_threads). */
#define ENOUGH 5u

/* What a line is about, and who is meant. */
struct measure {
	const char *part; /* "frames", "heap" */
	const char *size;
	const char *peer;
	unsigned round;
	void (*enter)(unsigned thread);
	bool nothing; /* its answers are not looked at */
};

/* say_value, say_broken - one line. */
void say_value(const struct measure *m, unsigned threads, const char *workload, const char *what,
	       double value);
void say_broken(const struct measure *m, unsigned threads, const char *workload, const char *why);

/*
 * run_plain - run @w on @r and say what it cost or measured. An allocator that panics or faults is survived and said so;
 * it must not be used any more.
 * Result: did the allocator do all that it should?
 */
bool run_plain(const struct measure *m, const struct bench_workload *w, struct bench_run *r);

/*
 * run_checked - run the checked build @w of a workload on an allocator with a trace around it (around.h), which
 * starts over. Says nothing but what is wrong.
 */
bool run_checked(const struct measure *m, const struct bench_workload *w, struct bench_run *r);

/*
 * run_threads - run @w on r[0 .. threads - 1] at one time: all windows open and close together. Two threads are not two
 * threads while one of them waits for a processor: @quiet says whether none waited for more than QUIET of the time.
 */
bool run_threads(const struct measure *m, const struct bench_workload *w, struct bench_run *r,
		 unsigned threads, bool *quiet);

#define QUIET 0.1

/* move_to_processor - this thread runs on the @number-th processor from now on, if there are two. */
void move_to_processor(unsigned number);

/* nanoseconds - what @clock says. */
static inline uint64_t nanoseconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* seconds - the time that has passed since the first call. */
double seconds(void);

/* take_memory - @size bytes, a multiple of @align, touched, all zero; for good. Ends the program if there are none. */
void *take_memory(size_t size, size_t align);

#endif
