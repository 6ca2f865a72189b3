/** The child process: carries out a script at the port, and writes down each step after it is done. */

import { appendFileSync, openSync, readFileSync, readSync, writeSync, writevSync } from "node:fs";
import { stat } from "node:fs/promises";
import {
  type BufferAddress,
  type BufferPort,
  type BufferSpec,
  type BufferWishes,
  type ConsumerPort,
  isBufferError,
  type LeaseToken,
  type ProducerPort,
  type Settlement,
  type TransportModule,
} from "@sluice/core";
import { waiting } from "../kit/context.js";
import { contentsFile, contentsOf } from "./contents.js";
import { type Done, itemNumber, itemOf, PRODUCER, type Step } from "./script.js";

/** What the environment holds, as JSON. */
export interface Job {
  readonly address: BufferAddress;
  /** File with the steps, as JSON. Without it nothing is done. */
  readonly script?: string;
  /** File that is appended to: a line `made`, a line `ready`, and one for each step. */
  readonly record: string;
  /** Makes the buffer first, at the place of the address. */
  readonly create?: { readonly spec: BufferSpec; readonly wishes: BufferWishes };
  /** Opens whatever buffer is at the place of the address, be it another one. */
  readonly opensAny?: boolean;
  /** Stays when all is done, to be killed. */
  readonly stays?: boolean;
  /** Folder of which is written down, beside the record, what its files hold when it is ready and after each step. */
  readonly watched?: string;
  /** Says when it has loaded its adapter, and waits until its standard input ends. */
  readonly isTraced?: boolean;
  /** Of its leases. Default: longer than anything here takes. */
  readonly leaseMs?: number;
}

const job = JSON.parse(process.env["SLUICE_CONTRACT_SCRIPT"] ?? "") as Job;
const record = openSync(job.record, "a", 0o600);

/** By a call that adapters hardly make: what happens to theirs does not happen to this one. */
function tell(line: string): void {
  writevSync(record, [Buffer.from(line), Buffer.from("\n")]);
}

function watch(): void {
  if (job.watched === undefined) return;
  appendFileSync(contentsFile(job.record), `${JSON.stringify(contentsOf(job.watched))}\n`);
}

// Before it is traced: what is made to fail is to be none of its own.
const script =
  job.script === undefined ? [] : (JSON.parse(readFileSync(job.script, "utf8")) as readonly Step[]);
const { transportAt } = (await import(job.address.module)) as TransportModule;
if (job.isTraced === true) {
  // libuv's other thread is begun now, or strace, which would not know it then, counts the calls of both: a later Node loads modules without it.
  await stat(job.record);
  writeSync(1, "loaded\n");
  readSync(0, Buffer.alloc(1));
}
const transport = transportAt(job.address);
let address: BufferAddress | undefined = job.opensAny === true ? undefined : job.address;
let port: BufferPort;
let producer: ProducerPort | undefined;
let consumer: ConsumerPort;
let next = 1;
let token: LeaseToken | undefined;

async function register(): Promise<ProducerPort> {
  producer = await port.producer(PRODUCER);
  next = producer.lastSequence + 1;
  return producer;
}

const NOT_SETTLED: unique symbol = Symbol("there is nothing to settle");

async function answerTo(step: Step): Promise<string | typeof NOT_SETTLED> {
  switch (step.do) {
    case "put": {
      const offered = await (producer ?? (await register())).offer(next, [itemOf(step.item)], waiting(0));
      next += offered.accepted;
      return offered.accepted === 1 ? "accepted" : offered.state;
    }
    case "take":
    case "lease": {
      const terms = step.do === "lease" ? { leaseMs: job.leaseMs ?? 600_000 } : undefined;
      const { deliveries, state, confirmed } = await consumer.poll(1, waiting(0), terms);
      const one = deliveries[0];
      if (one === undefined || (await confirmed) === false) return state;
      token = one.token;
      return `item ${itemNumber(one.item)}, delivery ${one.deliveries}`;
    }
    case "seal":
      return String(await port.seal({ discard: false }));
    case "requeue":
    case "remove": {
      const [oldest] = await port.deadLetters.list(1);
      return oldest === undefined ? NOT_SETTLED : port.deadLetters[step.do](oldest.sequence);
    }
    default: {
      if (token === undefined) return NOT_SETTLED;
      const settlement = settlementOf(step.do, token);
      // Whatever comes of it: it is not settled again.
      token = undefined;
      return (await consumer.settle([settlement]))[0] ?? "no answer";
    }
  }
}

function settlementOf(kind: "ack" | "nack" | "release" | "bury", of: LeaseToken): Settlement {
  if (kind === "nack") return { kind, token: of, reason: "again", delayMs: 0 };
  return kind === "bury" ? { kind, token: of, reason: "of no use" } : { kind, token: of };
}

async function carryOut(step: Step): Promise<Omit<Done, "step">> {
  try {
    const answer = await answerTo(step);
    return answer === NOT_SETTLED ? { outcome: "skipped", answer: "" } : { outcome: "ok", answer };
  } catch (error) {
    if (!isBufferError(error)) throw error;
    // Only who registers again knows what became of it.
    if (step.do === "put" && error.effect === "unknown") producer = undefined;
    return { outcome: error.effect, answer: error.code };
  }
}

try {
  if (job.create !== undefined) {
    address = await transport.create(job.create.spec, job.create.wishes);
    tell("made");
  }
  port = await transport.open(address);
  await register();
  consumer = await port.consumer();
  tell("ready");
  watch();
} catch (error) {
  if (!isBufferError(error)) throw error;
  tell(`refused ${error.code}`);
  process.exit(0);
}
for (const [i, step] of script.entries()) {
  tell(JSON.stringify({ step: i, ...(await carryOut(step)) }));
  watch();
}
tell("over");
// Not closed: whoever ends, ends like this.
if (job.stays === true) setInterval(() => {}, 1000);
else process.exit(0);
