// The server's clock as a client knows it: between two bounds that narrow, and that give way when the clock is set.

import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ServerClock } from "../dist/server-clock.js";

// This machine's clock stands: what passes between two lines is no part of it.
beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

/** Times are told as if the server's clock were ahead by so much. */
const AHEAD_MS = 1_000_000;

function apart(clock: ServerClock): [least: number, most: number] {
  const now = performance.now();
  return [clock.atLeast() - now, clock.atMost() - now];
}

test("nothing has ended before the clock is known, and nothing is granted", () => {
  const clock = new ServerClock();
  expect(clock.isDue).toBe(true);
  expect(clock.atLeast()).toBe(Number.NEGATIVE_INFINITY);
  expect(clock.atMost()).toBe(Number.POSITIVE_INFINITY);
});

test("a quick answer narrows the bounds, and a slow one does not widen them", () => {
  const clock = new ServerClock();
  const now = performance.now();
  clock.heard(now - 100, now - 50 + AHEAD_MS, now);
  const wide = apart(clock);
  expect(wide[1] - wide[0]).toBeGreaterThanOrEqual(100);
  clock.heard(now - 2, now - 1 + AHEAD_MS, now);
  clock.heard(now - 500, now - 400 + AHEAD_MS, now);
  const [least, most] = apart(clock);
  expect(least).toBeLessThanOrEqual(AHEAD_MS);
  expect(most).toBeGreaterThanOrEqual(AHEAD_MS);
  expect(most - least).toBeLessThan(50);
  expect(clock.isDue).toBe(false);
});

test.each([-60_000, 60_000])("a clock that is set by %d ms is believed", (setMs) => {
  const clock = new ServerClock();
  const now = performance.now();
  clock.heard(now - 2, now - 1 + AHEAD_MS, now);
  clock.heard(now - 2, now - 1 + AHEAD_MS + setMs, now);
  const [least, most] = apart(clock);
  expect(least).toBeLessThanOrEqual(AHEAD_MS + setMs);
  expect(most).toBeGreaterThanOrEqual(AHEAD_MS + setMs);
});

test("an answer that is no time is not heard", () => {
  const clock = new ServerClock();
  const now = performance.now();
  clock.heard(now, Number.NaN, now);
  expect(clock.isDue).toBe(true);
});
