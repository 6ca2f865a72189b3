/**
 * The child process on a small disk: fills it up again whenever anything comes free, and sees that puts are refused and that
 * all which leads out of the buffer works. Says at its end what was wrong, and how many puts were refused.
 */

import { closeSync, openSync, readdirSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";
import {
  type BufferAddress,
  BufferError,
  type BufferSpec,
  type BufferWishes,
  type ConsumerPort,
  type Delivery,
  isBufferError,
  type LeaseToken,
  type TransportModule,
} from "@sluice/core";
import { waiting } from "../kit/context.js";
import { equal, fail, rejects } from "../kit/expect.js";

export interface FullDiskJob {
  readonly address: BufferAddress;
  readonly spec: BufferSpec;
  readonly wishes: BufferWishes;
  readonly directory: string;
}

/** Too little for the buffer itself, or for the first items, which were refused as they should. */
const TOO_SMALL = "too small";

const job = JSON.parse(process.env["SLUICE_CONTRACT_FULL_DISK"] ?? "") as FullDiskJob & { disk: string };
const filler = join(job.disk, "filler");
let open: number | undefined;

/** Takes what is free, to the last byte. */
function fill(): void {
  open ??= openSync(filler, "a");
  for (const bytes of [1024 * 1024, 64 * 1024, 4096, 512, 1]) {
    try {
      for (;;) writeSync(open, Buffer.alloc(bytes, "x"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }
}

function free(): void {
  if (open !== undefined) closeSync(open);
  open = undefined;
  rmSync(filler, { force: true });
}

const item = (n: number, bytes: number) => Buffer.alloc(bytes, `${n}.`);

async function run(): Promise<{ refused: number } | typeof TOO_SMALL> {
  const { transportAt } = (await import(job.address.module)) as TransportModule;
  const transport = transportAt(job.address);
  try {
    await transport.create(job.spec, job.wishes);
  } catch (error) {
    if (!isBufferError(error, "STORAGE_FULL")) throw error;
    equal(readdirSync(job.directory), [], "what is left of a buffer that found no room");
    return TOO_SMALL;
  }
  if (readdirSync(job.directory).length === 0) fail("Expected the buffer's files in the declared directory");
  const port = await transport.open();
  const producer = await port.producer();
  const inside: Buffer[] = [];
  const put = async (bytes: number) => {
    const one = item(inside.length + 1, bytes);
    const offered = await producer.offer(inside.length + 1, [one], waiting(0));
    if (offered.accepted === 1) inside.push(one);
    return offered;
  };
  try {
    for (let i = 0; i < 16; i++) equal((await put(2000)).accepted, 1, "what was accepted of a put");
    // What is freed later must be room for a put.
    const { bavail, bsize } = statfsSync(job.directory);
    if (bavail * bsize < 4 * 1024 * 1024) throw new BufferError("STORAGE_FULL", "There is little room");
  } catch (error) {
    if (!isBufferError(error, "STORAGE_FULL")) throw error;
    await port.destroy();
    equal(readdirSync(job.directory), [], "what is left of a buffer that was destroyed on the full disk");
    return TOO_SMALL;
  }
  fill();
  let refused = 0;
  // Where there is room set aside for all of them, none is refused.
  while (refused < 3 && inside.length < job.spec.capacity) {
    const before = await port.counts();
    const answer = await put(60_000).then(
      (offered) => offered.accepted,
      (error) => error as unknown,
    );
    fill();
    if (answer === 1) continue;
    const fault = await rejects(Promise.reject(answer), "STORAGE_FULL", "a put on the full disk");
    equal(fault.effect, "none", "its effect");
    equal(await port.counts(), before, "the counts after it");
    refused++;
  }

  // Somebody who comes only now.
  const late = await transport.open();
  const consumer = await late.consumer();
  let next = 0;
  for (; next < inside.length - 2; next++) {
    fill();
    if (next % 3 === 0) {
      equal(
        await settle(consumer, await leaseOf(consumer, inside[next]), "release"),
        ["settled"],
        "a release",
      );
      fill();
    }
    if (next % 2 === 0) expectItem((await consumer.poll(1, waiting(0))).deliveries[0], inside[next]);
    else equal(await settle(consumer, await leaseOf(consumer, inside[next]), "ack"), ["settled"], "an ack");
  }
  free();
  equal((await put(60_000)).accepted, 1, "what was accepted of a put once there was room");
  fill();
  equal(await late.seal({ discard: false }), true, "what the seal answered");
  for (; next < inside.length; next++) {
    fill();
    expectItem((await consumer.poll(1, waiting(0))).deliveries[0], inside[next]);
  }
  equal((await consumer.poll(1, waiting(0))).state, "drained", "the end");
  await late.close();
  free();
  await port.destroy();
  return { refused };
}

async function leaseOf(consumer: ConsumerPort, expected: Buffer | undefined): Promise<LeaseToken> {
  const { deliveries } = await consumer.poll(1, waiting(0), { leaseMs: 600_000 });
  fill();
  return expectItem(deliveries[0], expected).token ?? fail("Expected a lease to have a token");
}

function settle(consumer: ConsumerPort, token: LeaseToken, kind: "ack" | "release") {
  return consumer.settle([{ kind, token }]);
}

function expectItem(delivery: Delivery | undefined, expected: Buffer | undefined): Delivery {
  if (delivery === undefined || expected === undefined || !expected.equals(delivery.item))
    fail(
      `Expected ${expected?.subarray(0, 8)}..., got ${delivery === undefined ? "nothing" : "another item"}`,
    );
  return delivery;
}

try {
  const came = await run();
  console.log(JSON.stringify(came === TOO_SMALL ? { isTooSmall: true } : came));
} catch (error) {
  const fault = isBufferError(error) ? `${error.code}: ${error.message}` : String(error);
  console.log(JSON.stringify({ fault }));
}
process.exit(0);
