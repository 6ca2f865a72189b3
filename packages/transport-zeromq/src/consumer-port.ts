/** Takes and leases items, and settles leases. */

import type { ConsumerPort, LeaseTerms, Polled, Settled, Settlement, Wait } from "@sluice/core";
import type { BrokerConnection } from "./connection.js";
import * as wire from "./protocol.js";
import { Kind } from "./protocol.js";

export class ClientConsumerPort implements ConsumerPort {
  readonly #connection: BrokerConnection;
  readonly #number: number;
  /** Of the buffer. */
  readonly #capacity: number;

  constructor(connection: BrokerConnection, number: number, capacity: number) {
    this.#connection = connection;
    this.#capacity = capacity;
    this.#number = number;
  }

  async poll(max: number, wait: Wait, lease?: LeaseTerms): Promise<Polled> {
    let request = 0;
    const poll = { consumer: this.#number, max, waits: wait.maxMs > 0, leaseMs: lease?.leaseMs ?? 0 };
    const polled = await this.#connection.ask(
      (id) => {
        request = id;
        return wire.encodePoll(id, poll);
      },
      wire.decodePolled,
      { wait },
    );
    if (polled.state === "empty" && wait.signal.aborted) return { deliveries: [], state: "open" };
    if (lease !== undefined || polled.deliveries.length === 0) return polled;
    // In the turn of receipt: what else is asked by then goes with it.
    const confirmed = this.#confirm(request);
    // With all that there can be, others wait for more. Otherwise they would go round in small groups, each in its own poll.
    if (polled.deliveries.length === this.#capacity) return { ...polled, confirmed };
    return (await confirmed) ? polled : { deliveries: [], state: "open" };
  }

  async #confirm(request: number): Promise<boolean> {
    try {
      const answer = await this.#connection.ask(
        (id) => wire.encodeNumber(Kind.Confirm, id, request),
        (body) => body.text(),
        { effect: "unknown" },
      );
      // Otherwise the broker took this client for dead meanwhile, and gave the items back.
      return answer === "done";
    } catch (error) {
      // If that has not arrived, it is not to keep the items for ever.
      this.#connection.abandon(request);
      throw error;
    }
  }

  settle(settlements: readonly Settlement[]): Promise<readonly Settled[]> {
    const end = wire.endOfSettle(settlements, 0);
    return end === settlements.length ? this.#settle(settlements) : this.#settleInParts(settlements, end);
  }

  async #settleInParts(settlements: readonly Settlement[], firstEnd: number): Promise<readonly Settled[]> {
    const parts = [settlements.slice(0, firstEnd)];
    for (let from = firstEnd; from < settlements.length; ) {
      const to = wire.endOfSettle(settlements, from);
      parts.push(settlements.slice(from, to));
      from = to;
    }
    return (await Promise.all(parts.map((part) => this.#settle(part)))).flat();
  }

  #settle(settlements: readonly Settlement[]): Promise<readonly Settled[]> {
    return this.#connection.ask((id) => wire.encodeSettle(id, settlements), wire.decodeSettled, {
      effect: "unknown",
    });
  }

  close(): Promise<void> {
    return this.#connection.giveUp((id) => wire.encodeNumber(Kind.Leave, id, this.#number));
  }
}
