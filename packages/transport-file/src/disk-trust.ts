/** Whether a handle may still believe its disk: after the first sync that fails, what it wrote before may be lost. */

import { BufferError, type Effect } from "@sluice/core";
import { SyncFailed } from "./shared-sync.js";
import { errnoOf } from "./storage-error.js";

export class DiskTrust {
  // The first sync that failed.
  #failure: SyncFailed | undefined;

  /** @throws BufferError `STORAGE_FAILED`, once a sync has failed. */
  check(effect: Effect = "none"): void {
    if (this.#failure === undefined) return;
    const message = "The disk has failed to sync for this handle before, which is not to be trusted any more";
    throw new BufferError("STORAGE_FAILED", message, {
      transport: "file",
      effect,
      cause: this.#failure,
    });
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
      const failed = new SyncFailed(error, effect);
      this.note(failed);
      throw failed;
    }
    // What this one builds on may be lost, even if the disk says that this is there.
    this.check(effect);
  }
}
