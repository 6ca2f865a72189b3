/** What clients agree on about time, in milliseconds. */

/** A call that cannot reach any server for so long fails. */
export const REQUEST_MS = 3_000;
/** A call whose commit is in doubt, or whose servers are choosing a leader, fails after so long. */
export const DOUBT_MS = 10_000;
/** A stream that its maker has not called a buffer for so long is of one that died: less than `DOUBT_MS`, within which another one is made. */
export const UNMADE_MS = 5_000;
/** One request waits so long for its answer; then the connection is given up, and another made. */
export const ANSWER_MS = 2_000;
/** Whoever waits asks the server so often whether it has heard everything. */
export const FALLBACK_MS = 2_000;
/** What the server tells may come so late behind the answer that speaks of it. */
export const TOLD_MS = 25;
/** What is published without an answer, and not told to its maker for so long, is published once more, and answered. */
export const UNTOLD_MS = 500;
/** A handle that is open says so, if it has nothing else to say. */
export const STILL_HERE_MS: number = 4 * 60_000;
/** A handle that was not heard of for so long is gone. */
export const SILENT_MS: number = 10 * 60_000;
/** A retried offer is certainly answered from memory for so long: half of the silence after which one without an id is forgotten. */
export const RETRY_WINDOW_MS: number = 5 * 60_000;
/** The server's clock is asked for again after so long. */
export const CLOCK_MS = 60_000;
/** Between tries, at first and at most. */
export const PAUSE_MS: { readonly first: number; readonly most: number } = { first: 10, most: 250 };
/** The longest that a timer can be set for. */
export const TIMER_MS_MAX: number = 2 ** 31 - 1;
