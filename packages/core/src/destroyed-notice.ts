/** Whichever call of a handle is told that the buffer was destroyed, all that is held of it is over: whoever holds it hears so. */

import { type BufferFault, isBufferError } from "./errors.js";

export class DestroyedNotice {
  readonly #holders: Set<(fault: BufferFault) => void> = new Set();

  /** Returns what ends the listening. */
  listen(holder: (fault: BufferFault) => void): () => void {
    this.#holders.add(holder);
    return () => this.#holders.delete(holder);
  }

  /** Of any fault of the port: most mean nothing here. */
  heard(fault: unknown): void {
    if (!isBufferError(fault, "BUFFER_DESTROYED")) return;
    for (const holder of [...this.#holders]) holder(fault);
  }
}
