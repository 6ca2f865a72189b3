// Sleeping and being woken: across the death and the standstill of those who sleep beside, and at what cost.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { geometryOf, Word } from "../dist/region-layout.js";
import { Actor } from "./support/actor.js";
import { Folder, noWait, now, until, waiting } from "./support/ports.js";

/** How often the process has gone to sleep and been woken, and how much processor time it has used. */
function switches(pid: number): number {
  const [, count] =
    /^voluntary_ctxt_switches:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(count);
}

/** On a busy machine it may not yet have come to rest the first time. */
async function expectFewSwitches({ child }: Actor, duringMs: number, fewerThan: number): Promise<void> {
  const pid = child.pid ?? 0;
  const inVain: number[] = [];
  for (let n = 0; n < 4; n++) {
    const before = switches(pid);
    await pause(duringMs);
    const count = switches(pid) - before;
    if (count < fewerThan) return;
    inVain.push(count);
  }
  expect.fail(
    `Expected fewer than ${fewerThan} switches in ${duringMs} ms, at four looks there were ${inVain}`,
  );
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a waiter that is killed or stopped costs nobody its wake-up:", () => {
  test.each(["SIGKILL", "SIGSTOP"] as const)("%s among takers", async (signal) => {
    using folder = new Folder();
    const port = await folder.create({ capacity: 1 });
    const producer = await port.producer();
    using first = await Actor.on(port.address);
    using second = await Actor.on(port.address);
    first.call("take", 60_000).catch(() => {});
    const take = second.call("take", 60_000);
    await until(() => first.waits + second.waits === 2, "both wait");
    first.child.kill(signal);
    if (signal === "SIGKILL") await first.exit;
    await producer.offer(1, [Buffer.from("item")], noWait);
    expect(await take).toBe("item");
    await port.destroy();
  });

  test.each(["SIGKILL", "SIGSTOP"] as const)("%s among putters", async (signal) => {
    using folder = new Folder();
    const port = await folder.create({ capacity: 1 });
    const producer = await port.producer();
    const consumer = await port.consumer();
    await producer.offer(1, [Buffer.from("full")], noWait);
    using first = await Actor.on(port.address);
    using second = await Actor.on(port.address);
    first.call("put", "one", 60_000).catch(() => {});
    const put = second.call("put", "two", 60_000);
    await until(() => first.waits + second.waits === 2, "both wait");
    first.child.kill(signal);
    if (signal === "SIGKILL") await first.exit;
    await consumer.poll(1, noWait);
    expect(await put).toBe("open");
    await port.destroy();
  });

  test("a wake that went to one who was stopped is not his alone: he finds what is left when he goes on", async () => {
    using folder = new Folder();
    const port = await folder.create({ capacity: 2 });
    const producer = await port.producer();
    using sleeper = await Actor.on(port.address);
    const take = sleeper.call("take", 60_000);
    await until(() => sleeper.waits === 1, "it waits");
    sleeper.child.kill("SIGSTOP");
    await producer.offer(1, [Buffer.from("one")], noWait);
    const consumer = await port.consumer();
    expect((await consumer.poll(1, noWait)).deliveries.length).toBe(1);
    sleeper.child.kill("SIGCONT");
    await pause(50);
    await producer.offer(2, [Buffer.from("two")], noWait);
    expect(await take).toBe("two");
    await port.destroy();
  });
});

test("one who was woken and killed is not stood aside for, for ever", async () => {
  using folder = new Folder();
  const port = await folder.create({ capacity: 1 });
  const producer = await port.producer();
  const consumer = await port.consumer();
  const victim = await Actor.on(port.address);
  victim.call("take", 60_000).catch(() => {});
  await until(() => victim.waits === 1, "it waits");
  victim.child.kill("SIGSTOP");
  let sequence = 0;
  // Whether it is had at once, without a turn for others.
  const isAtOnce = async () => {
    sequence += now(producer.offer(sequence + 1, [Buffer.from("item")], noWait)).accepted;
    await pause(1);
    const polled = consumer.poll(1, waiting(60_000));
    expect((await polled).deliveries.length).toBe(1);
    return !(polled instanceof Promise);
  };
  expect(await isAtOnce()).toBe(false);
  await victim.kill();
  await until(isAtOnce, "nobody is expected any more");
  expect(await isAtOnce()).toBe(true);
  await port.destroy();
});

test("what is owed over one buffer is sent before a wait over another begins", async () => {
  using one = new Folder();
  using two = new Folder();
  const port = await one.create();
  const producer = await port.producer();
  const consumer = await (await two.create()).consumer();
  using sleeper = await Actor.on(port.address);
  const take = sleeper.call("take", 60_000);
  await until(() => sleeper.waits === 1, "it waits");
  const words = await one.words(geometryOf(port.spec).regionBytes);
  const isAsleep = () => words.subarray(Word.waitForItem, Word.waitForItem + 8).some((bits) => bits !== 0);
  now(producer.offer(1, [Buffer.from("item")], noWait));
  // One wake for the burst, which may go on.
  expect(isAsleep()).toBe(true);
  const poll = consumer.poll(1, waiting(1));
  expect(isAsleep()).toBe(false);
  await poll;
  expect(await take).toBe("item");
});

test("the death of a holder is noticed by those who wait, without anybody else", async () => {
  using folder = new Folder();
  const port = await folder.create({ capacity: 1 });
  await (await port.producer()).offer(1, [Buffer.from("item")], noWait);
  const holder = await Actor.on(port.address);
  await holder.call("lease", 3_600_000);
  using taker = await Actor.on(port.address);
  const take = taker.call("take", 60_000);
  await until(() => taker.waits === 1, "it waits");
  await holder.kill();
  expect(await take).toBe("item");
  await port.destroy();
});

describe("an idle process", () => {
  test("that waits wakes up for the safety re-check alone", async () => {
    using folder = new Folder();
    const port = await folder.create({ capacity: 1 });
    using sleeper = await Actor.on(port.address);
    const take = sleeper.call("take", 60_000);
    await until(() => sleeper.waits === 1, "it waits");
    await pause(500);
    // Twelve re-checks of 250 ms; a turn of the event loop may take two switches.
    await expectFewSwitches(sleeper, 3000, 40);
    await (await port.producer()).offer(1, [Buffer.from("end")], noWait);
    expect(await take).toBe("end");
    await port.destroy();
  });

  test("that does not wait sleeps, and does not stay alive for its handle", async () => {
    using folder = new Folder();
    const port = await folder.create({ capacity: 1 });
    using idle = await Actor.on(port.address);
    await idle.call("put", "x");
    await pause(300);
    await expectFewSwitches(idle, 1000, 10);
    idle.call("leave").catch(() => {});
    expect((await idle.exit)[0]).toBe(0);
    await port.destroy();
  });
});
