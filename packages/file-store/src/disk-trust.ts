/** Whether a handle may still believe its disk: after the first sync that fails, what it wrote before may be lost. */

import type { Effect } from "@sluice/core";
import { errnoOf, type Faults } from "./faults.js";
import { SyncFailed } from "./shared-sync.js";

export class DiskTrust {
  readonly #faults: Faults;
  // The first sync that failed.
  #failure: SyncFailed | undefined;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /** @throws BufferError `STORAGE_FAILED`, once a sync has failed. */
  check(effect: Effect = "none"): void {
    if (this.#failure === undefined) return;
    const message = "The disk has failed to sync for this handle before, which is not to be trusted any more";
    throw this.#faults.of("STORAGE_FAILED", message, { effect, cause: this.#failure });
  }

  /** Takes note, if it was a sync that failed. */
  note(error: unknown): void {
    if (error instanceof SyncFailed) this.#failure ??= error;
  }

  /** @param effect - what the call in question has come to if the sync fails. */
  async sync(effect: Effect, sync: () => Promise<void>): Promise<void> {
    try {
      await sync();
    } catch (error) {
      // The directory was cut off and removed meanwhile, and synced before that.
      if (errnoOf(error) === "ENOENT") return;
      const failed = new SyncFailed(error, this.#faults, effect);
      this.note(failed);
      throw failed;
    }
    // What this one builds on may be lost, even if the disk says that this is there.
    this.check(effect);
  }
}
