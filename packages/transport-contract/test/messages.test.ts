// What a failure says: of errors their words.
import { expect, test } from "vitest";
import type { RuleContext } from "../src/kit/context.js";
import { equal, rejects } from "../src/kit/expect.js";
import { waitingWith } from "../src/kit/waiting.js";

const timing = { signalMs: 1000, noSignalMs: 20, leaseMs: 20 };
const waits: Pick<RuleContext, "staysPending"> = waitingWith(timing, new AbortController().signal);

test("a promise that should have stayed pending, and rejected", async () => {
  await expect(waits.staysPending(Promise.reject(new Error("the inner one")), "a put")).rejects.toThrow(
    "Expected a put to go on waiting, it rejected with Error: the inner one",
  );
});

test("an error where a value was expected", () => {
  expect(() => equal<unknown>([new TypeError("no")], [1], "what came")).toThrow(
    'Expected what came to be [1], got ["TypeError: no"]',
  );
});

test("an error with the code that is expected, that is no BufferError", async () => {
  const lookalike = Object.assign(new Error("a gap"), { code: "INVALID_ARGUMENT" });
  await expect(rejects(Promise.reject(lookalike), "INVALID_ARGUMENT", "an offer")).rejects.toThrow(
    "it rejected with Error: a gap, which has the code, but that is no BufferError",
  );
});
