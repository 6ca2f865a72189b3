/* The kernel's own bounded buffer between processes, mq_overview(7): strict, and whoever waits sleeps. */
#include "harness.h"

#include <fcntl.h>
#include <mqueue.h>
#include <sys/stat.h>

struct buffer {
  mqd_t queue;
};

static void buffer_create(const char *name, unsigned capacity, unsigned bytes) {
  /* mq_flags 0: send and receive wait. mq_maxmsg: the capacity. mq_msgsize: no larger than an item, for the kernel sets
     this much aside for each. */
  struct mq_attr attributes = {.mq_flags = 0, .mq_maxmsg = capacity, .mq_msgsize = bytes};
  mqd_t queue = mq_open(name, O_CREAT | O_EXCL | O_RDWR, 0600, &attributes);
  if (queue == (mqd_t)-1) fail("mq_open");
}

static void buffer_destroy(const char *name) {
  if (mq_unlink(name) != 0) fail("mq_unlink");
}

static struct buffer *buffer_open(const char *name, unsigned bytes) {
  (void)bytes;
  struct buffer *buffer = malloc(sizeof *buffer);
  if (buffer == NULL) fail("malloc");
  buffer->queue = mq_open(name, O_RDWR);
  if (buffer->queue == (mqd_t)-1) fail("mq_open");
  return buffer;
}

/* Priority 0 for all: within one priority the order is that of the puts. */
static void buffer_put(struct buffer *buffer, const unsigned char *item) {
  while (mq_send(buffer->queue, (const char *)item, item_bytes, 0) != 0)
    if (errno != EINTR) fail("mq_send");
}

static void buffer_take(struct buffer *buffer, unsigned char *item) {
  for (;;) {
    ssize_t bytes = mq_receive(buffer->queue, (char *)item, item_bytes, NULL);
    if (bytes == (ssize_t)item_bytes) return;
    if (bytes >= 0 || errno != EINTR) fail("mq_receive");
  }
}
