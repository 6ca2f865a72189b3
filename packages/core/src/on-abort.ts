/**
 * Many calls on one AbortSignal, with one listener: Node warns of a leak from the eleventh on, and one signal that ends all
 * of somebody's calls is no leak.
 */

import { TIMEOUT_MS_MAX } from "./deadline.js";

const callbacks = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back once when the signal is aborted, if it is not yet; until the returned function is called. Until then it keeps the
 * process: who waits can be woken by the signal, and the timer of `AbortSignal.timeout` keeps none.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const waiting = callbacks.get(signal) ?? listenTo(signal);
  waiting.add(callback);
  return () => {
    waiting.delete(callback);
    if (waiting.size > 0) return;
    callbacks.delete(signal);
    stopListening.get(waiting)?.();
  };
}

const stopListening = new WeakMap<Set<() => void>, () => void>();

function listenTo(signal: AbortSignal): Set<() => void> {
  const waiting = new Set<() => void>();
  const listener = () => {
    callbacks.delete(signal);
    for (const callback of waiting) callback();
  };
  signal.addEventListener("abort", listener, { once: true });
  callbacks.set(signal, waiting);
  const hold = setInterval(() => {}, TIMEOUT_MS_MAX);
  stopListening.set(waiting, () => {
    clearInterval(hold);
    signal.removeEventListener("abort", listener);
  });
  return waiting;
}
