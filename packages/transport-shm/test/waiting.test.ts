// Sleeping and being woken: across the death and the standstill of those who sleep beside, and at what cost.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Actor } from "./support/actor.js";
import { Folder, noWait, until } from "./support/ports.js";

/** How often the process has gone to sleep and been woken, and how much processor time it has used. */
function switches(pid: number): number {
  const [, count] =
    /^voluntary_ctxt_switches:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(count);
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
    const pid = sleeper.child.pid ?? 0;
    const before = switches(pid);
    await pause(3000);
    // Twelve re-checks of 250 ms; a turn of the event loop may take two switches.
    expect(switches(pid) - before).toBeLessThan(40);
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
    const pid = idle.child.pid ?? 0;
    const before = switches(pid);
    await pause(1000);
    expect(switches(pid) - before).toBeLessThan(10);
    idle.call("leave").catch(() => {});
    expect((await idle.exit)[0]).toBe(0);
    await port.destroy();
  });
});
