/** The child process: makes the calls that its rule sends, and answers with what came of them. */

import {
  type BoundedBuffer,
  type BufferAddress,
  type Consumer,
  createBuffer,
  isBufferError,
  type Lease,
  openAddress,
  openOrCreateBuffer,
  type Producer,
  type TransportModule,
  untilNotBusy,
} from "@sluice/core";
import { ledgerFault, occupied } from "../kit/ledger.js";
import { resourcesInUse } from "../kit/resources.js";
import { consume, produce } from "./loops.js";
import type { Call, PuppetCalls, Reply } from "./puppet-messages.js";
import { readAll } from "./read-all.js";

type Answers = {
  [K in keyof PuppetCalls]: (...args: Parameters<PuppetCalls[K]>) => Promise<ReturnType<PuppetCalls[K]>>;
};

let opened: BoundedBuffer<unknown> | undefined;
let producing: Promise<Producer<unknown>> | undefined;
let consuming: Promise<Consumer<unknown>> | undefined;
const leases = new Map<number, Lease<unknown>>();
let lastLease = 0;
const stop = new AbortController();
let isSampling = true;

const buffer = (): BoundedBuffer<unknown> => {
  if (opened === undefined) throw new Error("Nothing was opened");
  return opened;
};
const producer = () => (producing ??= buffer().producer(hooks));
const consumer = () => (consuming ??= buffer().consumer(hooks));

/** How many of the two wait, and who is to be told that one does. */
let waitingEnds = 0;
let onWaiting = () => {};
const hooks = {
  onWait() {
    waitingEnds++;
    onWaiting();
  },
  onResume() {
    waitingEnds--;
  },
};

async function transportOf(address: BufferAddress) {
  const module = (await import(address.module)) as TransportModule;
  return module.transportAt(address);
}

const answers: Answers = {
  async open() {
    const address = JSON.parse(process.env["SLUICE_CONTRACT_ADDRESS"] ?? "") as BufferAddress;
    opened = await untilNotBusy(() => openAddress(address));
  },
  async create(address, settings) {
    try {
      opened = await createBuffer(await transportOf(address), settings);
      return "created";
    } catch (error) {
      if (isBufferError(error, "BUFFER_EXISTS")) return "exists";
      throw error;
    }
  },
  async openOrCreate(address, settings) {
    opened = await openOrCreateBuffer(await transportOf(address), settings);
  },
  put: async (value) => (await producer()).put(value),
  tryPut: async (value) => (await producer()).tryPut(value),
  async take() {
    const got = await (await consumer()).take();
    return got.done ? null : (got.value as string);
  },
  async tryTake() {
    const got = await (await consumer()).tryTake();
    if (got === "empty") return got;
    return got.done ? null : (got.value as string);
  },
  async lease(leaseMs) {
    const got = await (await consumer()).lease({ leaseMs });
    if (got.done) return null;
    leases.set(++lastLease, got.value);
    const { value, deliveries, failures } = got.value;
    return { lease: lastLease, value: value as string, deliveries, failures };
  },
  async waits() {
    if (waitingEnds === 0) await new Promise<void>((resolve) => (onWaiting = resolve));
  },
  async ack(lease) {
    await leases.get(lease)?.ack();
  },
  seal: () => buffer().seal(),
  counts: async () => buffer().counts(),
  close: () => buffer().close(),
  readAll: async (address, producer) => readAll(await transportOf(address), address, producer),
  produce: (job) => produce(buffer(), job, stop.signal),
  consume: (job) => consume(buffer(), job),
  async stopProducing() {
    stop.abort();
  },
  async sample() {
    let most = 0;
    let samples = 0;
    let wrong: string | null = null;
    for (; isSampling; samples++) {
      const counts = await buffer().counts();
      most = Math.max(most, occupied(counts));
      wrong ??= ledgerFault(counts, buffer().spec.capacity) ?? null;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return { most, samples, wrong };
  },
  async stopSampling() {
    isSampling = false;
  },
  resources: () => resourcesInUse(),
};

// A rule that lets its child go expects it to end by itself; so does a parent that was killed, only less patiently.
process.on("disconnect", () => setTimeout(() => process.exit(70), 15_000).unref());

// As a program does that is to end: what it holds goes back.
process.on("SIGTERM", async () => {
  await opened?.close();
  process.exit(0);
});

process.on("message", async ({ id, name, args }: Call) => {
  let reply: Reply;
  try {
    const answer = answers[name] as (...args: readonly unknown[]) => Promise<unknown>;
    reply = { id, value: await answer(...args) };
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    reply = { id, error: { message, ...(isBufferError(error) ? { code: error.code } : {}) } };
  }
  process.send?.(reply);
});
