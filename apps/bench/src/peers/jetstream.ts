/**
 * A JetStream stream as a work queue, which refuses what does not fit: retention `workqueue`, `max_msgs` the capacity,
 * `discard: "new"`. A message is in the stream until it is acknowledged, so the bound is strict, whatever a consumer has
 * fetched. A publisher that is refused tries again, as nobody tells it when there is room.
 *
 * Many publishes at once are not for it: of two under way the first could be refused and the second not.
 */

import type { JsonValue } from "@sluice/core";
import type { NodeCandidate, PutEnd, TakeEnd } from "../candidate.js";
import { startNodeWorkers } from "../running.js";
import { natsServerReadiness, startNatsServer } from "./nats-server.js";
import { loadPeer, readinessWith } from "./peer-package.js";
import { polledUntil } from "./polling.js";
import { createdIn } from "./server-process.js";

const STREAM = "ITEMS";
const SUBJECT = "items";
const CONSUMER = "workers";
/** The server's error code: maximum messages exceeded. */
const STREAM_FULL = 10077;
// Its default, and what the client asks for again when three quarters of it have come.
const FETCHED_MAX = 100;

/** What is used of @nats-io/transport-node. */
interface Nats {
  connect(options: { servers: string; reconnect: boolean; noEcho: boolean }): Promise<NatsConnection>;
}

interface NatsConnection {
  close(): Promise<void>;
}

/** What is used of @nats-io/jetstream. */
interface JetStream {
  jetstream(connection: NatsConnection): JetStreamClient;
  jetstreamManager(connection: NatsConnection): Promise<JetStreamManager>;
}

interface JetStreamClient {
  publish(subject: string, payload: Uint8Array): Promise<unknown>;
  readonly consumers: {
    get(stream: string, consumer: string): Promise<{ consume(options: ConsumeOptions): Promise<Messages> }>;
  };
}

interface ConsumeOptions {
  readonly max_messages: number;
}

type Messages = AsyncIterable<{ readonly data: Uint8Array; ack(): void; ackAck(): Promise<boolean> }>;

interface JetStreamManager {
  readonly streams: { add(config: object): Promise<unknown> };
  readonly consumers: { add(stream: string, config: object): Promise<unknown> };
}

interface Address {
  readonly port: number;
  readonly capacity: number;
  readonly isAckAwaited: boolean;
}

function putEnd(client: JetStreamClient): PutEnd {
  const tryPut = async (item: Uint8Array): Promise<true | undefined> => {
    try {
      await client.publish(SUBJECT, item);
      return true;
    } catch (error) {
      if ((error as { code?: number }).code === STREAM_FULL) return undefined;
      throw error;
    }
  };
  return { put: async (item) => void (await polledUntil(() => tryPut(item))) };
}

async function takeEnd(
  client: JetStreamClient,
  { capacity, isAckAwaited }: Pick<Address, "capacity" | "isAckAwaited">,
): Promise<TakeEnd> {
  const consumer = await client.consumers.get(STREAM, CONSUMER);
  const messages = await consumer.consume({ max_messages: Math.min(capacity, FETCHED_MAX) });
  const iterator = messages[Symbol.asyncIterator]();
  return {
    async take() {
      const { done, value } = await iterator.next();
      if (done) return {};
      if (isAckAwaited) await value.ackAck();
      // Not waited for, as its guide has it: one that is lost means that the item comes again.
      else value.ack();
      return value.data;
    },
  };
}

export interface JetStreamCandidate extends Pick<NodeCandidate, "name" | "about" | "module" | "itemCount"> {
  /** Where items are: in memory, in a file, or in a file that is synced before a publish is acknowledged. */
  readonly storage: "memory" | "file" | "synced-file";
  /** Whether an item is handed on only when the server has confirmed its ack: then it does not come again. */
  readonly isAckAwaited: boolean;
}

export function jetStreamCandidate({
  storage,
  isAckAwaited,
  ...candidate
}: JetStreamCandidate): NodeCandidate {
  const isDurable = storage === "synced-file";
  return {
    ...candidate,
    isDurable,
    bound: "strict",
    hasBatches: false,
    // What it has fetched is a consumer's, and no other gets it.
    isDealt: true,
    prepare: async ({ signal }) =>
      readinessWith(await natsServerReadiness(isDurable, signal), "@nats-io/jetstream"),
    create: ({ path, capacity }) =>
      createdIn(startNatsServer(path, isDurable), async ({ port, usage }) => {
        const connection = await connected(port);
        const manager = await loadPeer<JetStream>("@nats-io/jetstream").jetstreamManager(connection);
        await manager.streams.add({
          name: STREAM,
          subjects: [SUBJECT],
          retention: "workqueue",
          storage: storage === "memory" ? "memory" : "file",
          max_msgs: capacity,
          discard: "new",
          num_replicas: 1,
        });
        await manager.consumers.add(STREAM, {
          durable_name: CONSUMER,
          ack_policy: "explicit",
          deliver_policy: "all",
          // As many as there can be; its default is 1,000.
          max_ack_pending: capacity,
        });
        return {
          address: { port, capacity, isAckAwaited } as JsonValue,
          usage,
          destroy: () => connection.close(),
        };
      }),
    start: startNodeWorkers,
    async connect(address) {
      const { port, ...place } = address as unknown as Address;
      const connection = await connected(port);
      const client = loadPeer<JetStream>("@nats-io/jetstream").jetstream(connection);
      return {
        producer: async () => putEnd(client),
        consumer: () => takeEnd(client, place),
        close: () => connection.close(),
      };
    },
  };
}

function connected(port: number): Promise<NatsConnection> {
  const { connect } = loadPeer<Nats>("@nats-io/transport-node");
  // The server is there, or the run has failed.
  return connect({ servers: `127.0.0.1:${port}`, reconnect: false, noEcho: false });
}

const jetStream: NodeCandidate = jetStreamCandidate({
  name: "jetstream",
  about:
    "a JetStream work queue in memory, max_msgs the capacity, one refused tries again; it has no batches",
  module: import.meta.url,
  storage: "memory",
  isAckAwaited: false,
  itemCount: (work) => (work.kind === "round-trip" ? 1_000 : 4_000),
});

export default jetStream;
