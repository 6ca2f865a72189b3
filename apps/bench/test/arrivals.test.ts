import { expect, test } from "vitest";
import { ArrivalLog, faultOf } from "../src/arrivals.js";
import {
  ITEM_BYTES_DEFAULT,
  ITEM_BYTES_MIN,
  ITEMS_MAX,
  itemMaker,
  PRODUCERS_MAX,
  readItem,
} from "../src/item.js";

const bytes = ITEM_BYTES_DEFAULT;
const makeItem = (producer: number, number: number) => itemMaker(producer, bytes)(number);

type Label = readonly [producer: number, number: number];

function account(put: readonly number[], labels: readonly Label[]) {
  const log = new ArrivalLog(put, bytes);
  for (const [producer, number] of labels) log.add(makeItem(producer, number));
  return log.report();
}

test.each([ITEM_BYTES_MIN, bytes, 1024])("an item of %i bytes says what it is", (itemBytes) => {
  for (const label of [
    { producer: 0, number: 0 },
    { producer: PRODUCERS_MAX - 1, number: ITEMS_MAX },
    { producer: 3, number: 1_234_567 },
  ]) {
    const item = itemMaker(label.producer, itemBytes)(label.number);
    expect(item.byteLength).toBe(itemBytes);
    expect(readItem(item, itemBytes)).toEqual(label);
  }
});

test.each([0, 9, bytes - 10, bytes - 1])("an item with a wrong byte at %i is none", (at) => {
  const item = makeItem(1, 2);
  item[at] = 0x78;
  expect(readItem(item, bytes)).toBeUndefined();
});

test("an item that is too short is none", () => {
  expect(readItem(makeItem(1, 2).subarray(1), bytes)).toBeUndefined();
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

// The accounts are compared by bytes of eight items; what is wrong may be in any of them, the last incomplete one too.
test.each([0, 7, 8, 15, 16, 18])("item %i of 19 that is missing, or comes twice, is found", (number) => {
  const all = Array.from({ length: 19 }, (_, n): Label => [0, n]);
  const others = account([19], all.toSpliced(number, 1));
  expect(faultOf([19], [others])).toBe(`item ${number} of producer 0 arrived 0 times`);
  expect(faultOf([19], [others, account([19], [[0, number]])])).toBeUndefined();
  expect(faultOf([19], [account([19], all), account([19], [[0, number]])])).toBe(
    `item ${number} of producer 0 arrived 2 times`,
  );
});
