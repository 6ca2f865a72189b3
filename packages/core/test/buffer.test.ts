// The rest of the buffer's face: seal, counts, drained, dead letters, and the options of producers and consumers.
import { BufferError, createBuffer } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { memoryTransport } from "../../transport-memory/dist/index.js";
import { faultOf, item, throwing } from "./kit/expectations.js";
import { byHand, scripted } from "./kit/scripted.js";

describe("drained", () => {
  test("asks again when the port returns early, until it is", async () => {
    const drained = byHand<[{ maxMs: number }], boolean>();
    const buffer = await createBuffer(scripted({ port: { drained: drained.method } }), { capacity: 5 });
    const call = buffer.drained({ timeoutMs: 60_000 });
    (await drained.call(0)).answer(false);
    const second = await drained.call(1);
    expect(second.args[0].maxMs).toBeLessThanOrEqual(60_000);
    second.answer(true);
    await call;
  });

  test("times out, tries once, or is aborted", async () => {
    const buffer = await createBuffer(memoryTransport(), { capacity: 5 });
    await faultOf(buffer.drained({ timeoutMs: 20 }), "WAIT_TIMED_OUT");
    await faultOf(buffer.drained({ timeoutMs: 0 }), "WAIT_TIMED_OUT");
    const abort = new AbortController();
    const call = buffer.drained({ signal: abort.signal });
    abort.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
    await expect(buffer.drained({ signal: AbortSignal.abort(new Error("before")) })).rejects.toThrow(
      "before",
    );
    await faultOf(buffer.drained({ timeoutMs: -1 }), "INVALID_ARGUMENT");
    await buffer.seal();
    await buffer.drained();
  });
});

describe("seal", () => {
  test("hands the wish to discard on, and tells whether it did anything", async () => {
    const asked: unknown[] = [];
    const seal = async (options: unknown) => asked.push(options) === 1;
    const buffer = await createBuffer(scripted({ port: { seal } }), { capacity: 5 });
    expect([await buffer.seal(), await buffer.seal({ discard: true })]).toEqual([true, false]);
    expect(asked).toEqual([{ discard: false }, { discard: true }]);
    await faultOf(buffer.seal({ discard: "yes" } as never), "INVALID_ARGUMENT");
    await faultOf(buffer.seal({ discrad: true } as never), "INVALID_ARGUMENT");
  });

  test("of unknown outcome is said to be", async () => {
    const seal = () => Promise.reject(new BufferError("STORAGE_FAILED", "EIO", { effect: "unknown" }));
    const buffer = await createBuffer(scripted({ port: { seal } }), { capacity: 5 });
    await faultOf(buffer.seal(), "OUTCOME_UNKNOWN");
  });
});

describe("dead letters", () => {
  test("are listed with their values, put back, or removed", async () => {
    const buffer = await createBuffer<string>(memoryTransport(), { capacity: 3, failuresMax: 1 });
    const producer = await buffer.producer({ stampPutTime: true });
    const consumer = await buffer.consumer();
    await producer.putMany(["a", "b", "c"], { headers: { from: "test" } });
    for (const lease of await consumer.leaseMany(3)) await lease.nack({ reason: `no ${lease.value}` });
    const letters = buffer.deadLetters();
    const [first, second, third] = await letters.list();
    expect(first).toMatchObject({
      sequence: 1,
      reason: "no a",
      deliveries: 1,
      failures: 1,
      headers: { from: "test" },
    });
    expect(first?.decode()).toBe("a");
    expect(Math.abs(Date.now() - (first?.putTime ?? 0))).toBeLessThan(60_000);
    expect((await letters.list({ max: 1, after: 1 })).map(({ sequence }) => sequence)).toEqual([2]);
    expect(await letters.requeue(1)).toBe("requeued");
    expect(await letters.remove(second?.sequence ?? 0)).toBe("removed");
    expect([await letters.requeue(1), await letters.remove(2)]).toEqual(["missing", "missing"]);
    await expect(consumer.take()).resolves.toEqual({ done: false, value: "a" });
    await buffer.seal();
    await faultOf(letters.requeue(third?.sequence ?? 0), "BUFFER_SEALED");
  });

  test("whose envelope cannot be read are listed, and say so when they are decoded", async () => {
    const letter = { item: item("fine"), sequence: 1, reason: "r", deliveries: 1, failures: 0 };
    const list = async () => [{ ...letter, envelope: new Uint8Array([0x80]) }, letter];
    const deadLetters = {
      list,
      requeue: async () => "missing" as const,
      remove: async () => "missing" as const,
    };
    const buffer = await createBuffer(scripted({ port: { deadLetters } }), { capacity: 5 });
    const [bad, fine] = await buffer.deadLetters().list();
    expect(bad?.item).toEqual(letter.item);
    expect(() => bad?.decode()).toThrow(expect.objectContaining({ code: "ITEM_UNDECODABLE" }));
    expect(fine?.decode()).toBe("fine");
  });

  test.each([
    ["list", { max: 0 }],
    ["list", { after: -1 }],
    ["list", { limit: 1 }],
    ["requeue", 0],
    ["requeue", "1"],
    ["remove", 1.5],
  ] as const)("refuse %s(%o)", async (name, argument) => {
    const buffer = await createBuffer(memoryTransport(), { capacity: 5 });
    const letters = buffer.deadLetters();
    await faultOf((letters[name] as (argument: unknown) => Promise<unknown>)(argument), "INVALID_ARGUMENT");
    await faultOf(letters.list(throwing("max")), "INVALID_ARGUMENT");
  });
});

describe("producers", () => {
  test.each([
    { id: "" },
    { id: 5 },
    { id: "x".repeat(257) },
    { id: "\ud800" },
    { stampPutTime: 1 },
    { stampPutTime: null },
    { stampPutTime: {} },
    { stampPutTime: { everyMs: 0 } },
    { stampPutTime: { everyMS: 5 } },
    { name: "a" },
    { onWait: 1 },
  ])("are not registered with %o", async (options) => {
    const producer = () => expect.fail("registered");
    const buffer = await createBuffer(scripted({ port: { producer } }), { capacity: 5 });
    await faultOf(buffer.producer(options as never), "INVALID_ARGUMENT");
  });

  test("stamp every put, or one in some time, with all of its items", async () => {
    const buffer = await createBuffer<number>(memoryTransport(), { capacity: 9 });
    const seldom = await buffer.producer({ stampPutTime: { everyMs: 600_000 } });
    const always = await buffer.producer({ stampPutTime: true });
    await seldom.putMany([1, 2]);
    await seldom.put(3);
    await seldom.putMany([4, 5], { headers: { of: "five" } });
    await always.put(6);
    await always.putMany([7, 8]);
    const leases = await (await buffer.consumer()).leaseMany(9);
    const stamped = leases.filter(({ putTime }) => putTime !== undefined).map(({ value }) => value);
    expect(stamped).toEqual([1, 2, 6, 7, 8]);
    expect(leases[4]?.headers).toEqual({ of: "five" });
  });

  test("that come back under their id find how far they came", async () => {
    const buffer = await createBuffer(memoryTransport(), { capacity: 5 });
    const first = await buffer.producer({ id: "p" });
    await first.putMany([1, 2, 3]);
    const second = await buffer.producer({ id: "p" });
    expect([first.id, second.id, second.lastSequence]).toEqual(["p", "p", 3]);
    await faultOf(first.put(4), "HANDLE_CLOSED");
    await second.put(4);
    expect(second.lastSequence).toBe(4);
  });
});

test("counts are the transport's, and its faults are without effect", async () => {
  const counts = () => {
    throw new Error("bug");
  };
  const buffer = await createBuffer(scripted({ port: { counts } }), { capacity: 5 });
  expect((await faultOf(buffer.counts(), "STORAGE_FAILED")).effect).toBe("none");
  expect(await (await createBuffer(memoryTransport(), { capacity: 5 })).counts()).toMatchObject({
    ready: 0,
    peak: 0,
  });
});
