import { expect, test } from "vitest";
import { ArrivalLog, faultOf } from "../src/arrivals.js";
import { ITEM_BYTES, ITEMS_MAX, makeItem, PRODUCERS_MAX, readItem } from "../src/item.js";

type Label = readonly [producer: number, number: number];

function account(put: readonly number[], labels: readonly Label[]) {
  const log = new ArrivalLog(put);
  for (const [producer, number] of labels) log.add(makeItem(producer, number));
  return log.report();
}

test("an item says what it is", () => {
  for (const label of [
    { producer: 0, number: 0 },
    { producer: PRODUCERS_MAX - 1, number: ITEMS_MAX },
    { producer: 3, number: 1_234_567 },
  ]) {
    const item = makeItem(label.producer, label.number);
    expect(item.byteLength).toBe(ITEM_BYTES);
    expect(readItem(item)).toEqual(label);
  }
});

test.each([0, 9, ITEM_BYTES - 10, ITEM_BYTES - 1])("an item with a wrong byte at %i is none", (at) => {
  const item = makeItem(1, 2);
  item[at] = 0x78;
  expect(readItem(item)).toBeUndefined();
});

test("an item that is too short is none", () => {
  expect(readItem(makeItem(1, 2).subarray(1))).toBeUndefined();
});

test("consumers that share the items between them, each producer's in order, have no fault", () => {
  const put = [3, 2];
  const one = account(put, [
    [0, 0],
    [1, 1],
    [0, 2],
  ]);
  const other = account(put, [
    [1, 0],
    [0, 1],
  ]);
  expect(faultOf(put, [one, other])).toBeUndefined();
});

test.each<[string, readonly Label[], readonly Label[]]>([
  ["item 1 of producer 0 arrived 0 times", [[0, 0]], []],
  [
    "item 1 of producer 0 arrived 2 times",
    [
      [0, 0],
      [0, 1],
    ],
    [[0, 1]],
  ],
  [
    "consumer 1: item 1 of producer 0 came twice",
    [[0, 0]],
    [
      [0, 1],
      [0, 1],
    ],
  ],
  [
    "consumer 0: item 0 of producer 0 came after its item 1",
    [
      [0, 1],
      [0, 0],
    ],
    [],
  ],
  ["consumer 0: item 2 of producer 0, which nobody put", [[0, 2]], []],
  ["consumer 0: item 0 of producer 1, which nobody put", [[1, 0]], []],
])("%s", (fault, one, other) => {
  const put = [2];
  expect(faultOf(put, [account(put, one), account(put, other)])).toBe(fault);
});
