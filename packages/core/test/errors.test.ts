// Errors are recognised by brand and code, also those of another copy of core.

import { readFileSync } from "node:fs";
import { BufferError, ERROR_CODES, isBufferError, outOfRange, show, wrongType } from "@sluice/core";
import { describe, expect, test } from "vitest";
import { BufferError as OtherBufferError } from "../src/errors.js";

test("an error of another copy of core is recognised", () => {
  const error = new OtherBufferError("BUFFER_BUSY", "locked");
  expect(error).not.toBeInstanceOf(BufferError);
  expect([
    isBufferError(error),
    isBufferError(error, "BUFFER_BUSY"),
    isBufferError(error, "DATA_CORRUPT"),
  ]).toEqual([true, true, false]);
  for (const other of [new Error("BUFFER_BUSY"), { code: "BUFFER_BUSY" }, null, "BUFFER_BUSY"]) {
    expect(isBufferError(other)).toBe(false);
  }
});

test("OUTCOME_UNKNOWN has effect unknown, and others none unless it is said", () => {
  expect(new BufferError("OUTCOME_UNKNOWN", "m").effect).toBe("unknown");
  expect(new BufferError("STORAGE_FAILED", "m").effect).toBe("none");
  expect(new BufferError("STORAGE_FAILED", "m", { effect: "unknown" }).effect).toBe("unknown");
});

test("misuse is a TypeError or RangeError of the same table", () => {
  const [type, range] = [wrongType("`x`", "a string", 5), outOfRange("`x`", "from 1", 0)];
  expect([type, range]).toEqual([expect.any(TypeError), expect.any(RangeError)]);
  for (const error of [type, range]) expect(isBufferError(error, "INVALID_ARGUMENT")).toBe(true);
  expect(type.message).toBe("Expected `x` to be a string, got 5");
});

describe("a value in a message", () => {
  test.each<[string, unknown, string]>([
    ["control characters", "a\n\u009f", "a.*009f"],
    ["what is long", "x".repeat(100), '^"x+…"$'],
    ["what is long, and no string", Symbol("x".repeat(100)), "x…$"],
    [
      "what throws when it is looked at",
      {
        get constructor() {
          throw new Error("no");
        },
      },
      "cannot be shown",
    ],
    ["an object without a prototype", Object.create(null), "no prototype"],
    ["a bigint", 1n, "1n"],
    ["a symbol", Symbol("s"), "Symbol"],
    ["an array", [1, 2], "array of 2"],
    ["undefined", undefined, "undefined"],
  ])("is shown: %s", (_what, value, expected) => {
    const text = show(value);
    expect(text).toMatch(new RegExp(expected));
    expect(text.length).toBeLessThanOrEqual(64);
    expect(text).not.toMatch(/\p{Cc}/u);
  });
});

test("the README's table has every code", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const rows = [...readme.matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1]);
  expect(rows.sort()).toEqual([...ERROR_CODES].sort());
});
