/** What a `WaitingLine` does not know: how waiting calls become one port call, and its answer theirs. */

import type { BufferFault } from "./errors.js";
import type { MaybePromise, Wait } from "./transport.js";

/** Tells whoever watches a handle that it waits: an operator sees a full buffer before it hurts. */
export interface WaitHooks {
  /** The buffer is full (a producer) or empty (a consumer), and at least one call of this handle waits. */
  readonly onWait?: (() => void) | undefined;
  /** An item passed again, or nobody waits any more. */
  readonly onResume?: ((waitedMs: number) => void) | undefined;
}

/** What an answer of the port means for the line. */
export interface Progress {
  /** An item passed. */
  readonly moved: boolean;
  /** There was no room or no item for the rest: the answer to whoever tries once. */
  readonly refused: boolean;
}

export interface LineWork<C, A> {
  /** For messages: `the item was put`. */
  readonly what: string;
  readonly transport: string;
  readonly waitersMax: number;
  readonly hooks: WaitHooks;
  /** The calls, from the first on, that the next port call is to serve; at least one. */
  gather(first: C): C[];
  /** Makes the port call. `wait` makes a fresh `Wait`, good for as long as these calls may wait from now. */
  ask(calls: readonly C[], wait: () => Wait): MaybePromise<A>;
  /** Whether there may be room, an item, or a seal, of which a port call that waits has not heard yet. */
  isNews(): Promise<boolean>;
  /** Settles the calls that the answer serves. Some may be settled already: those that the answer came too late for. */
  answered(calls: readonly C[], answer: A): Progress;
  /** The port call was in vain. */
  readonly heard: (fault: BufferFault) => void;
}

export function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
