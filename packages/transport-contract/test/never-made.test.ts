// What is made for a rule, and never comes: it is named after its own time, not after the rule's, which is eleven times as long.
import type { BufferTransport } from "@sluice/core";
import { expect, test } from "vitest";
import { memoryTransport } from "../../transport-memory/dist/index.js";
import { runContract } from "../dist/index.js";
import { type Decoration, decorated } from "./gallery/decorate.js";

const timing = { signalMs: 300, noSignalMs: 20, leaseMs: 60 };
const never = () => new Promise<never>(() => {});
const opensOnce = () => {
  let opens = 0;
  return (base: BufferTransport): Partial<BufferTransport> => ({
    open: (address) => (opens++ === 0 ? base.open(address) : never()),
  });
};

async function saidOf(rule: string, decorate: () => Decoration): Promise<string> {
  const [verdict] = await runContract(
    { createTransport: () => decorated(decorate), capabilities: memoryTransport().capabilities },
    { only: [rule], timing },
  );
  return String(verdict?.error);
}

const open = (): Decoration => ({ transport: () => ({ open: never }) });
const secondOpen = (): Decoration => ({ transport: opensOnce() });
const create = (): Decoration => ({ transport: () => ({ create: never }) });
const producer = (): Decoration => ({ port: () => ({ producer: never }) });
const consumer = (): Decoration => ({ port: () => ({ consumer: never }) });

// Through the face, by the rule itself, and at the port.
test.each([
  ["BOUND-1", "createBuffer", open],
  ["LIFE-2", "openBuffer", open],
  ["LIFE-4", "openOrCreateBuffer", open],
  ["BOUND-6", "the transport's open", open],
  ["LIFE-1", "createBuffer", create],
  ["LIFE-5", "createBuffer", create],
  ["BOUND-6", "the transport's create", create],
  ["LIFE-20", "openBuffer", secondOpen],
  ["LIFE-22", "openBuffer", secondOpen],
  ["VALUE-9", "the transport's open", secondOpen],
  ["LIFE-1", "producer()", producer],
  ["LIFE-22", "producer()", producer],
  ["RETRY-1", "the port's producer()", producer],
  ["LIFE-16", "consumer()", consumer],
  ["RETRY-2", "the port's consumer()", consumer],
])("%s: %s", async (rule, what, decorate) => {
  expect(await saidOf(rule, decorate)).toContain(
    `Expected ${what} to settle, it was still waiting after ${timing.signalMs} ms`,
  );
});

test("what is made too late is let go of all the same", async () => {
  const late: (() => void)[] = [];
  let closes = 0;
  const decorate = (): Decoration => ({
    transport: (base) => ({
      open: (address) =>
        new Promise((resolve) => {
          late.push(() => resolve(base.open(address)));
        }),
    }),
    port: (port) => ({
      destroy: () => {
        closes++;
        return port.destroy();
      },
    }),
  });
  await saidOf("BOUND-1", decorate);
  expect([late.length, closes]).toEqual([1, 0]);
  late[0]?.();
  await expect.poll(() => closes).toBe(1);
});
