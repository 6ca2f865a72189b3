// What a server finds in a connection that was given up, after it has been asked the same again on another: nothing is lost by it.

import { expect, test } from "vitest";
import { asked, SLOW } from "./support/scripts.js";
import { noServer } from "./support/servers.js";

test.skipIf(noServer)("a poll, a settlement, an offer and a registration that come late", async () => {
  const { buffer, keys, ask, poll, again } = await asked();
  await (await buffer.producer()).putMany(["a", "b", "c"]);
  for (const consumer of ["h.1", "h.2"]) expect(await ask("enter", keys.all, consumer)).toEqual([0]);

  const first = await poll(1);
  const sequence = Buffer.alloc(8);
  sequence.writeDoubleLE(1);
  expect(first).toBe(`1:1${sequence.toString("latin1")}\0\0"a"`);
  expect(await poll(1)).toEqual([SLOW]);
  expect(await again(1)).toEqual([0, [], 1, ['\0\0"a"']]);
  const second = await poll(2);
  expect(second).toContain('"b"');
  // Its caller has gone on.
  expect(await poll(1)).toEqual([SLOW]);
  expect((await again(1))[0]).toBe(2);
  expect(await buffer.counts()).toMatchObject({ consumed: 2, ready: 1 });

  const leased = await ask("poll", keys.poll.leased, "h.2", 1, 1, 60_000, 0);
  expect(leased[2]).toBe(3);
  const ack = ["h.2", 1, "ack", "3", "h.2.1", "", 0];
  expect(await ask("settle", keys.settle, ...ack)).toEqual([0, "1"]);
  expect(await ask("settle-slow", keys.all, ...ack)).toEqual([0, "1"]);

  expect(await ask("register", keys.all, "np", "h.3")).toEqual([0, 0]);
  expect(await ask("put", keys.put.named, "np", "h.3:0", "h.3:1", 0, "\0\0x")).toBe(0);
  expect(await ask("put", keys.put.named, "np", "h.3:0", "h.3:1", 0, "\0\0x")).toEqual([SLOW]);
  expect(await ask("put-slow", keys.all, "np", "h.3", 1, "h.3", 0, -1, "\0\0x")).toEqual([0, 1, 0, 0]);
  expect(await ask("register", keys.all, "np", "h.4")).toEqual([0, 1]);
  expect(await ask("register", keys.all, "np", "h.3")).toEqual([2]);
  expect(await ask("put-slow", keys.all, "np", "h.4", 2, "h.4", 0, -1, "\0\0y")).toEqual([0, 1, 0, 0]);
  expect(await ask("put-slow", keys.all, "np", "h.3", 2, "h.3", 0, -1, "\0\0z")).toEqual([4]);
  expect(await buffer.counts()).toMatchObject({ produced: 5, ready: 2 });
});

test.skipIf(noServer)(
  "settlements and dead letters: what comes late leaves the answer to what came since",
  async () => {
    const { buffer, keys, ask } = await asked();
    await (await buffer.producer()).putMany(["a", "b", "c"]);
    expect(await ask("enter", keys.all, "h.1")).toEqual([0]);
    const leased = await ask("poll", keys.poll.leased, "h.1", 1, 3, 60_000, 0);
    expect(leased[3]).toHaveLength(3);
    const settlement = (request: number, kind: string, id: string) =>
      ["h.1", request, kind, id, "h.1.1", "", 0] as const;
    const second = settlement(2, "ack", "2");
    expect(await ask("settle", keys.settle, ...second)).toEqual([0, "1"]);
    // The first was under way on a connection that was given up, and its caller has gone on.
    const first = settlement(1, "ack", "1");
    expect(await ask("settle", keys.settle, ...first)).toEqual([SLOW]);
    expect(await ask("settle-slow", keys.all, ...first)).toEqual([0, ""]);
    expect(await ask("settle-slow", keys.all, ...second)).toEqual([0, "1"]);
    expect(await buffer.counts()).toMatchObject({ consumed: 1, leased: 2 });

    for (const [request, id] of [
      [3, "1"],
      [4, "3"],
    ] as const)
      expect(await ask("settle-slow", keys.all, ...settlement(request, "bury", id))).toEqual([0, "1"]);
    expect(await ask("requeue", keys.all, "dh", 3, 1)).toEqual([0, "requeued"]);
    for (const late of ["requeue", "remove"] as const)
      for (const request of [1, 2]) await ask(late, keys.all, "dh", request, 3);
    expect(await ask("requeue", keys.all, "dh", 3, 1)).toEqual([0, "requeued"]);
    expect(await buffer.counts()).toMatchObject({ consumed: 1, leased: 0, dead: 1, ready: 1, discarded: 0 });
  },
);

test.skipIf(noServer)("a poll that comes late, after what was told has become old", async () => {
  const { buffer, keys, ask, poll, again } = await asked();
  const items = ["\0\0a", "\0\0b", "\0\0c"];
  expect(await ask("put-slow", keys.all, "ah.9", "h.9", 1, "h.9", 0, -1, ...items)).toEqual([0, 3, 0, 0]);
  expect(await again(1)).toEqual([0, [], 1, ["\0\0a"]]);
  expect(await again(2)).toEqual([0, [], 2, ["\0\0b"]]);
  // The first who comes makes it old; for the next a minute would have to pass.
  expect(await ask("enter", keys.all, "h.2")).toEqual([0]);
  expect(await poll(1)).toEqual([SLOW]);
  expect(await again(1)).toEqual([2, 0]);
  expect(await again(2)).toEqual([0, [], 2, ["\0\0b"]]);
  expect(await buffer.counts()).toMatchObject({ consumed: 2, ready: 1 });
});

test.skipIf(noServer)("an offer and a poll that come late, after who made them has gone", async () => {
  const { buffer, keys, link, ask, poll, again } = await asked();
  const producer = await buffer.producer();
  await producer.putMany(["a", "b"]);
  await producer.close();
  const [fields = []] = await link.commands<readonly Buffer[]>(["HKEYS", keys.header]);
  const record = fields.map(String).find((field) => field.startsWith("a")) ?? "";
  const holder = record.slice(1);
  const late = [record, holder, 1, holder, 0, -1, "\0\0a", "\0\0b"];
  expect(await ask("put-slow", keys.all, ...late)).toEqual([0, 2, 0, 0]);
  expect(await buffer.counts()).toMatchObject({ produced: 2, ready: 2 });

  expect(await ask("enter", keys.all, "h.1")).toEqual([0]);
  expect(await poll(1)).toContain('"a"');
  expect(await ask("part", keys.all, "h.1.", "h.1", "#h.1", "sh.1")).toEqual([0]);
  for (const request of [1, 2]) {
    expect(await poll(request)).toEqual([SLOW]);
    expect(await again(request)).toEqual([2, 0]);
  }
  expect(await buffer.counts()).toMatchObject({ consumed: 1, ready: 1 });
});
