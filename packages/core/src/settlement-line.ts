/** The settlements of one consumer's leases: those made in one turn, or while others are under way, go in one port call. */

import { BufferError, type BufferFault } from "./errors.js";
import { badAnswer, outcomeUnknown, portFault } from "./faults.js";
import type { ConsumerPort, Settled, Settlement } from "./transport.js";

// As many as an offer carries items.
const SETTLEMENTS_PER_CALL = 1024;

interface Waiting {
  readonly settlement: Settlement;
  readonly resolve: (settled: Settled) => void;
  readonly reject: (error: unknown) => void;
}

export class SettlementLine {
  readonly #port: ConsumerPort;
  readonly #transport: string;
  readonly #heard: (fault: BufferFault) => void;
  #waiting: Waiting[] = [];
  #working: Promise<void> | undefined;
  #ended: (() => unknown) | undefined;

  constructor(port: ConsumerPort, transport: string, heard: (fault: BufferFault) => void) {
    this.#port = port;
    this.#transport = transport;
    this.#heard = heard;
  }

  /** Rejects `BUFFER_BUSY` and the like as the port does, and `OUTCOME_UNKNOWN` where nobody can tell. */
  settle(settlement: Settlement): Promise<Settled> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ settlement, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /** Refuses further ones. Resolves when those that were made are settled. */
  async end(error: () => unknown): Promise<void> {
    this.#ended ??= error;
    await this.#working;
  }

  async #work(): Promise<void> {
    // The end of this turn: a caller that acks a batch acks it whole.
    await undefined;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, SETTLEMENTS_PER_CALL);
      try {
        const settled = await this.#port.settle(batch.map(({ settlement }) => settlement));
        if (settled.length !== batch.length) {
          throw badAnswer(this.#transport, `it answered ${settled.length} of ${batch.length} settlements`);
        }
        for (const [index, { resolve }] of batch.entries()) resolve(settled[index] ?? "lost");
      } catch (error) {
        const fault = portFault(error, this.#transport);
        const classed = this.#classed(fault);
        for (const { reject } of batch) reject(classed);
        this.#heard(fault);
      }
    }
    this.#working = undefined;
  }

  #classed(fault: BufferFault): BufferFault {
    return fault.effect === "none" ? fault : outcomeUnknown("the lease was settled", this.#transport, fault);
  }
}

export function leaseLost(why: string, transport: string): BufferError {
  return new BufferError("LEASE_LOST", `The lease is lost: ${why}`, { transport });
}
