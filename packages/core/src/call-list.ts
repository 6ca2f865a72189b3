/** Calls in the order in which they came; one in the middle can leave. A list linked through the calls themselves. */

import type { WaitingCall } from "./waiting-call.js";

export class CallList<C extends WaitingCall<unknown>> {
  #first: C | undefined;
  #last: C | undefined;
  #size = 0;
  #tries = 0;

  get first(): C | undefined {
    return this.#first;
  }

  get size(): number {
    return this.#size;
  }

  /** How many of them try once, so that nobody looks for them where there are none. */
  get tries(): number {
    return this.#tries;
  }

  /** The call in hand may be removed meanwhile. */
  *[Symbol.iterator](): Generator<C> {
    for (let call = this.#first; call !== undefined; call = call.next) yield call;
  }

  append(call: C): void {
    call.isInLine = true;
    call.previous = this.#last;
    if (this.#last === undefined) this.#first = call;
    else this.#last.next = call;
    this.#last = call;
    this.#size += 1;
    if (call.deadline.isTry) this.#tries += 1;
  }

  /** For a call that came before all others, and is in line only now. */
  prepend(call: C): void {
    const { first } = this;
    if (first === undefined) {
      this.append(call);
      return;
    }
    call.isInLine = true;
    call.next = first;
    first.previous = call;
    this.#first = call;
    this.#size += 1;
    if (call.deadline.isTry) this.#tries += 1;
  }

  remove(call: C): void {
    if (!call.isInLine) return;
    call.isInLine = false;
    // Its own link onwards stays, for whoever walks the list and has it in hand.
    if (call.previous === undefined) this.#first = call.next;
    else call.previous.next = call.next;
    if (call.next === undefined) this.#last = call.previous;
    else call.next.previous = call.previous;
    this.#size -= 1;
    if (call.deadline.isTry) this.#tries -= 1;
  }
}
