/** Puts items: the broker counts the room, and holds an offer until there is some. */

import type { Envelopes, Offered, ProducerPort, Wait } from "@sluice/core";
import { AT_ONCE } from "./at-once.js";
import type { BrokerConnection } from "./connection.js";
import type { OfferRequest } from "./protocol.js";
import * as wire from "./protocol.js";

export class ClientProducerPort implements ProducerPort {
  readonly lastSequence: number;
  readonly copiesAtOnce = true;
  readonly #connection: BrokerConnection;
  /** The broker's name for this registration, among those of this client. */
  readonly #number: number;

  constructor(connection: BrokerConnection, number: number, lastSequence: number) {
    this.lastSequence = lastSequence;
    this.#connection = connection;
    this.#number = number;
  }

  offer(first: number, items: readonly Uint8Array[], wait: Wait, envelopes?: Envelopes): Promise<Offered> {
    const offer = { producer: this.#number, first, items, envelopes };
    const end = wire.endOfOffer(offer, 0);
    if (end === items.length) return this.#offer(offer, 0, end, wait);
    // What does not go into one packet is kept until its turn.
    return this.#inParts({ ...offer, items: items.map((item) => new Uint8Array(item)) }, end, wait);
  }

  close(): Promise<void> {
    return this.#connection.retire(this.#number);
  }

  async #inParts(offer: Omit<OfferRequest, "waits">, firstEnd: number, wait: Wait): Promise<Offered> {
    const { items } = offer;
    let answer = await this.#offer(offer, 0, firstEnd, wait);
    for (let from = firstEnd; from < items.length && answer.accepted === from; ) {
      const to = wire.endOfOffer(offer, from);
      const { accepted, ...rest } = await this.#offer(offer, from, to, AT_ONCE);
      answer = { accepted: from + accepted, ...rest };
      from = to;
    }
    return answer;
  }

  async #offer(offer: Omit<OfferRequest, "waits">, from: number, to: number, wait: Wait): Promise<Offered> {
    const answer = await this.#connection.ask(
      (id) => wire.encodeOffer(id, { ...offer, waits: wait.maxMs > 0 }, from, to),
      wire.decodeOffered,
      { wait, effect: "unknown" },
    );
    const isCancelled = answer.accepted === 0 && answer.state === "full" && wait.signal.aborted;
    return isCancelled ? { accepted: 0, state: "open" } : answer;
  }
}
