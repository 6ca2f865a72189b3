/** What a broker says to its clients: what is said in one turn to one of them leaves in one packet. */

import * as wire from "./protocol.js";
import type { BrokerRouter } from "./router.js";
import type { Session } from "./session.js";

export class BrokerOutput {
  readonly #router: BrokerRouter;
  readonly #brokerId: Buffer;
  #unsent: Session[] = [];
  #isFlushing = false;
  #packets = 0;

  constructor(router: BrokerRouter, brokerId: Buffer) {
    this.#router = router;
    this.#brokerId = brokerId;
  }

  /** So many so far. */
  get packets(): number {
    return this.#packets;
  }

  /** There is something to hear for this client. */
  add(session: Session): void {
    if (this.#unsent.push(session) === 1) process.nextTick(() => this.flush());
  }

  async flush(): Promise<void> {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    while (this.#unsent.length > 0) {
      const sessions = this.#unsent;
      this.#unsent = [];
      for (const session of sessions) {
        const { routingId } = session;
        const output = session.takeOutput();
        // One without a connection asks again when it is back.
        if (routingId !== undefined && output.length > 0) await this.#send(routingId, output);
      }
    }
    this.#isFlushing = false;
  }

  /** To a connection of whom nothing is known. */
  sendTo(routingId: Buffer, part: Buffer): void {
    void this.#send(Buffer.from(routingId), [part]);
  }

  async #send(routingId: Buffer, parts: readonly Buffer[]): Promise<void> {
    try {
      this.#packets += 1;
      await this.#router.send([routingId, wire.brokerPacket(this.#brokerId, parts)]);
    } catch {
      // It has gone, or does not read: it asks again for what it has not got.
    }
  }
}
