// A broker that keeps a journal: killed, and started again by its command, or by whoever opens the buffer.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bytes, createBuffer, openBuffer } from "@sluice/core";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { zeromqTransport } from "../dist/index.js";
import { startBroker as startInThisThread } from "../dist/start-broker.js";
import { madeBuffer } from "./support/buffers.js";

const COMMAND = fileURLToPath(new URL("../dist/command-main.js", import.meta.url));
const CAPACITY = 5;

let directory: string;
let brokers: ChildProcess[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sluice-zmq-journal-"));
  brokers = [];
});
afterEach(async () => {
  for (const broker of brokers) await kill(broker);
  rmSync(directory, { recursive: true, force: true });
});

const url = () => `ipc://${join(directory, "broker")}`;
const journal = () => join(directory, "journal");
const transport = (options = {}) => zeromqTransport({ url: url(), ...options });

async function startBroker(...more: string[]): Promise<ChildProcess> {
  const args = ["broker", "--url", url(), "--capacity", String(CAPACITY), "--codec", "bytes"];
  const broker = spawn(process.execPath, [COMMAND, ...args, "--journal", journal(), ...more], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  brokers.push(broker);
  const [line] = (await once(broker.stdout ?? expect.fail("no output"), "data")) as [Buffer];
  expect(String(line)).toContain(`journal at ${journal()}`);
  return broker;
}

async function kill(broker: ChildProcess): Promise<void> {
  if (broker.exitCode !== null || broker.signalCode !== null) return;
  const ended = once(broker, "exit");
  broker.kill("SIGKILL");
  await ended;
}

/** Of this process. */
function filesOpenIn(path: string): string[] {
  return readdirSync("/proc/self/fd")
    .map((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`);
      } catch {
        return ""; // the one by which they are listed
      }
    })
    .filter((file) => file.startsWith(path));
}

const noLog = () => {};
const item = (n: number) => Buffer.from(`item-${n}`);
const textOf = (value: Uint8Array) => Buffer.from(value).toString();

describe("after a SIGKILL of its broker, and a new one on the journal", () => {
  test("nothing that was accepted is lost, and the handles of before go on by themselves", async () => {
    const first = await startBroker();
    const buffer = await openBuffer(transport(), { codec: bytes });
    const producer = await buffer.producer({ id: "maker" });
    const consumer = await buffer.consumer();
    for (let n = 1; n <= CAPACITY; n++) await producer.put(item(n));
    // They wait at the broker that dies.
    const waiting = producer.put(item(6));
    await kill(first);
    await startBroker();
    const taken: string[] = [];
    for (let n = 1; n <= 6; n++) {
      const { value } = await consumer.take();
      taken.push(textOf(value ?? expect.fail(`no item ${n}`)));
    }
    await waiting;
    expect(taken).toEqual([1, 2, 3, 4, 5, 6].map((n) => `item-${n}`));
    expect(await buffer.counts()).toMatchObject({ produced: 6, consumed: 6, ready: 0, leased: 0, peak: 5 });
    await buffer.destroy();
    expect(existsSync(journal())).toBe(false);
  });

  test("a lease of before is settled by its token, and one that nobody settles ends by its time", async () => {
    const first = await startBroker();
    const buffer = await openBuffer(transport(), { codec: bytes });
    const producer = await buffer.producer();
    const consumer = await buffer.consumer();
    await producer.putMany([item(1), item(2)]);
    const one = await consumer.lease({ leaseMs: 3_600_000 });
    const two = await consumer.lease({ leaseMs: 700 });
    await kill(first);
    await startBroker();
    await one.value?.ack();
    const again = await consumer.lease();
    expect([textOf(again.value?.value ?? expect.fail("no lease")), again.value?.failures]).toEqual([
      "item-2",
      1,
    ]);
    await expect(two.value?.ack()).rejects.toMatchObject({ code: "LEASE_LOST" });
    await again.value?.ack();
    expect(await buffer.counts()).toMatchObject({ produced: 2, consumed: 2, leased: 0 });
    await buffer.close();
  });

  test("a nacked item whose delay had not passed comes back to whoever waits for it", async () => {
    const first = await startBroker();
    const buffer = await openBuffer(transport(), { codec: bytes });
    await (await buffer.producer()).put(item(1));
    const consumer = await buffer.consumer();
    const { value } = await consumer.lease();
    await value?.nack({ reason: "later", delayMs: 1_500 });
    await kill(first);
    await startBroker();
    const again = await consumer.lease();
    expect(again.value?.failures).toBe(1);
    await again.value?.ack();
    await buffer.close();
  });

  test("a producer that comes back under its id learns how far it had come", async () => {
    const first = await startBroker();
    const before = await openBuffer(transport(), { codec: bytes });
    await (await before.producer({ id: "maker" })).putMany([item(1), item(2), item(3)]);
    await kill(first);
    await startBroker();
    const buffer = await openBuffer(transport(), { codec: bytes });
    expect((await buffer.producer({ id: "maker" })).lastSequence).toBe(3);
    await Promise.all([buffer.close(), before.close()]);
  });

  test("a run of puts and takes across eight deaths loses nothing, and takes nothing twice", async () => {
    let broker = await startBroker();
    const buffer = await openBuffer(transport(), { codec: bytes });
    const consumer = await buffer.consumer();
    const count = 300;
    // On a busy machine a broker may take longer to come back than a put is tried again: then its producer asks how far it came.
    const putAll = (async () => {
      for (let done = 0; done < count; ) {
        try {
          const producer = await buffer.producer({ id: "maker" });
          for (done = producer.lastSequence; done < count; done++) await producer.put(item(done + 1));
        } catch (error) {
          expect(["OUTCOME_UNKNOWN", "TRANSPORT_UNAVAILABLE"]).toContain((error as { code: string }).code);
        }
      }
    })();
    const taken: string[] = [];
    const unknown: unknown[] = [];
    const takeAll = (async () => {
      for (;;) {
        try {
          const { done, value } = await consumer.take();
          if (done) return;
          taken.push(textOf(value));
        } catch (error) {
          const { code } = error as { code: string };
          // Nothing was taken.
          if (code === "TRANSPORT_UNAVAILABLE") continue;
          expect(code).toBe("OUTCOME_UNKNOWN");
          unknown.push(error);
        }
      }
    })();
    for (let death = 1; death <= 8; death++) {
      const enough = death * 30;
      await expect.poll(() => taken.length, { timeout: 120_000 }).toBeGreaterThan(enough);
      await kill(broker);
      broker = await startBroker();
    }
    await putAll;
    await buffer.seal();
    await takeAll;
    // A take whose confirmation was under way may have consumed its item, and says so.
    expect(new Set(taken).size).toBe(taken.length);
    expect(taken.length).toBeLessThanOrEqual(count);
    expect(taken.length + unknown.length).toBeGreaterThanOrEqual(count);
    expect(await buffer.counts()).toMatchObject({ produced: count, consumed: count });
    await buffer.close();
  }, 480_000);
});

describe("a start that fails", () => {
  test("lets go of the journal, and gives up nothing that an earlier broker had handed out", async () => {
    const first = await startBroker();
    const buffer = await openBuffer(transport(), { codec: bytes });
    await (await buffer.producer()).put(item(1));
    const { value } = await (await buffer.consumer()).lease({ leaseMs: 3_600_000 });
    await kill(first);
    const { url: taken } = await madeBuffer({ over: "tcp", capacity: 1 });
    const settings = { url: taken, store: { kind: "old", path: journal() } } as const;
    await expect(startInThisThread(settings, noLog, noLog)).rejects.toMatchObject({ code: "BUFFER_EXISTS" });
    expect(filesOpenIn(journal())).toEqual([]);
    await startBroker();
    expect(await buffer.counts()).toMatchObject({ ready: 0, leased: 1 });
    await value?.ack();
    await buffer.close();
  });

  test("leaves no journal behind that it has made", async () => {
    const { url: taken } = await madeBuffer({ over: "tcp", capacity: 1 });
    const elsewhere = zeromqTransport({ url: taken, journal: journal() });
    await expect(createBuffer(elsewhere, { capacity: CAPACITY })).rejects.toMatchObject({
      code: "BUFFER_EXISTS",
    });
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe("who opens it where no broker is", () => {
  test("and names the journal, starts one that goes on with it", async () => {
    const first = await startBroker();
    const before = await openBuffer(transport(), { codec: bytes });
    await (await before.producer()).put(item(1));
    await kill(first);
    await expect(openBuffer(transport(), { codec: bytes })).rejects.toMatchObject({
      code: "BUFFER_NOT_FOUND",
    });
    const buffer = await openBuffer(transport({ journal: journal() }), { codec: bytes });
    const { value } = await (await buffer.consumer()).take();
    expect(textOf(value ?? expect.fail("no item"))).toBe("item-1");
    expect(buffer.capabilities.survives).toEqual(["participant", "authority", "power-loss"]);
    await before.close();
    await buffer.destroy();
    expect(existsSync(journal())).toBe(false);
  });
});

describe("a journal", () => {
  test("has one broker, wherever it listens", async () => {
    await startBroker();
    const elsewhere = zeromqTransport({ url: `ipc://${join(directory, "other")}`, journal: journal() });
    await expect(createBuffer(elsewhere, { capacity: CAPACITY, codec: bytes })).rejects.toMatchObject({
      code: "BUFFER_EXISTS",
    });
  });

  test.each([[1], [""], ["a\0b"]])("is no %j", (path) => {
    expect(() => transport({ journal: path })).toThrow(expect.objectContaining({ code: "INVALID_ARGUMENT" }));
  });
});
