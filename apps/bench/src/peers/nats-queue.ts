/**
 * A work queue of JetStream with as many messages as the capacity at most, as one writes it by hand: a put that is refused because
 * it is full is tried again after a while; a message is acked before it is handed on, and that acknowledged.
 */

import { setTimeout as sleep } from "node:timers/promises";
import {
  AckPolicy,
  DiscardPolicy,
  JetStreamApiError,
  jetstream,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
} from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import type { JsonValue } from "@sluice/core";
import { startOwnServer } from "@sluice/transport-nats";
import type { NodeCandidate } from "../candidate.js";
import { startNodeWorkers } from "../running.js";
import { natsServerReadiness } from "./nats-server.js";

const STREAM = "items";
const CONSUMER = "workers";
const FULL = 10_077;
const RETRY_MS = 1;
const EXPIRES_MS = 5_000;

/** As the client takes it. */
function optionsOf(url: string) {
  const { host, username: user, password: pass } = new URL(url);
  return { servers: host, user, pass };
}

const natsQueue: NodeCandidate = {
  name: "nats-queue",
  about:
    "a work queue of JetStream on the disk, unsynced, with `max_msgs` and `discard: new`; put again after 1 ms when full",
  module: import.meta.url,
  bound: "strict",
  hasBatches: false,
  mayOverlap: false,
  itemCount: (work) => (work.kind === "round-trip" ? 500 : 2_000),
  prepare: ({ signal }) => natsServerReadiness(signal),
  async create({ path, capacity }) {
    const server = await startOwnServer(path);
    const nc = await connect(optionsOf(server.url));
    const jsm = await jetstreamManager(nc);
    await jsm.streams.add({
      name: STREAM,
      subjects: [STREAM],
      retention: RetentionPolicy.Workqueue,
      discard: DiscardPolicy.New,
      max_msgs: capacity,
      storage: StorageType.File,
    });
    await jsm.consumers.add(STREAM, { durable_name: CONSUMER, ack_policy: AckPolicy.Explicit });
    return {
      address: { url: server.url } as JsonValue,
      async destroy() {
        await nc.close();
        await server.stop();
      },
    };
  },
  start: startNodeWorkers,
  async connect(address) {
    const nc = await connect(optionsOf((address as { url: string }).url));
    const js = jetstream(nc);
    const consumer = await js.consumers.get(STREAM, CONSUMER);
    return {
      producer: async () => ({
        async put(item) {
          for (;;) {
            try {
              await js.publish(STREAM, item);
              return;
            } catch (error) {
              if (!(error instanceof JetStreamApiError && error.code === FULL)) throw error;
            }
            await sleep(RETRY_MS);
          }
        },
      }),
      consumer: async () => ({
        async take() {
          for (;;) {
            const message = await consumer.next({ expires: EXPIRES_MS });
            if (message === null) continue;
            await message.ackAck();
            return message.data;
          }
        },
      }),
      close: () => nc.close(),
    };
  },
};

export default natsQueue;
