/** Registrations of producers: made, resumed, ended. */

import { PRODUCER_ID_CHARACTERS_MAX } from "@sluice/core";
import type { BrokerPort } from "@sluice/file-store";
import type { Tasks } from "./buffer-requests.js";
import { fault } from "./faults.js";
import * as wire from "./protocol.js";
import type { RequestLines } from "./request-lines.js";
import type { Session } from "./session.js";
import { UnresumedProducers } from "./unresumed-producers.js";

export class ProducerRequests {
  /** Of an earlier broker's clients. */
  readonly unresumed: UnresumedProducers;
  readonly #store: BrokerPort;
  readonly #lines: RequestLines;
  readonly #tasks: Tasks;

  constructor(store: BrokerPort, lines: RequestLines, tasks: Tasks) {
    this.#store = store;
    this.#lines = lines;
    this.#tasks = tasks;
    this.unresumed = new UnresumedProducers(store);
  }

  /** @param id - empty for one without a name. */
  register(session: Session, request: number, id: string): void {
    this.#tasks.do(session, request, async () => {
      // Core has seen to it; kept for the life of the buffer, it is not to be as long as anybody likes.
      if (id.length > PRODUCER_ID_CHARACTERS_MAX)
        throw fault(
          "INVALID_ARGUMENT",
          `A producer's id has ${id.length} characters, at most ${PRODUCER_ID_CHARACTERS_MAX}`,
        );
      const port = await this.#store.producer(id === "" ? undefined : id);
      session.producers.set(request, { id, port, last: port.lastSequence });
      const { epoch, lastSequence } = port;
      const registered: wire.Registered = { producerId: port.id, epoch, lastSequence };
      session.answer(request, wire.encodeJson(request, registered));
      // Who held the id before is refused from now on, also where it waits.
      if (id === "") return;
      const { puts } = this.#lines;
      for (const one of puts) if (one.isBy?.(id)) await this.#lines.tryAgain(puts, one);
    });
  }

  /** Of a client that an earlier broker on the same journal knew, or this one before it forgot it. */
  resume(
    session: Session,
    request: number,
    { number, producerId, epoch }: wire.Registration & { number: number },
  ): void {
    this.#tasks.do(session, request, async () => {
      const port = await this.#store.resumeProducer(producerId, epoch);
      if (port === undefined)
        throw fault("HANDLE_CLOSED", `Producer ${producerId} has a newer holder, or was forgotten`);
      this.unresumed.resumed(producerId);
      session.producers.set(number, { id: producerId, port, last: port.lastSequence });
      session.answer(request, wire.encodeDone(request));
    });
  }

  retire(session: Session, request: number, producer: number): void {
    this.#tasks.end(session, request, async () => {
      await session.producers.get(producer)?.port.close();
      session.producers.delete(producer);
    });
  }

  /** Of one client: all of them. */
  async close({ producers }: Session): Promise<void> {
    for (const { port } of producers.values()) {
      try {
        await port.close();
      } catch {
        // Destroyed, or the journal failed: whoever asks next is told.
      }
    }
    producers.clear();
  }
}
