/** Whether a handle waits, told once at the beginning and once at the end, however often the port is asked in between. */

import { now } from "./deadline.js";
import { callHook } from "./faults.js";
import type { WaitHooks } from "./line-work.js";

export class WaitWatch {
  readonly #hooks: WaitHooks;
  #since: number | undefined;

  constructor(hooks: WaitHooks) {
    this.#hooks = hooks;
  }

  begin(): void {
    if (this.#since !== undefined) return;
    this.#since = now();
    callHook(this.#hooks.onWait);
  }

  end(): void {
    if (this.#since === undefined) return;
    const waitedMs = now() - this.#since;
    this.#since = undefined;
    callHook(this.#hooks.onResume, waitedMs);
  }
}
