const SLOW_END = /^\(node:\d+\) WARNING: Waiting for queued ZeroMQ messages to be delivered\..*\n/gm;

/**
 * What a process printed to standard error, without what ZeroMQ's binding says where the end of its threads takes more than half a
 * second: so it may on a busy machine, and nothing of ours is slow then.
 */
export function unwarned(stderr: string): string {
  return stderr.replace(SLOW_END, "");
}
