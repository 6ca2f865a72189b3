/** What clients agree on about time, in milliseconds. */

/** A call that the server has not answered for so long fails, and its connection with it. */
export const REQUEST_MS = 3_000;
/** Whoever waits looks again after so long, though nothing has woken it: a wake-up that a dying process took with it costs this. */
export const FALLBACK_MS = 3_000;
/** The longest that one blocking call blocks: it also tells whether the connection lives. */
export const BLOCK_MS = 3_000;
/** The server's answer to a blocking call may be so late. */
export const BLOCK_GRACE_MS = 500;
/** So long core offers again what may be in. It is answered from memory for much longer: of a named producer always, of others for a minute. */
export const RETRY_WINDOW_MS = 10_000;
/** Between tries to connect, at first and at most. */
export const PAUSE_MS: { readonly first: number; readonly most: number } = { first: 20, most: 250 };
/** The longest that a timer can be set for. */
export const TIMER_MS_MAX: number = 2 ** 31 - 1;
