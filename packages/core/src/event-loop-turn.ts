/**
 * Gives the event loop its turn. A port that answers at once, in a loop of `await`s, would otherwise run on microtasks alone:
 * timers, signals and sockets of the process would never be served.
 */

// Some hundred microseconds of the fastest port; a turn costs about one.
const COMPLETIONS_PER_TURN = 256;

// Shared by all handles of the process, because they share its event loop.
let completions = 0;
const waiting: (() => void)[] = [];
let isTurnDue = false;

/** Counts one completion of a port call. False if the event loop is due: then wait with `afterTurn`. */
export function mayGoOn(): boolean {
  if (completions >= COMPLETIONS_PER_TURN) return false;
  completions += 1;
  return true;
}

/** Calls back when the event loop has had its turn, and those have who waited for one before. */
export function afterTurn(resume: () => void): void {
  waiting.push(resume);
  awaitTurn();
}

function awaitTurn(): void {
  if (isTurnDue) return;
  isTurnDue = true;
  setImmediate(turn);
}

function turn(): void {
  isTurnDue = false;
  completions = 0;
  // One that is asked again and again may use up all the completions: then the others come first in the next turn.
  for (let due = waiting.length; due > 0 && completions < COMPLETIONS_PER_TURN; due -= 1) waiting.shift()?.();
  if (waiting.length > 0) awaitTurn();
}
