/* SPDX-License-Identifier: MIT */
/*
 * load_threads.c - a program with many threads that allocate, free what others took, end and are
 * replaced, while it forks: each child allocates too, with threads of its own, and ends in order.
 *
 *	load_threads THREADS ROUNDS FORKS SEED
 *
 * Each block is filled, and looked at before it is freed or moved. Says how much was done, which
 * depends on nothing but the arguments.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define BLOCKS 200u
#define STEPS  2000u
#define MOST   128u /* threads */

struct block {
	unsigned char *at;
	size_t size;
	unsigned char fill;
};

struct worker {
	pthread_t id;
	uint64_t random;
	uint64_t sum;
	struct block block[BLOCKS];
};

/* Blocks that a thread leaves for whoever comes next. */
static struct {
	pthread_mutex_t lock;
	struct block block[BLOCKS];
} exchange = { .lock = PTHREAD_MUTEX_INITIALIZER };

static uint64_t next(struct worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random >> 8;
}

static void die(const char *what)
{
	fprintf(stderr, "load_threads: %s\n", what);
	_exit(1);
}

/* Mostly small, some runs, now and then one that has frames of its own. */
static size_t draw_size(struct worker *w)
{
	uint64_t kind = next(w) % 100;

	if (kind < 80)
		return next(w) % 500;
	if (kind < 97)
		return next(w) % 20000;
	return kind < 99 ? next(w) % 200000 : next(w) % 3000000;
}

static void check(const struct block *b)
{
	const size_t step = b->size > 4096 ? 509 : 1;

	for (size_t i = 0; i < b->size; i += step) {
		if (b->at[i] != b->fill)
			die("a block was overwritten");
	}
}

static void fill(struct block *b, uint64_t number)
{
	b->fill = (unsigned char)number;
	memset(b->at, b->fill, b->size);
}

static void take(struct worker *w, struct block *b)
{
	static const size_t aligns[] = { 8, 16, 64, 4096 };
	size_t align = aligns[next(w) % 4];

	b->size = draw_size(w);
	if (next(w) % 8 == 0) {
		if (posix_memalign((void **)&b->at, align, b->size) != 0)
			die("no aligned memory");
		if ((uintptr_t)b->at % align != 0)
			die("a block is not aligned");
	} else if (next(w) % 4 == 0) {
		b->at = calloc(1, b->size);
		check(b); /* fill is 0 */
	} else {
		b->at = malloc(b->size);
	}
	if (b->at == NULL || malloc_usable_size(b->at) < b->size)
		die("no memory, or too little");
	fill(b, next(w));
	w->sum += b->size;
}

static void move(struct worker *w, struct block *b)
{
	size_t size = draw_size(w) + 1;
	unsigned char *at = realloc(b->at, size);

	if (at == NULL)
		die("no memory to move");
	struct block kept = { at, size < b->size ? size : b->size, b->fill };
	check(&kept);
	b->at = at;
	b->size = size;
	fill(b, next(w));
}

static void drop(struct block *b)
{
	check(b);
	free(b->at);
	*b = (struct block){ 0 };
}

static void swap(struct block *b, uint64_t number)
{
	struct block *other = &exchange.block[number % BLOCKS];

	pthread_mutex_lock(&exchange.lock);
	struct block mine = *b;
	*b = *other;
	*other = mine;
	pthread_mutex_unlock(&exchange.lock);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (unsigned i = 0; i < STEPS; i++) {
		struct block *b = &w->block[next(w) % BLOCKS];
		uint64_t what = next(w) % 8;
		if (what == 0)
			swap(b, next(w));
		if (b->at == NULL)
			take(w, b);
		else if (what < 3)
			move(w, b);
		else
			drop(b);
	}
	for (unsigned i = 0; i < BLOCKS; i++) {
		if (w->block[i].at != NULL)
			drop(&w->block[i]);
	}
	return NULL;
}

static void start(struct worker *w, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->random = seed * 0x9e3779b97f4a7c15u | 1;
	if (pthread_create(&w->id, NULL, work, w) != 0)
		die("no thread");
}

/* A child: the exchange may be in the hands of a thread that is not here, so it is left alone. */
static void child(uint64_t seed)
{
	static struct worker w[4];

	pthread_mutex_init(&exchange.lock, NULL);
	memset(exchange.block, 0, sizeof(exchange.block));
	for (unsigned i = 0; i < 4; i++)
		start(&w[i], seed + i);
	for (unsigned i = 0; i < 4; i++)
		pthread_join(w[i].id, NULL);
	exit(0);
}

static void fork_once(uint64_t seed)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		child(seed);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		die("a child failed");
}

static void round_of(struct worker *w, unsigned threads, unsigned forks, uint64_t seed)
{
	for (unsigned i = 0; i < threads; i++)
		start(&w[i], seed + i);
	for (unsigned i = 0; i < forks; i++)
		fork_once(seed + threads + i);
	for (unsigned i = 0; i < threads; i++)
		pthread_join(w[i].id, NULL);
}

int main(int argc, char **argv)
{
	static struct worker w[MOST];

	if (argc != 5)
		die("usage: load_threads THREADS ROUNDS FORKS SEED");
	unsigned threads = (unsigned)strtoul(argv[1], NULL, 10);
	unsigned rounds = (unsigned)strtoul(argv[2], NULL, 10);
	unsigned forks = (unsigned)strtoul(argv[3], NULL, 10);
	uint64_t seed = strtoull(argv[4], NULL, 10);

	if (threads == 0 || threads > MOST)
		die("1 to 128 threads");
	for (unsigned i = 0; i < rounds; i++)
		round_of(w, threads, forks, seed + i * 1000);
	for (unsigned i = 0; i < BLOCKS; i++) {
		if (exchange.block[i].at != NULL)
			drop(&exchange.block[i]);
	}
	printf("%u threads, %u rounds, %u forks, seed %llu: ok\n", threads, rounds, forks,
	       (unsigned long long)seed);
	return 0;
}
