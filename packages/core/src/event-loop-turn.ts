/**
 * Gives the event loop its turn. A port that answers at once, in a loop of `await`s, would otherwise run on microtasks alone:
 * timers, signals and sockets of the process would never be served.
 */

// Some hundred microseconds of the fastest port; a turn costs about one.
const COMPLETIONS_PER_TURN = 256;

// Shared by all handles of the process, because they share its event loop.
let completions = 0;
let waiting: (() => void)[] = [];

/** Counts one completion of a port call. False if the event loop is due: then wait with `afterTurn`. */
export function mayGoOn(): boolean {
  if (completions >= COMPLETIONS_PER_TURN) return false;
  completions += 1;
  return true;
}

/** Calls back when the event loop has had its turn. */
export function afterTurn(resume: () => void): void {
  if (waiting.length === 0) setImmediate(turn);
  waiting.push(resume);
}

function turn(): void {
  const resumed = waiting;
  waiting = [];
  completions = 0;
  for (const resume of resumed) resume();
}
