/** What client and broker agree on about time, in milliseconds. */

/** A client that waits for an answer and hears nothing asks whether the broker is there. */
export const HEARTBEAT_MS = 1_000;
/** Silence for so long is taken for death. */
export const DEAD_MS = 3_000;
/** A client whose connection ended has so long to come back before it counts as dead: a process that died closes its end at once. */
export const RETURN_MS: { readonly ipc: number; readonly tcp: number } = { ipc: 250, tcp: 1_000 };
/** So long the broker remembers a client that is gone: what it answered, and how far its producers had come. */
export const REMEMBER_MS = 60_000;
/** So long a retried offer is safe: well within the above. */
export const RETRY_WINDOW_MS = 10_000;
/** The longest that a timer can be set for. */
export const TIMER_MS_MAX: number = 2 ** 31 - 1;
