/** What a call comes to, before it is true. */

import type { BufferState } from "./buffer-state.js";
import type { Operation } from "./operation.js";

/** What a call comes to in a given state: an answer as it is, or one that holds once the operations are committed. */
export type Decision<T> =
  | { readonly answer: T /** The answer must not be undone by a power cut. */; readonly final?: boolean }
  | {
      readonly operations: readonly Operation[];
      readonly items?: readonly Uint8Array[];
      /** The answer tells of this state too, and is not true after a commit that comes in between. */
      readonly tellsState?: boolean;
      /** @param had - the items that it takes, where others took those first that it would have had. */
      readonly reply: (commit: number, had?: Had) => T;
    };

/** Items in a row: the sequence of the first, and how many. */
export interface Had {
  readonly from: number;
  readonly count: number;
}

/** Asked again for every state that turns out to be the current one. Throws `Stale` to be asked again at once. */
export type Decide<T> = (state: BufferState) => Decision<T>;

export interface Done<T> {
  readonly answer: T;
}

/** How long a call has for all it does: until this instant of `performance.now`, or until its caller gives up. */
export interface Patience {
  readonly until: number;
  readonly signal: AbortSignal;
  /** It has found nothing before, and been woken since. */
  readonly hasWaited: boolean;
}

/** The state that was looked at is no longer current: look again. */
export class Stale extends Error {}

/** What is decided; undefined if what was looked at is no longer current. */
export function decideIfCurrent<T>(decide: Decide<T>, state: BufferState): Decision<T> | undefined {
  try {
    return decide(state);
  } catch (error) {
    if (error instanceof Stale) return undefined;
    throw error;
  }
}
