// How long a wait looks again before it sleeps, by a clock of the test's own: what a spin may cost whom.
import { availableParallelism } from "node:os";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Spin } from "../dist/spin.js";

const LOOK_MS = 0.01;
const words = new Int32Array(1);
let nowMs = 0;

beforeEach(() => {
  vi.spyOn(performance, "now").mockImplementation(() => {
    nowMs += LOOK_MS;
    return nowMs;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** How often it spun, in so many waits in vain that follow each other after `pauseMs`, each in a turn of its own. */
async function spins(waits: number, pauseMs: number): Promise<number> {
  const spin = new Spin();
  let count = 0;
  for (let i = 0; i < waits; i++) {
    await turn();
    const before = nowMs;
    expect(spin.until(words, 0, 0)).toBe(false);
    // Whoever is skipped reads the clock once at most.
    if (nowMs - before > 1.5 * LOOK_MS) count += 1;
    nowMs += pauseMs;
  }
  return count;
}

describe.skipIf(availableParallelism() < 2)("a spin", () => {
  test("sees what is there already without a clock", () => {
    const before = nowMs;
    expect(new Spin().until(words, 0, 1)).toBe(true);
    expect(nowMs).toBe(before);
  });

  test("in vain, again and again, is left out of most waits", async () => {
    // 4 while it grows, one after each of 1, 3, 7, 15 and 31 waits, and then one of 64.
    expect(await spins(1000, 5)).toBeLessThan(4 + 6 + 1000 / 64);
  });

  test("in vain, where waits follow each other closely, is tried until it has cost 10 ms", async () => {
    const count = await spins(1000, 0.1);
    expect(count).toBeGreaterThan(10 / 0.17);
    expect(count).toBeLessThan(4 + 10 / 0.16 + 6 + 1000 / 64);
  });

  test("that waits long for somebody slow is given up, though it is not in vain", async () => {
    const spin = new Spin();
    let spun = 0;
    for (let i = 0; i < 2000; i++) {
      await turn();
      // Behind the first 32 looks, and 12 readings of the clock: 0.12 ms.
      let looks = 0;
      const load = vi.spyOn(Atomics, "load").mockImplementation((() => (++looks > 32 * 13 ? 1 : 0)) as never);
      if (spin.until(words, 0, 0)) spun += 1;
      load.mockRestore();
      nowMs += 1;
    }
    // 10 ms of debt, of 0.1 ms each, and then one of 64.
    expect(spun).toBeLessThan(8 + 10 / 0.09 + 6 + 2000 / 64);
    expect(spun).toBeGreaterThan(10 / 0.13);
  });

  test("leaves the event loop its turn after 2 ms, whichever spins they were", async () => {
    await turn();
    const before = nowMs;
    for (let i = 0; i < 200; i++) new Spin().until(words, 0, 0);
    // Each of 20 us reads the clock three times, the first time as its beginning.
    expect(nowMs - before).toBeLessThan(2 * 1.5 + 0.2);
    await turn();
    const again = nowMs;
    new Spin().until(words, 0, 0);
    expect(nowMs).toBeGreaterThan(again);
  });
});
