/*
 * Dmitry Vyukov's bounded queue for many producers and many consumers, in a shared mapping: a sequence number in each
 * slot says whose turn it is. https://www.1024cores.net/home/lock-free-algorithms/queues/bounded-mpmc-queue
 *
 * The limit, not a rival: it spins instead of sleeping, and a process that is killed between claiming a slot and filling
 * it leaves a hole that stops everybody. Any capacity from 2 up; the slot is position modulo capacity.
 */
#include "harness.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* Two cache lines: processors fetch them in pairs. */
#define LINES 128
/* Many times as long as a cache line takes to come from the other core. Then the core is given away, for the partner may be
   waiting for this very one: without, two and two on two cores burn whole time slices. */
enum { SPINS_MAX = 200 };

struct slot {
  _Atomic uint32_t sequence;
  unsigned char item[];
};

struct ring {
  _Alignas(LINES) _Atomic uint32_t tail;
  _Alignas(LINES) _Atomic uint32_t head;
  _Alignas(LINES) uint32_t capacity;
  uint32_t slot_bytes;
  _Alignas(LINES) unsigned char slots[];
};

struct buffer {
  struct ring *ring;
  uint32_t capacity, slot_bytes;
};

static size_t ring_bytes(unsigned capacity, unsigned slot_bytes) {
  return sizeof(struct ring) + (size_t)capacity * slot_bytes;
}

static struct slot *slot_at(struct buffer *buffer, uint32_t position) {
  return (struct slot *)(buffer->ring->slots + (size_t)(position % buffer->capacity) * buffer->slot_bytes);
}

static struct ring *mapped(int descriptor, size_t bytes) {
  void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (at == MAP_FAILED) fail("mmap");
  close(descriptor);
  return at;
}

static void buffer_create(const char *name, unsigned capacity, unsigned bytes) {
  /* Whole lines, so that neighbours do not share one. */
  uint32_t slot_bytes = (uint32_t)(sizeof(struct slot) + bytes + 63) / 64 * 64;
  size_t size = ring_bytes(capacity, slot_bytes);
  int descriptor = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
  if (descriptor < 0) fail("shm_open");
  if (ftruncate(descriptor, (off_t)size) != 0) fail("ftruncate");
  struct buffer buffer = {.ring = mapped(descriptor, size), .capacity = capacity, .slot_bytes = slot_bytes};
  buffer.ring->capacity = capacity;
  buffer.ring->slot_bytes = slot_bytes;
  /* Written to in full, so that its pages are there before the clock starts. */
  memset(buffer.ring->slots, 0, (size_t)capacity * slot_bytes);
  for (uint32_t i = 0; i < capacity; i++) atomic_store(&slot_at(&buffer, i)->sequence, i);
}

static void buffer_destroy(const char *name) {
  if (shm_unlink(name) != 0) fail("shm_unlink");
}

static struct buffer *buffer_open(const char *name, unsigned bytes) {
  (void)bytes;
  struct buffer *buffer = malloc(sizeof *buffer);
  struct stat status;
  int descriptor = shm_open(name, O_RDWR, 0);
  if (buffer == NULL || descriptor < 0 || fstat(descriptor, &status) != 0) fail("shm_open");
  struct ring *ring = mapped(descriptor, (size_t)status.st_size);
  *buffer = (struct buffer){.ring = ring, .capacity = ring->capacity, .slot_bytes = ring->slot_bytes};
  /* Touched, so that this process has the pages before the clock starts. */
  for (uint32_t i = 0; i < buffer->capacity; i++) (void)atomic_load(&slot_at(buffer, i)->sequence);
  return buffer;
}

static void wait_a_little(unsigned *spins) {
  if (++*spins < SPINS_MAX) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
    return;
  }
  *spins = 0;
  sched_yield();
}

/* Claims the slot at `counter` once its sequence number is `ahead` of the position. */
static struct slot *claim(struct buffer *buffer, _Atomic uint32_t *counter, uint32_t ahead, uint32_t *claimed) {
  unsigned spins = 0;
  uint32_t position = atomic_load_explicit(counter, memory_order_relaxed);
  for (;;) {
    struct slot *slot = slot_at(buffer, position);
    uint32_t sequence = atomic_load_explicit(&slot->sequence, memory_order_acquire);
    int32_t difference = (int32_t)(sequence - (position + ahead));
    if (difference == 0) {
      if (atomic_compare_exchange_weak_explicit(counter, &position, position + 1, memory_order_relaxed,
                                                memory_order_relaxed)) {
        *claimed = position;
        return slot;
      }
      continue;
    }
    if (difference < 0) wait_a_little(&spins);
    position = atomic_load_explicit(counter, memory_order_relaxed);
  }
}

static void buffer_put(struct buffer *buffer, const unsigned char *item) {
  uint32_t position;
  struct slot *slot = claim(buffer, &buffer->ring->tail, 0, &position);
  memcpy(slot->item, item, item_bytes);
  atomic_store_explicit(&slot->sequence, position + 1, memory_order_release);
}

static void buffer_take(struct buffer *buffer, unsigned char *item) {
  uint32_t position;
  struct slot *slot = claim(buffer, &buffer->ring->head, 1, &position);
  memcpy(item, slot->item, item_bytes);
  atomic_store_explicit(&slot->sequence, position + buffer->capacity, memory_order_release);
}
