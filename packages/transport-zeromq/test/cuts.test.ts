// Connections that are slow, cut in the middle of a frame, reset, or silent, all by the bytes that went over them and all from
// one seed. The face does by itself what it takes: at the end each item is accounted for.

import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { Actor } from "./support/actor.js";
import { type MadeBuffer, madeBuffer } from "./support/buffers.js";
import { printedRandom, type Random } from "./support/random.js";
import { type Fate, TcpProxy } from "./support/tcp-proxy.js";

/** Greeting, handshake and the opening of the buffer: cuts before that have a test of their own. */
const BYTES_TO_OPEN = 700;
/** More than a heartbeat, and less than the 3 s after which a client fails its calls, by as much as a machine may pause. */
const SILENT_MS = 1_200;
const AT_A_TIME = 8;

interface Account {
  readonly values: string[];
  readonly lost: number;
  readonly faults: string[];
}

/** Two producers and two consumers, each a process, all through the proxy; then the account. */
async function expectAllAccounted(made: MadeBuffer, proxy: TcpProxy, items: number): Promise<number> {
  const actors = await Promise.all(Array.from({ length: 4 }, () => Actor.at(proxy.url)));
  const [first, second, plain, leasing] = actors as [Actor, Actor, Actor, Actor];
  const took = plain.call<Account>("consume", "take");
  const leased = leasing.call<Account>("consume", "lease");
  const produced = [
    first.call("produce", "a", items / 2, AT_A_TIME),
    second.call("produce", "b", items / 2, AT_A_TIME),
  ];
  await Promise.all(produced);
  await made.buffer.seal();
  const accounts = await Promise.all([took, leased]);
  expect(accounts.flatMap(({ faults }) => faults)).toEqual([]);
  const values = accounts.flatMap((account) => account.values);
  const expected = ["a", "b"].flatMap((name) =>
    Array.from({ length: items / 2 }, (_, n) => `${name}-${n + 1}`),
  );
  expect(values.sort()).toEqual(expected.sort());
  expect(await made.buffer.counts()).toMatchObject({
    produced: items,
    consumed: items,
    ready: 0,
    leased: 0,
    dead: 0,
  });
  for (const actor of actors) await actor.call("close");
  return accounts[1].lost;
}

function fates(random: Random, by: Fate["by"], bytesMax: number): (n: number) => Fate {
  return () => ({
    ...(by !== undefined && { by }),
    silentMs: SILENT_MS,
    afterBytes: BYTES_TO_OPEN + random.below(bytesMax),
  });
}

test("each read is up to 50 ms late", async () => {
  const random = printedRandom("late reads");
  const made = await madeBuffer({ capacity: 5, failuresMax: 1_000 });
  await using proxy = await TcpProxy.start(made.port, () => ({ jitterMs: 50 }), random);
  expect(await expectAllAccounted(made, proxy, 60)).toBe(0);
});

test.each([
  ["closed", "close", 1_200],
  ["reset", "reset", 1_200],
] as const)("connections are %s in the middle of a frame", async (_what, by, items) => {
  const random = printedRandom(`connections that end by a ${by}`);
  const made = await madeBuffer({ capacity: 5, failuresMax: 1_000 });
  await using proxy = await TcpProxy.start(made.port, fates(random, by, 6_000));
  await expectAllAccounted(made, proxy, items);
  expect(proxy.ended, "cuts").toBeGreaterThan(10);
});

test("connections fall silent, both ways, and are reset later", async () => {
  const random = printedRandom("connections that fall silent");
  const made = await madeBuffer({ capacity: 5, failuresMax: 1_000 });
  await using proxy = await TcpProxy.start(made.port, fates(random, "silence", 20_000));
  await expectAllAccounted(made, proxy, 400);
  expect(proxy.ended, "silences").toBeGreaterThan(1);
});

test("connections are cut while they begin, sooner or later", async () => {
  const made = await madeBuffer({ capacity: 5, failuresMax: 1_000 });
  let n = 0;
  await using proxy = await TcpProxy.start(made.port, () =>
    n < 40 ? { afterBytes: 1 + 13 * n++, by: "reset" } : {},
  );
  const actors = await Promise.all(Array.from({ length: 8 }, () => Actor.start()));
  const opened = await Promise.allSettled(actors.map((actor) => actor.call("open", proxy.url)));
  // One that had no answer within 3 s says so, and may try again.
  for (const one of opened)
    if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "TRANSPORT_UNAVAILABLE" });
  while (n < 40) await sleep(5);
  expect(await expectAllAccounted(made, proxy, 40)).toBe(0);
});
