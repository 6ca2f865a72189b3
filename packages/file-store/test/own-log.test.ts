// A log of a transport's own (decision 0009): what the engine makes of a bound on commits, and of a clock that is known to lie between two bounds.

import { expect, test } from "vitest";
import {
  BufferState,
  type Clock,
  type Commits,
  Dues,
  decideIfCurrent,
  Faults,
  type Log,
  newHandleId,
  Store,
  StorePort,
  withJoin,
} from "../dist/index.js";
import { memoryStoreTransport } from "./support/memory-transport.mjs";
import { noWait, now, spec, Worker } from "./support/ports.js";

const { capabilities } = memoryStoreTransport();

/** Commits in a variable. */
function commitsWith(given: Partial<Pick<Log, "clock" | "commitBytesMax">>): Commits {
  const faults = new Faults("elsewhere");
  const state = new BufferState(spec(), faults);
  const log: Log = {
    ...{ faults, state, handle: newHandleId(), durable: false, syncMs: 0, isQuickToLook: true },
    ...{ clock: { atLeast: () => 0, atMost: () => 0 }, commitBytesMax: Number.POSITIVE_INFINITY, ...given },
    passTurn: async () => {},
    onAdvance() {},
    onSegment() {},
    catchUp() {},
    watchPath: () => undefined,
    isNews: () => false,
  };
  const dues = new Dues(log);
  let last = 0;
  return {
    ...{ log, dues },
    payload: {
      expect() {},
      sumsOf: () => [],
      read: (items) => items.map(({ bytes }) => bytes as Uint8Array),
      moved() {},
    },
    waits: { tell: () => () => {}, count: () => 0 },
    transact(decide) {
      state.apply(++last, log.handle, last, dues.operations);
      const decision = decideIfCurrent(decide, state);
      if (decision === undefined) throw new Error("Expected nobody else to have committed");
      if (!("operations" in decision)) return decision.answer;
      state.apply(++last, log.handle, last, withJoin(state, log.handle, decision.operations), decision.items);
      return decision.reply(last);
    },
    close() {},
  };
}

function workerOn(commits: Commits): Promise<Worker> {
  const identity = { capabilities, address: { module: "none", transport: "elsewhere", place: null } };
  return Worker.on(new StorePort(new Store(commits), commits.log.state.spec, identity, () => {}));
}

test("a put of more than one commit can carry is accepted in part, and what there is room for comes with the next", async () => {
  const one = await workerOn(commitsWith({ commitBytesMax: 4 }));
  const items = [11, 22, 33, 44, 55, 66].map((value) => Buffer.from(String(value)));
  const offer = (first: number) => now(one.producer.offer(first, items.slice(first - 1), noWait));
  expect(offer(1)).toEqual({ accepted: 2, state: "open" });
  expect(offer(3)).toEqual({ accepted: 2, state: "open" });
  expect(offer(5), "the rest, of which the capacity lets in one").toEqual({
    accepted: 1,
    state: "full",
    fullBy: "items",
  });
  expect(one.take(5)).toEqual([11, 22, 33, 44, 55]);
});

test("a single item comes by itself, however many bytes it has", async () => {
  const one = await workerOn(commitsWith({ commitBytesMax: 4 }));
  expect(one.put(1_234_567, 8)).toBe(1);
  expect(one.take(5)).toEqual([1_234_567]);
});

test("a lease ends when its time has passed by either bound of the clock", async () => {
  let least = 0;
  const clock: Clock = { atLeast: () => least, atMost: () => least + 500 };
  const one = await workerOn(commitsWith({ clock }));
  one.put(7);
  expect(now(one.consumer.poll(1, noWait, { leaseMs: 1_000 })).deliveries).toHaveLength(1);
  least = 1_499;
  expect(one.counts()).toMatchObject({ leased: 1, ready: 0 });
  least = 1_500;
  expect(one.counts()).toMatchObject({ leased: 0, ready: 1 });
});
