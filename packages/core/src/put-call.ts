/** A put, tryPut or putMany while it waits: its items, and how many of them are in the buffer. */

import type { Deadline } from "./deadline.js";
import { BufferError } from "./errors.js";
import type { Offered } from "./transport.js";
import { WaitingCall } from "./waiting-call.js";

/** What all puts of a producer share. */
export interface PutPlace {
  readonly transport: string;
  /** What ran out when the port last said that the buffer is full; before it has, what alone can run out. */
  lastFullBy: Offered["fullBy"];
}

export type PutForm = "put" | "tryPut" | "putMany";
/** Where it is `full` or `sealed`, the item is not in the buffer. */
export type TryPutResult = "accepted" | "full" | "sealed";

export class PutCall extends WaitingCall<unknown> {
  readonly form: PutForm;
  /** Bytes that nobody changes. An ordered prefix of them is in the buffer. */
  readonly items: readonly Uint8Array[];
  /** That of each of them. */
  readonly envelope: Uint8Array | undefined;
  accepted = 0;
  readonly #place: PutPlace;

  constructor(
    form: PutForm,
    items: readonly Uint8Array[],
    envelope: Uint8Array | undefined,
    deadline: Deadline,
    place: PutPlace,
  ) {
    super(deadline);
    this.form = form;
    this.items = items;
    this.envelope = envelope;
    this.#place = place;
  }

  /** The port has these of its remaining items. */
  accept(count: number): void {
    this.accepted += count;
    if (this.accepted < this.items.length) return;
    if (this.form === "put") this.finish(undefined);
    else this.finish(this.form === "tryPut" ? "accepted" : this.accepted);
  }

  refuseAsSealed(): void {
    const message = "The buffer is sealed: it takes no more items, and this one is not in it";
    if (this.form === "tryPut") this.finish("sealed");
    else this.stop(new BufferError("BUFFER_SEALED", message, { transport: this.#place.transport }));
  }

  giveUp(isKnown: boolean): void {
    if (this.form === "tryPut") {
      this.finish("full");
      return;
    }
    const { transport, lastFullBy } = this.#place;
    const by = lastFullBy === undefined ? "" : ` (by ${lastFullBy})`;
    const when = isKnown ? `while the buffer was full${by}` : "before the buffer had answered";
    const message = `The time to wait passed ${when}: nothing was put`;
    this.stop(new BufferError("WAIT_TIMED_OUT", message, { transport }));
  }

  /** Of a `putMany`, what was accepted before is the result. */
  override stop(error: unknown): void {
    if (this.form === "putMany" && this.accepted > 0) this.finish(this.accepted);
    else this.fail(error);
  }
}
