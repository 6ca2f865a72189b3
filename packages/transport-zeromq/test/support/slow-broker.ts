/** A broker, of a buffer of bytes, whose store takes as long over a put as the test likes, as a slow disk would. */

import { randomUUID } from "node:crypto";
import { type CreateOptions, completeSpec } from "@sluice/core";
import { type BrokerPort, createMemoryStore } from "@sluice/file-store";
import { onTestFinished } from "vitest";
import { Broker } from "../../dist/broker.js";
import { zeromqTransport } from "../../dist/index.js";

const SYNC_MS = 300;
const { capabilities } = zeromqTransport({ url: "tcp://127.0.0.1:1" });

export interface SlowBroker {
  readonly broker: Broker;
  /** Resolves when a put is under way. */
  readonly begun: Promise<void>;
  /** It has ended, and given its place up. */
  hasEnded(): boolean;
  /** Puts that are under way, and later ones, are done. */
  goOn(): void;
}

export async function slowBroker(settings: CreateOptions): Promise<SlowBroker> {
  const spec = completeSpec(settings, "bytes");
  const address = { module: "", transport: "zeromq", place: null };
  const port = createMemoryStore("zeromq", spec).openForBroker({ address, capabilities });
  let goOn = () => {};
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let begin = () => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const producer = port.producer.bind(port);
  port.producer = async (id) => {
    const own = await producer(id);
    const offer = own.offer.bind(own);
    own.offer = async (...offered) => {
      begin();
      await gate;
      return offer(...offered);
    };
    return own;
  };
  const consumer = port.consumer.bind(port);
  port.consumer = async (pollBytesMax) => {
    const own = await consumer(pollBytesMax);
    const settle = own.settle.bind(own);
    // The time that the disk takes comes on top.
    own.settle = (settlements) =>
      settle(
        settlements.map((one) => (one.kind === "nack" ? { ...one, delayMs: one.delayMs + SYNC_MS } : one)),
      );
    return own;
  };
  let hasEnded = false;
  const broker = await Broker.start({
    store: port satisfies BrokerPort,
    opened: { bufferId: randomUUID(), spec, journal: "none" },
    url: "tcp://127.0.0.1:*",
    onEnded: () => {
      hasEnded = true;
    },
  });
  onTestFinished(async () => {
    goOn();
    await broker.end();
  });
  return { broker, begun, hasEnded: () => hasEnded, goOn };
}
