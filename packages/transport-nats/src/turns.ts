/** Turns that a call lets pass: whoever was served lately does not ask before those who were not. */

import type { Operation, WaitKind } from "@sluice/file-store";

const TURN_MS_MAX = 20;

export class Turns {
  /** By what ends each, for what its call waits; undefined where only time ends it. */
  readonly #passing: Map<() => void, WaitKind | undefined> = new Map();

  /**
   * Resolves when somebody else was served who waited for the same, and after a little more than a commit takes at the latest.
   *
   * @param commitMs - how long it does.
   */
  pass(commitMs: number, kind: WaitKind | undefined): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.#passing.delete(end);
        resolve();
      };
      const timer = setTimeout(end, Math.min(Math.ceil(commitMs), TURN_MS_MAX));
      this.#passing.set(end, kind);
    });
  }

  /** A commit of somebody else's counted. */
  heard(operations: readonly Operation[]): void {
    if (this.#passing.size === 0) return;
    for (const { op } of operations) {
      if (op === "put") this.#served("producer");
      else if (op === "take" || op === "lease") this.#served("consumer");
    }
  }

  #served(served: WaitKind): void {
    for (const [end, kind] of this.#passing) if (kind === served) end();
  }
}
