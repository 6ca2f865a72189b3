/*
 * A worker process of the benchmark in C: the jobs of src/worker.ts, its items (src/item.ts) and its messages
 * (src/worker-messages.ts). A program defines what is declared here, and includes this file.
 *
 *     PROGRAM create NAME CAPACITY ITEM_BYTES
 *     PROGRAM destroy NAME
 *     PROGRAM producer|consumer|caller|echo INDEX COUNT ITEM_BYTES PUT[,PUT...] NAME [NAME]
 */
#ifndef HARNESS_H
#define HARNESS_H

#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

struct buffer;
static void buffer_create(const char *name, unsigned capacity, unsigned item_bytes);
static void buffer_destroy(const char *name);
static struct buffer *buffer_open(const char *name, unsigned item_bytes);
static void buffer_put(struct buffer *, const unsigned char *item);
static void buffer_take(struct buffer *, unsigned char *item);

enum { LABEL_BYTES = 10, PRODUCERS_MAX = 10, WARM_UP_ROUND_TRIPS = 20 };

static void fail(const char *what) {
  printf("{\"kind\":\"failed\",\"reason\":\"%s%s%s\"}\n", what, errno ? ": " : "", errno ? strerror(errno) : "");
  fflush(stdout);
  exit(1);
}

/* CLOCK_MONOTONIC, as in all other workers. */
static double now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* The parent's next message; there is one of each kind, in a known order, so what it says need not be read. */
static void hear(void) {
  int c;
  do {
    c = getchar();
    if (c == EOF) exit(1); /* A parent that is gone wants no result. */
  } while (c != '\n');
}

static void say_ready_and_wait(void) {
  puts("{\"kind\":\"ready\"}");
  fflush(stdout);
  hear();
}

static unsigned item_bytes;

static unsigned char *new_item(unsigned producer) {
  unsigned char *item = malloc(item_bytes);
  if (item == NULL) fail("malloc");
  memset(item, 'x', item_bytes);
  memset(item, '0', LABEL_BYTES);
  item[0] = (unsigned char)('0' + producer);
  memcpy(item + item_bytes - LABEL_BYTES, item, LABEL_BYTES);
  return item;
}

/* Makes the item the one with the next number. */
static void next_item(unsigned char *item) {
  int at = LABEL_BYTES - 1;
  while (item[at] == '9') item[at--] = '0';
  item[at]++;
  memcpy(item + item_bytes - LABEL_BYTES, item, LABEL_BYTES);
}

static struct {
  unsigned producers;
  long put[PRODUCERS_MAX], last[PRODUCERS_MAX], count;
  unsigned char *seen[PRODUCERS_MAX];
  char fault[120];
} arrivals;

static void note_fault(const char *format, long number, unsigned producer, long other) {
  if (arrivals.fault[0] == 0) snprintf(arrivals.fault, sizeof arrivals.fault, format, number, producer, other);
}

static long number_of(const unsigned char *item) {
  long number = 0;
  for (int i = 1; i < LABEL_BYTES; i++) {
    unsigned digit = (unsigned)item[i] - '0';
    if (digit > 9) return -1;
    number = number * 10 + digit;
  }
  return memcmp(item, item + item_bytes - LABEL_BYTES, LABEL_BYTES) == 0 ? number : -1;
}

static void note_arrival(const unsigned char *item) {
  arrivals.count++;
  long number = number_of(item);
  unsigned producer = (unsigned)item[0] - '0';
  if (number < 0 || producer >= arrivals.producers || number >= arrivals.put[producer]) {
    note_fault("an item that nobody put, after %ld others", arrivals.count - 1, 0, 0);
    return;
  }
  unsigned char *byte = &arrivals.seen[producer][number >> 3];
  unsigned bit = 1u << (number & 7);
  if (*byte & bit) note_fault("item %ld of producer %u came twice", number, producer, 0);
  *byte |= bit;
  if (number < arrivals.last[producer])
    note_fault("item %ld of producer %u came after its item %ld", number, producer, arrivals.last[producer]);
  arrivals.last[producer] = number;
}

static void read_put(char *list) {
  for (char *one = strtok(list, ","); one != NULL && arrivals.producers < PRODUCERS_MAX; one = strtok(NULL, ",")) {
    unsigned producer = arrivals.producers++;
    arrivals.put[producer] = atol(one);
    arrivals.last[producer] = -1;
    size_t bytes = (size_t)(arrivals.put[producer] + 7) / 8;
    arrivals.seen[producer] = malloc(bytes + 1);
    if (arrivals.seen[producer] == NULL) fail("malloc");
    /* Written to, so that its pages are there before the clock starts. */
    memset(arrivals.seen[producer], 1, bytes);
    memset(arrivals.seen[producer], 0, bytes);
  }
}

static void print_arrivals(void) {
  printf(",\"arrivals\":{\"count\":%ld,\"seen\":[", arrivals.count);
  for (unsigned producer = 0; producer < arrivals.producers; producer++) {
    printf(producer == 0 ? "\"" : ",\"");
    for (long i = 0; i < (arrivals.put[producer] + 7) / 8; i++) printf("%02x", arrivals.seen[producer][i]);
    printf("\"");
  }
  printf("]");
  if (arrivals.fault[0] != 0) printf(",\"fault\":\"%s\"", arrivals.fault);
  printf("}");
}

static int work(const char *role, unsigned index, long count, struct buffer *first, struct buffer *second) {
  int is_producer = strcmp(role, "producer") == 0, is_consumer = strcmp(role, "consumer") == 0;
  int is_caller = strcmp(role, "caller") == 0;
  unsigned char *item = new_item(is_producer ? index : 0);
  double *times = is_caller ? calloc((size_t)count, sizeof *times) : NULL;
  long round_trips = count + WARM_UP_ROUND_TRIPS;
  say_ready_and_wait();
  double started_at = now_ms();
  if (is_producer) {
    for (long i = 0; i < count; i++, next_item(item)) buffer_put(first, item);
  } else if (is_consumer) {
    for (long i = 0; i < count; i++) {
      buffer_take(first, item);
      note_arrival(item);
    }
  } else if (is_caller) {
    unsigned char *answer = new_item(0);
    for (long i = 0; i < round_trips; i++, next_item(item)) {
      double sent_at = now_ms();
      buffer_put(first, item);
      buffer_take(second, answer);
      if (i >= WARM_UP_ROUND_TRIPS) times[i - WARM_UP_ROUND_TRIPS] = now_ms() - sent_at;
      if (memcmp(item, answer, item_bytes) != 0) fail("a round trip brought another item");
    }
  } else {
    for (long i = 0; i < round_trips; i++) {
      buffer_take(first, item);
      buffer_put(second, item);
    }
  }
  double ended_at = now_ms();
  printf("{\"kind\":\"done\",\"report\":{\"startedAt\":%.6f,\"endedAt\":%.6f", started_at, ended_at);
  if (is_consumer) print_arrivals();
  if (is_caller) {
    printf(",\"roundTripsMs\":[");
    for (long i = 0; i < count; i++) printf(i == 0 ? "%.6f" : ",%.6f", times[i]);
    printf("]");
  }
  printf("}}\n");
  fflush(stdout);
  hear();
  return 0;
}

#if defined(PINNED) && defined(__linux__)
/* Producer 0 on the first core, consumer 0 on the next; producer 1 on the next, consumer 1 on the first of two; and so on. */
static void pin(const char *role, unsigned index) {
  int puts_first = strcmp(role, "producer") == 0 || strcmp(role, "caller") == 0;
  cpu_set_t allowed, one;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) fail("sched_getaffinity");
  int skip = (int)(index + (puts_first ? 0u : 1u)) % CPU_COUNT(&allowed);
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
    if (CPU_ISSET(cpu, &allowed) && skip-- == 0) CPU_SET(cpu, &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) fail("sched_setaffinity");
}
#else
static void pin(const char *role, unsigned index) {
  (void)role;
  (void)index;
}
#endif

int main(int argc, char **argv) {
  if (argc == 5 && strcmp(argv[1], "create") == 0) {
    buffer_create(argv[2], (unsigned)atoi(argv[3]), (unsigned)atoi(argv[4]));
    return 0;
  }
  if (argc == 3 && strcmp(argv[1], "destroy") == 0) {
    buffer_destroy(argv[2]);
    return 0;
  }
  if (argc < 7) {
    fputs("wrong arguments\n", stderr);
    return 2;
  }
#ifdef __linux__
  /* One that spins or waits would not notice that its parent is gone. */
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
  item_bytes = (unsigned)atoi(argv[4]);
  pin(argv[1], (unsigned)atoi(argv[2]));
  read_put(argv[5]);
  hear(); /* The job, which is in the arguments. */
  struct buffer *first = buffer_open(argv[6], item_bytes);
  struct buffer *second = argc > 7 ? buffer_open(argv[7], item_bytes) : NULL;
  return work(argv[1], (unsigned)atoi(argv[2]), atol(argv[3]), first, second);
}

#endif
