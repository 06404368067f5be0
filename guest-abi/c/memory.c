/* Memory: an allocator of blocks whose sizes are powers of two, and the functions that a
 * compiler takes for granted. A freed block waits in the list of its size. */
#include "postern.h"

#define BULK __attribute__((weak, target("bulk-memory")))

/* With the target feature each of these is one instruction. */
BULK void *memcpy(void *restrict to, const void *restrict from, size_t len) {
    return __builtin_memcpy(to, from, len);
}
BULK void *memmove(void *to, const void *from, size_t len) {
    return __builtin_memmove(to, from, len);
}
BULK void *memset(void *to, int byte, size_t len) {
    return __builtin_memset(to, byte, len);
}

extern uint8_t __heap_base;

#define SMALLEST_SHIFT 4
#define CLASSES 28
#define PAGE 65536u

/* In front of every block. */
typedef struct block {
    uint32_t class_index;
    struct block *next; /* while it is free */
} block;
_Static_assert(sizeof(block) == 8, "blocks stay aligned to 8");

static block *free_blocks[CLASSES];
static uintptr_t top;
static uintptr_t limit;

static block *extend(uint32_t size) {
    if (top == 0) {
        top = ((uintptr_t)&__heap_base + 7) & ~(uintptr_t)7;
        limit = (uintptr_t)__builtin_wasm_memory_size(0) * PAGE;
    }
    if (limit - top < size) {
        uint32_t pages = (uint32_t)((size - (limit - top) + PAGE - 1) / PAGE);
        if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1)
            return NULL;
        limit += (uintptr_t)pages * PAGE;
    }
    block *made = (block *)top;
    top += size;
    return made;
}

void *postern_alloc(uint32_t len) {
    uint32_t class_index = 0;
    if (len > (1u << 30))
        return NULL;
    while ((1u << (SMALLEST_SHIFT + class_index)) < len + sizeof(block))
        class_index++;
    block *found = free_blocks[class_index];
    if (found != NULL)
        free_blocks[class_index] = found->next;
    else if ((found = extend(1u << (SMALLEST_SHIFT + class_index))) == NULL)
        return NULL;
    found->class_index = class_index;
    return found + 1;
}

void postern_free(void *memory) {
    if (memory == NULL)
        return;
    block *freed = (block *)memory - 1;
    freed->next = free_blocks[freed->class_index];
    free_blocks[freed->class_index] = freed;
}
