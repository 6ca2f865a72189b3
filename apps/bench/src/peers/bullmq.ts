/**
 * BullMQ as its guide has it: a Queue that jobs are added to, and a Worker that calls a function with each. It has no
 * bound: what nobody has worked off is in Redis. A batch is added at once; the worker gets its jobs one by one, and a job
 * is done when somebody has taken the item.
 */

import type { NodeCandidate, PutEnd, TakeEnd } from "../candidate.js";
import { startNodeWorkers } from "../running.js";
import { ItemInbox } from "./item-inbox.js";
import { onlyLarge } from "./only-large.js";
import { loadPeer, readinessWith } from "./peer-package.js";
import { itemOf, textOf } from "./redis-candidate.js";
import { redisServerReadiness, startRedisServer, usageOfServer } from "./redis-server.js";

const QUEUE = "items";
const JOB = "item";

/** What is used of it. */
interface BullMq {
  readonly Queue: new (name: string, options: QueueOptions) => Queue;
  readonly Worker: new (
    name: string,
    work: (job: { readonly data: string }) => Promise<void>,
    options: ConnectionOptions & { readonly concurrency: number },
  ) => Worker;
}

interface ConnectionOptions {
  readonly connection: { readonly host: string; readonly port: number; readonly maxRetriesPerRequest: null };
}

interface QueueOptions extends ConnectionOptions {
  readonly defaultJobOptions: typeof jobOptions;
}

interface Queue {
  waitUntilReady(): Promise<unknown>;
  add(name: string, data: string): Promise<unknown>;
  addBulk(jobs: readonly { readonly name: string; readonly data: string }[]): Promise<unknown>;
  close(): Promise<void>;
}

interface Worker {
  waitUntilReady(): Promise<unknown>;
  on(event: "error", listener: (error: Error) => void): void;
  close(force: boolean): Promise<void>;
}

// Nothing is kept of a job that is done; both are not its defaults, and without them the server's memory grows for ever.
const jobOptions = { attempts: 1, removeOnComplete: true, removeOnFail: true } as const;

// A call that waits in the server is no call that failed: its guide asks for this.
const connectionTo = (port: number): ConnectionOptions => ({
  connection: { host: "127.0.0.1", port, maxRetriesPerRequest: null },
});

const SENDS: readonly string[] = ["evalsha", "eval", "bzpopmin"];

function putEnd(queue: Queue): PutEnd {
  return {
    async put(item) {
      await queue.add(JOB, textOf(item));
    },
    async putMany(items) {
      await queue.addBulk(items.map((item) => ({ name: JOB, data: textOf(item) })));
      return items.length;
    },
  };
}

interface Delivery {
  readonly item: Uint8Array;
  /** Called when it is taken. */
  done(): void;
}

function takeEnd(deliveries: ItemInbox<Delivery>): TakeEnd {
  return {
    async take() {
      const { item, done } = await deliveries.take();
      done();
      return item;
    },
  };
}

const bullMq: NodeCandidate = {
  name: "bullmq",
  about:
    "a BullMQ queue and worker, jobs removed when they are done; batches are added, and taken one by one",
  module: import.meta.url,
  bound: "none",
  hasBatches: true,
  // A worker asks for its next job when it has done one: nobody knows how many it gets.
  isDealt: true,
  itemCount: (work) => (work.kind === "round-trip" ? 500 : work.batch > 1 ? 5_000 : 3_000),
  unsuited: onlyLarge,
  prepare: async ({ signal }) => readinessWith(await redisServerReadiness(signal), "bullmq"),
  async create({ path }) {
    const { port, stop } = await startRedisServer(path);
    return { address: port, usage: () => usageOfServer(port, SENDS), destroy: stop };
  },
  start: startNodeWorkers,
  async connect(address) {
    const { Queue, Worker } = loadPeer<BullMq>("bullmq");
    const connection = connectionTo(address as number);
    const open: { close(force: boolean): Promise<void> }[] = [];
    return {
      async producer() {
        const queue = new Queue(QUEUE, { ...connection, defaultJobOptions: jobOptions });
        open.push(queue);
        await queue.waitUntilReady();
        return putEnd(queue);
      },
      async consumer() {
        const deliveries = new ItemInbox<Delivery>();
        const work = ({ data }: { readonly data: string }) =>
          new Promise<void>((done) => {
            deliveries.add({ item: itemOf(data), done });
          });
        // One job at a time, its default: with more of them a worker promises no order.
        const worker = new Worker(QUEUE, work, { ...connection, concurrency: 1 });
        open.push(worker);
        worker.on("error", () => {});
        await worker.waitUntilReady();
        return takeEnd(deliveries);
      },
      async close() {
        // A worker that waits for a job is not waited for.
        for (const each of open) await each.close(true);
      },
    };
  },
};

export default bullMq;
