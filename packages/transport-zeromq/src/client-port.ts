/** One handle on a buffer that a broker holds. */

import {
  type BufferAddress,
  type BufferCounts,
  type BufferPort,
  type BufferSpec,
  type ConsumerPort,
  type DeadLetter,
  type DeadLetterPort,
  isBufferError,
  type MaybePromise,
  type ProducerPort,
  type TransportCapabilities,
  type Wait,
} from "@sluice/core";
import { type BrokerConnection, nothing } from "./connection.js";
import { ClientConsumerPort } from "./consumer-port.js";
import { leaving, type Place } from "./place.js";
import { ClientProducerPort } from "./producer-port.js";
import * as wire from "./protocol.js";
import { Kind } from "./protocol.js";

export class ClientPort implements BufferPort {
  readonly spec: BufferSpec;
  readonly capabilities: TransportCapabilities;
  readonly address: BufferAddress;
  readonly deadLetters: DeadLetterPort;
  readonly #place: Place;
  readonly #connection: BrokerConnection;
  #consumers = 0;

  constructor(
    place: Place,
    connection: BrokerConnection,
    spec: BufferSpec,
    capabilities: TransportCapabilities,
    address: BufferAddress,
  ) {
    this.spec = spec;
    this.capabilities = capabilities;
    this.address = address;
    this.#place = place;
    this.#connection = connection;
    this.deadLetters = deadLettersOver(connection);
  }

  async producer(id = ""): Promise<ProducerPort> {
    const { number, lastSequence } = await this.#connection.register(id);
    return new ClientProducerPort(this.#connection, number, lastSequence);
  }

  async consumer(): Promise<ConsumerPort> {
    await this.#connection.ask((id) => wire.encodeBare(Kind.Consumer, id), nothing);
    this.#consumers += 1;
    return new ClientConsumerPort(this.#connection, this.#consumers, this.spec.capacity);
  }

  seal({ discard }: { readonly discard: boolean }): Promise<boolean> {
    return this.#connection.ask(
      (id) => wire.encodeNumber(Kind.Seal, id, discard ? 1 : 0),
      wire.decodeJson<boolean>,
      { effect: "unknown" },
    );
  }

  counts(): Promise<BufferCounts> {
    return this.#connection.ask((id) => wire.encodeBare(Kind.Counts, id), wire.decodeJson<BufferCounts>);
  }

  drained(wait: Wait): MaybePromise<boolean> {
    return this.#connection.ask(
      (id) => wire.encodeNumber(Kind.Drained, id, wait.maxMs > 0 ? 1 : 0),
      wire.decodeJson<boolean>,
      { wait },
    );
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  async destroy(): Promise<void> {
    const left = leaving(this.#place);
    let isLeaving = true;
    try {
      await this.#connection.ask((id) => wire.encodeBare(Kind.Destroy, id), nothing, { effect: "unknown" });
    } catch (error) {
      if (!isBufferError(error, "BUFFER_DESTROYED")) throw error;
      // Else another one is at its place, and stays.
      isLeaving = this.#connection.isDestroyed;
    }
    // The broker ends when whoever waited has hung up; then the next one can be made there.
    await this.#connection.drop();
    if (isLeaving) await left();
  }
}

function deadLettersOver(connection: BrokerConnection): DeadLetterPort {
  return {
    list: (max, after = 0) => listDead(connection, max, after),
    requeue: (sequence) =>
      connection.ask(
        (id) => wire.encodeNumber(Kind.Requeue, id, sequence),
        wordOf<"requeued" | "full" | "sealed" | "missing">,
        {
          effect: "unknown",
        },
      ),
    remove: (sequence) =>
      connection.ask((id) => wire.encodeNumber(Kind.Remove, id, sequence), wordOf<"removed" | "missing">, {
        effect: "unknown",
      }),
  };
}

async function listDead(
  connection: BrokerConnection,
  max: number,
  after: number,
): Promise<readonly DeadLetter[]> {
  const all: DeadLetter[] = [];
  for (;;) {
    const last = all.at(-1)?.sequence ?? after;
    const { letters, hasMore } = await connection.ask(
      (id) => wire.encodeListDead(id, max - all.length, last),
      wire.decodeDeadLetters,
    );
    all.push(...letters);
    if (!hasMore || letters.length === 0) return all;
  }
}

function wordOf<Word extends string>(body: { text(): string }): Word {
  return body.text() as Word;
}
