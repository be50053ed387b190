/* Counts what a program allocates, in a file that others can read meanwhile.

   Preloaded (ld.so(8), LD_PRELOAD) with ALLOCATIONS_FILE naming a file of at least the size of
   `counts`: the number of allocations so far, and those alive by their size. It stands in for the
   functions of malloc(3) and leaves the work to the C library. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { CLASSES = 513, CLASS_BYTES = 16 };

struct counts {
    int64_t allocations;
    int64_t bytes;
    int64_t alive[CLASSES]; /* by usable size in steps of 16 bytes; the last is for all above */
};

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);

static struct counts none;
static struct counts *counts = &none;

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("ALLOCATIONS_FILE");
    int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *shared = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (shared != MAP_FAILED) counts = shared;
}

static void add(int64_t *number, int64_t change) {
    __atomic_fetch_add(number, change, __ATOMIC_RELAXED);
}

static void note(void *block, int64_t change) {
    size_t place = malloc_usable_size(block) / CLASS_BYTES;
    add(&counts->alive[place < CLASSES ? place : CLASSES - 1], change);
}

static void *begun(void *block) {
    if (!block) return block;
    add(&counts->allocations, 1);
    add(&counts->bytes, (int64_t)malloc_usable_size(block));
    note(block, 1);
    return block;
}

void *malloc(size_t size) { return begun(__libc_malloc(size)); }
void *calloc(size_t count, size_t size) { return begun(__libc_calloc(count, size)); }
void *memalign(size_t alignment, size_t size) { return begun(__libc_memalign(alignment, size)); }
void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **block, size_t alignment, size_t size) {
    *block = memalign(alignment, size);
    return *block ? 0 : ENOMEM;
}

void *realloc(void *old, size_t size) {
    if (old) note(old, -1);
    return begun(__libc_realloc(old, size));
}

void free(void *block) {
    if (block) note(block, -1);
    __libc_free(block);
}
