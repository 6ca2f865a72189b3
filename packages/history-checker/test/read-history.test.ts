// What cannot have been written down like that is refused, with what was seen and what is allowed.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import {
  checkHistory,
  HistoryError,
  judgeHistory,
  type Operation,
  readHistory,
  recordInMemory,
  recordTo,
  searchHistory,
  summarizeHistory,
} from "../src/index.js";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "history-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("reads what was recorded, and leaves out a line that a kill cut short", () => {
  const recorder = recordTo(folder, "consumer-1");
  recorder.begin("lease", { leaseMs: 50 })("ok", { value: "a-1", deliveries: 1 });
  recorder.begin("ack", { value: "a-1", deliveries: 1 });
  recorder.close();
  writeFileSync(
    join(folder, "producer-1.jsonl"),
    '{"inv":1,"kind":"put","at":"12","value":"a-1"}\n{"ret":1,"at":"1',
  );
  const operations = readHistory(folder);
  expect(operations.map(({ process, kind, outcome }) => [process, kind, outcome])).toEqual([
    ["producer-1", "put", undefined],
    ["consumer-1", "lease", "ok"],
    ["consumer-1", "ack", undefined],
  ]);
  expect(operations[1]).toMatchObject({ leaseMs: 50, value: "a-1", deliveries: 1 });
});

const put = '{"inv":1,"kind":"put","at":"20","value":"a"}';
test.each([
  ["{", 'Expected a line of JSON at p.jsonl:1, got "{"'],
  ["7", 'Expected an invocation or a return at p.jsonl:1, got "7"'],
  ['{"inv":-1,"kind":"put","at":"1"}', "Expected inv or ret to be an integer from 0 at p.jsonl:1, got -1"],
  ['{"inv":1,"kind":"peek","at":"1"}', "Expected kind to be put, take, lease, ack, nack, release or seal"],
  [
    '{"inv":1,"kind":"put","at":1}',
    "Expected at to be digits, the nanoseconds of a clock at p.jsonl:1, got 1",
  ],
  [`${put}\n{"ret":1,"at":"21","outcome":"done"}`, "Expected outcome to be ok, full, empty, sealed"],
  [`${put}\n{"ret":2,"at":"21","outcome":"ok"}`, "Expected an invocation 2 of p before its return, got none"],
  [`${put}\n${put}`, "Expected one invocation 1 of p, got two"],
  [`${put}\n{"ret":1,"at":"19","outcome":"ok"}`, "Expected the clock of p to run forwards"],
])("%s", (text, message) => {
  writeFileSync(join(folder, "p.jsonl"), `${text}\n`);
  expect(() => readHistory(folder)).toThrow(HistoryError);
  expect(() => readHistory(folder)).toThrow(message);
});

const one = (more: Partial<Operation>): Operation => {
  const operation = {
    process: "p",
    id: 1,
    kind: "put",
    value: "a",
    invokedAt: 1,
    returnedAt: 2,
    outcome: "ok",
  } as const;
  return { ...operation, ...more };
};
test.each([
  [[one({ returnedAt: 0 })], "Expected returnedAt to be from 1 in put #1 of p, got 0"],
  [
    [one({ outcome: "empty" })],
    "Expected outcome to be ok, full, sealed, none or unknown in put #1 of p, got empty",
  ],
  [[one({ kind: "take", value: undefined as never })], "Expected value to be the item in take #1 of p"],
])("hand-made operations that cannot be: %j", (operations, message) => {
  expect(() => checkHistory(operations, { capacity: 1 })).toThrow(message);
});

test("two recorders of one name, and a kind that there is not, are refused at once", () => {
  const history = recordInMemory();
  history.recorder("a");
  expect(() => history.recorder("a")).toThrow(new HistoryError("Expected one recorder of a, got two"));
  const recorders = [history.recorder("b"), recordTo(folder, "b")];
  for (const recorder of recorders)
    expect(() => recorder.begin("peek" as "put")).toThrow(
      new HistoryError('Expected kind to be put, take, lease, ack, nack, release or seal, got "peek"'),
    );
  expect(history.operations()).toEqual([]);
  for (const recorder of recorders) recorder.close();
});

test.each([
  ["isDraind", "isDrained may be meant"],
  ["bytesmax", "bytesMax may be meant"],
  ["size", "one of capacity, bytesMax, "],
])("a name in the expectation that there is not is refused: %s", (name, hint) => {
  const expectation = { capacity: 1, [name]: 1 };
  for (const judge of [checkHistory, searchHistory, judgeHistory]) {
    const told = `Expected the names in the expectation to be known, got ${name}: ${hint}`;
    expect(() => judge([], expectation)).toThrow(told);
  }
});

test("a name in the options that there is not is refused", () => {
  const options = { stepMax: 1 } as object;
  for (const judge of [searchHistory, judgeHistory])
    expect(() => judge([], { capacity: 1 }, options)).toThrow(
      "Expected the names in the options to be known, got stepMax: stepsMax may be meant",
    );
});

test("a capacity that none can be is refused", () => {
  for (const capacity of [0, -1, 1.5, Number.NaN]) {
    expect(() => checkHistory([], { capacity })).toThrow(
      `Expected capacity to be an integer from 1, got ${capacity}`,
    );
  }
});

test("the summary accounts for every item", () => {
  const operations = [
    one({}),
    one({ id: 2, value: "b" }),
    one({ id: 3, value: "c", outcome: "unknown" }),
    one({ id: 4, value: "d", outcome: "full" }),
    one({ id: 5, kind: "take", value: "c", invokedAt: 5, returnedAt: 6 }),
    one({ id: 6, kind: "take", value: "d", invokedAt: 5, returnedAt: 6 }),
    one({ id: 7, kind: "take", value: "b", invokedAt: 5, returnedAt: 6 }),
    one({ id: 8, kind: "take", value: "b", invokedAt: 7, returnedAt: 8 }),
  ];
  expect(summarizeHistory(operations)).toEqual({
    accepted: 2,
    open: 1,
    finished: 4,
    lost: ["a"],
    unexpected: ["d"],
    duplicated: ["b"],
    recovered: ["c"],
    openTakes: 0,
    refused: 0,
    peak: 2,
  });
});
