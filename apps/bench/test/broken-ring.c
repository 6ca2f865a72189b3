/* The ring with one promise broken, by the environment variable FAULT. */
#include "../src/peers/native/harness.h"

#define buffer_take honest_take
#include "../src/peers/native/mpmc-ring.c"
#undef buffer_take

static void buffer_take(struct buffer *buffer, unsigned char *item) {
  static unsigned char before[1024];
  static int is_held, calls;
  const char *fault = getenv("FAULT");
  if (is_held) {
    memcpy(item, before, item_bytes);
    is_held = 0;
    return;
  }
  honest_take(buffer, item);
  /* Once is enough, and the producer does not wait for room that never comes. */
  if ((strcmp(fault, "repeats") == 0 && ++calls == 1) || strcmp(fault, "swaps") == 0) {
    memcpy(before, item, item_bytes);
    is_held = 1;
  }
  if (strcmp(fault, "swaps") == 0) honest_take(buffer, item);
  if (strcmp(fault, "tears") == 0) item[item_bytes - 1] ^= 1;
  if (strcmp(fault, "dies") == 0) raise(SIGKILL);
}
