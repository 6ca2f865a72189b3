/** A take, lease, takeMany or leaseMany while it waits. */

import type { Deadline } from "./deadline.js";
import { BufferError, UndecodableItemError } from "./errors.js";
import { WaitingCall } from "./waiting-call.js";

/** One taken value, or the normal end: the buffer is sealed, and nothing is ready or leased. */
export type TakeResult<V> =
  | { readonly done: false; readonly value: V }
  | { readonly done: true; readonly value?: undefined };

const DONE: { readonly done: true } = Object.freeze({ done: true });

export type TakeForm = "one" | "try" | "many";

export class TakeCall extends WaitingCall<unknown> {
  readonly form: TakeForm;
  /** Most values; 1 but for `many`. */
  readonly max: number;
  /** The terms of a lease, or undefined for a plain take. Calls of equal terms are polled for together. */
  readonly leaseMs: number | undefined;
  readonly #transport: string;

  constructor(
    form: TakeForm,
    max: number,
    leaseMs: number | undefined,
    deadline: Deadline,
    transport: string,
  ) {
    super(deadline);
    this.form = form;
    this.max = max;
    this.leaseMs = leaseMs;
    this.#transport = transport;
  }

  /** Settles it with 1 to `max` values, and the items that no value could be made of. */
  give(values: readonly unknown[], undecodable: readonly UndecodableItemError[]): void {
    const error = this.#errorOf(values, undecodable);
    if (error === undefined) this.finish(this.#resultOf(values));
    else this.fail(error);
  }

  /** The same, once it is known that the items have arrived; where they have not, it becomes what `again` does. */
  giveOnce(
    arrived: Promise<boolean>,
    values: readonly unknown[],
    undecodable: readonly UndecodableItemError[],
    again: () => Promise<unknown>,
  ): void {
    if (this.isSettled) return;
    const error = this.#errorOf(values, undecodable);
    this.finish(
      arrived.then((isTheirs) => {
        if (!isTheirs) return again();
        if (error !== undefined) throw error;
        return this.#resultOf(values);
      }),
    );
  }

  #resultOf(values: readonly unknown[]): unknown {
    return this.form === "many" ? values : { done: false, value: values[0] };
  }

  // One item has been taken, and the error carries it; of many, it carries the others too.
  #errorOf(
    values: readonly unknown[],
    undecodable: readonly UndecodableItemError[],
  ): UndecodableItemError | undefined {
    const [first] = undecodable;
    if (first === undefined) return undefined;
    const items = undecodable.map((error) => error.item);
    const { message, item, transport, cause } = first;
    const options = { cause, items, ...(transport === undefined ? {} : { transport }) };
    return new UndecodableItemError(message, item, values, options);
  }

  /** The buffer is drained. */
  endOfItems(): void {
    this.finish(this.form === "many" ? [] : DONE);
  }

  giveUp(isKnown: boolean): void {
    const when = isKnown ? "while the buffer was empty" : "before the buffer had answered";
    const message = `The time to wait passed ${when}: nothing was taken`;
    if (this.form === "try") this.finish("empty");
    else this.fail(new BufferError("WAIT_TIMED_OUT", message, { transport: this.#transport }));
  }
}
