// Takes over a port that the test answers by hand: what is polled for, and who gets what.
import { json, type UndecodableItemError } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { delivery, faultOf, isPending, item, throwing } from "./kit/expectations.js";
import { consumerByHand, NO_COUNTS } from "./kit/scripted.js";

const garbage = new Uint8Array([0xff, 0xfe]);
const empty = { deliveries: [], state: "empty" } as const;
const drained = { deliveries: [], state: "drained" } as const;

describe("a poll", () => {
  test("is made at once, for one item, and nothing is fetched ahead", async () => {
    const { polls, consumer } = await consumerByHand();
    expect(polls.calls).toHaveLength(0);
    const take = consumer.take();
    expect(polls.calls.map(({ args }) => [args[0], args[2]])).toEqual([[1, undefined]]);
    polls.calls[0]?.answer({ deliveries: [delivery("a", 1)], state: "open" });
    await expect(take).resolves.toEqual({ done: false, value: "a" });
    expect(await isPending(new Promise(() => {}))).toBe(true);
    expect(polls.calls).toHaveLength(1);
  });

  test("serves neighbours in line of equal terms together, in call order", async () => {
    const { polls, consumer } = await consumerByHand({ capacity: 50 });
    const calls = [
      consumer.take(),
      consumer.take(),
      consumer.takeMany(3),
      consumer.lease({ leaseMs: 7 }),
      consumer.leaseMany(2, { leaseMs: 7 }),
      consumer.lease({ leaseMs: 8 }),
      consumer.take(),
    ];
    polls.calls[0]?.answer({ deliveries: [delivery(1, 1)], state: "open" });
    const asked: unknown[] = [];
    for (const [index, values] of [[], [2, 3, 4], [5, 6, 7], [8], [9]].entries()) {
      if (index === 0) continue;
      const poll = await polls.call(index);
      asked.push([poll.args[0], poll.args[2]]);
      const token = (value: number) => (poll.args[2] === undefined ? undefined : `token-${value}`);
      poll.answer({ deliveries: values.map((value) => delivery(value, value, token(value))), state: "open" });
    }
    expect(asked).toEqual([
      [4, undefined],
      [3, { leaseMs: 7 }],
      [1, { leaseMs: 8 }],
      [1, undefined],
    ]);
    const valueIn = (got: unknown): unknown => {
      if (Array.isArray(got)) return got.map(valueIn);
      return typeof got === "object" && got !== null && "value" in got ? valueIn(got.value) : got;
    };
    expect((await Promise.all<unknown>(calls)).map(valueIn)).toEqual([1, 2, [3, 4], 5, [6, 7], 8, 9]);
  });

  test("has nobody under way for whom there is no capacity: the abort of such a one disturbs no poll", async () => {
    const { polls, consumer } = await consumerByHand({ capacity: 2 });
    const stop = new AbortController();
    const takes = [consumer.take(), consumer.take(), consumer.take()];
    const behind = consumer.take({ signal: stop.signal });
    polls.calls[0]?.answer({ deliveries: [delivery(1, 1)], state: "open" });
    const poll = await polls.call(1);
    expect(poll.args[0]).toBe(2);
    stop.abort(new Error("no longer"));
    await expect(behind).rejects.toThrow("no longer");
    expect(poll.args[1].signal.aborted, "whether the poll of those before it was ended").toBe(false);
    poll.answer({ deliveries: [delivery(2, 2), delivery(3, 3)], state: "open" });
    expect(await Promise.all(takes)).toEqual([1, 2, 3].map((value) => ({ done: false, value })));
  });

  test("never asks for more than the capacity", async () => {
    const { polls, consumer } = await consumerByHand({ capacity: 2 });
    const many = consumer.takeMany(1_000);
    expect(polls.calls[0]?.args[0]).toBe(2);
    polls.calls[0]?.answer({ deliveries: [delivery(1, 1)], state: "open" });
    await expect(many).resolves.toEqual([1]);
  });

  test("that hands out more than was asked for is not believed", async () => {
    const { polls, consumer } = await consumerByHand();
    const take = consumer.take();
    polls.calls[0]?.answer({ deliveries: [delivery(1, 1), delivery(2, 2)], state: "open" });
    await faultOf(take, "OUTCOME_UNKNOWN");
  });
});

describe("the try-forms", () => {
  test("do not wait: empty, an item, or the end", async () => {
    const { polls, consumer } = await consumerByHand();
    const tries = [consumer.tryTake(), consumer.tryLease()];
    expect(polls.calls[0]?.args[1].maxMs).toBe(0);
    polls.calls[0]?.answer(empty);
    await expect(tries[0]).resolves.toBe("empty");
    const second = await polls.call(1);
    expect([second.args[1].maxMs, second.args[2]]).toEqual([0, { leaseMs: 30_000 }]);
    second.answer(drained);
    await expect(tries[1]).resolves.toEqual({ done: true });
  });

  test("behind a take that waits are empty at once; the port looks again for one that comes later", async () => {
    let ready = 0;
    const counts = () => ({ ...NO_COUNTS, ready });
    const { polls, consumer } = await consumerByHand({ script: { port: { counts } } });
    const take = consumer.take();
    const before = consumer.tryTake();
    polls.calls[0]?.args[1].onWait();
    await expect(before).resolves.toBe("empty");
    await expect(consumer.tryTake()).resolves.toBe("empty");
    ready = 2;
    const after = consumer.tryTake();
    expect(await isPending(after)).toBe(true);
    polls.calls[0]?.answer({ deliveries: [], state: "open" });
    const second = await polls.call(1);
    expect(second.args.slice(0, 2)).toEqual([2, expect.objectContaining({ maxMs: 0 })]);
    second.answer({ deliveries: [delivery(1, 1), delivery(2, 2)], state: "open" });
    await expect(take).resolves.toEqual({ done: false, value: 1 });
    await expect(after).resolves.toEqual({ done: false, value: 2 });
  });
});

describe("the end", () => {
  test("comes to all that wait, whatever their form, with one poll", async () => {
    const { polls, consumer } = await consumerByHand();
    const one = [consumer.take(), consumer.lease(), consumer.tryTake()];
    const many = [consumer.takeMany(3), consumer.leaseMany(3)];
    polls.calls[0]?.answer(drained);
    for (const call of one) await expect(call).resolves.toEqual({ done: true });
    for (const call of many) await expect(call).resolves.toEqual([]);
    expect(polls.calls).toHaveLength(1);
  });

  test("ends for await", async () => {
    const { polls, consumer } = await consumerByHand();
    const seen: unknown[] = [];
    const loop = (async () => {
      for await (const value of consumer) seen.push(value);
    })();
    polls.calls[0]?.answer({ deliveries: [delivery("a", 1)], state: "open" });
    (await polls.call(1)).answer(drained);
    await loop;
    expect(seen).toEqual(["a"]);
  });

  test("of a loop that breaks off asks for nothing more", async () => {
    const { polls, consumer } = await consumerByHand();
    const loop = (async () => {
      for await (const value of consumer) return value;
      return undefined;
    })();
    polls.calls[0]?.answer({ deliveries: [delivery("a", 1)], state: "open" });
    await expect(loop).resolves.toBe("a");
    expect(polls.calls).toHaveLength(1);
    const take = consumer.take();
    (await polls.call(1)).answer(drained);
    await expect(take).resolves.toEqual({ done: true });
  });
});

describe("an item that cannot be decoded", () => {
  test("rejects its take with the codec's bytes, and the next take gets the next item", async () => {
    const { polls, consumer } = await consumerByHand();
    const takes = [consumer.take(), consumer.take()];
    const settled = Promise.allSettled(takes);
    polls.calls[0]?.answer({ deliveries: [delivery(garbage, 1)], state: "open" });
    (await polls.call(1)).answer({ deliveries: [delivery("b", 2)], state: "open" });
    await settled;
    const error = (await faultOf(
      takes[0] as Promise<unknown>,
      "ITEM_UNDECODABLE",
    )) as unknown as UndecodableItemError;
    expect(error.item).toEqual(garbage);
    await expect(takes[1]).resolves.toEqual({ done: false, value: "b" });
  });

  test.each([
    ["an envelope with unknown flags", new Uint8Array([0x80, 1, 2])],
    ["an envelope of nothing at all", new Uint8Array()],
    ["an envelope cut short", new Uint8Array([1, 2, 3])],
  ])("for %s comes with the bytes of the item", async (_what, envelope) => {
    const { polls, consumer } = await consumerByHand();
    const take = consumer.take();
    polls.calls[0]?.answer({ deliveries: [{ ...delivery("fine", 1), envelope }], state: "open" });
    const error = (await faultOf(take, "ITEM_UNDECODABLE")) as unknown as UndecodableItemError;
    expect(error.item).toEqual(item("fine"));
  });

  test("rejects its takeMany, with all of them and the other values", async () => {
    const { polls, consumer } = await consumerByHand();
    const many = consumer.takeMany(4);
    const deliveries = ["a", garbage, "b", garbage].map((value, index) => delivery(value, index + 1));
    polls.calls[0]?.answer({ deliveries, state: "open" });
    const error = (await faultOf(many, "ITEM_UNDECODABLE")) as unknown as UndecodableItemError;
    expect(error.values).toEqual(["a", "b"]);
    expect(error.items).toEqual([garbage, garbage]);
    expect(error.item).toBe(error.items[0]);
  });

  test("under a lease is buried with the reason, and the call waits on", async () => {
    const { polls, settles, consumer } = await consumerByHand();
    const lease = consumer.lease();
    polls.calls[0]?.answer({ deliveries: [delivery(garbage, 1, "one")], state: "open" });
    const [settlement] = (await settles.call(0)).args[0];
    expect(settlement).toMatchObject({ kind: "bury", token: "one" });
    expect(settlement).toHaveProperty("reason", expect.stringContaining("ITEM_UNDECODABLE"));
    settles.calls[0]?.answer(["settled"]);
    expect(await isPending(lease)).toBe(true);
    polls.calls[1]?.answer({ deliveries: [delivery("b", 2, "two")], state: "open" });
    await expect(lease).resolves.toMatchObject({ done: false, value: { value: "b", sequence: 2 } });
  });

  test("is what a decode that throws something odd means", async () => {
    const codec = {
      ...json,
      name: "odd",
      decode() {
        throw "not an error";
      },
    };
    const { polls, consumer } = await consumerByHand({ codec });
    const take = consumer.take();
    polls.calls[0]?.answer({ deliveries: [delivery("a", 1)], state: "open" });
    expect((await faultOf(take, "ITEM_UNDECODABLE")).message).toContain("not an error");
  });
});

describe("bad arguments", () => {
  test.each([0, -1, 1.5, Number.NaN, "3", 2 ** 31])("takeMany(%o)", async (max) => {
    const { polls, consumer } = await consumerByHand();
    await faultOf(consumer.takeMany(max as number), "INVALID_ARGUMENT");
    await faultOf(consumer.leaseMany(max as number), "INVALID_ARGUMENT");
    expect(polls.calls).toHaveLength(0);
  });

  test.each([0, -1, 1.5, Number.NaN, "3", 2 ** 31])("lease({ leaseMs: %o })", async (leaseMs) => {
    const { polls, consumer, buffer } = await consumerByHand();
    await faultOf(consumer.lease({ leaseMs: leaseMs as number }), "INVALID_ARGUMENT");
    await faultOf(consumer.tryLease({ leaseMs: leaseMs as number }), "INVALID_ARGUMENT");
    await faultOf(buffer.consumer({ leaseMs: leaseMs as number }), "INVALID_ARGUMENT");
    expect(polls.calls).toHaveLength(0);
  });

  test("an option that throws when it is read, and none that is not the object's own", async () => {
    const { polls, consumer } = await consumerByHand();
    await faultOf(consumer.lease(throwing("leaseMs")), "INVALID_ARGUMENT");
    expect(polls.calls).toHaveLength(0);
    void consumer.lease(Object.create({ timeoutMs: -1, leaseMs: 0 }));
    expect(polls.calls[0]?.args[2]).toEqual({ leaseMs: 30_000 });
  });

  test("leaseMs where nothing is leased", async () => {
    const { consumer } = await consumerByHand();
    await faultOf(consumer.take({ leaseMs: 5 } as never), "INVALID_ARGUMENT");
  });
});

test("what came beside the item is on the lease", async () => {
  const { polls, consumer } = await consumerByHand();
  const lease = consumer.lease();
  polls.calls[0]?.answer({ deliveries: [delivery("a", 1, "t")], state: "open" });
  const result = await lease;
  expect(result.done).toBe(false);
  expect(result.value?.headers).toEqual({});
  expect(result.value?.putTime).toBeUndefined();
});
