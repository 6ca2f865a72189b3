/** Who waits until the log has come to a number. */

import { TOLD_MS } from "./timing.js";

export class Reached {
  #waiting: { readonly number: number; readonly tell: () => void }[] = [];

  /** Resolves when it has, or when it should have been told. */
  soon(number: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = {
        number,
        tell: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#waiting = this.#waiting.filter((one) => one !== waiting);
        resolve();
      }, TOLD_MS);
      this.#waiting.push(waiting);
    });
  }

  /** It has come to this one. */
  tell(number: number): void {
    if (this.#waiting.length === 0) return;
    this.#waiting = this.#waiting.filter((one) => {
      if (one.number > number) return true;
      one.tell();
      return false;
    });
  }
}
