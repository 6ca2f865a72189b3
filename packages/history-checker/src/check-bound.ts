/** What holds of the bound: never more inside than fits, by items and by bytes, and nobody is told full while there is room. */

import { acceptedOf, certainlyInside, timeOf, type Violation, violation } from "./check-history.js";
import type { HistoryExpectation } from "./expectation.js";
import { type Interval, mostOverlap, overlapWithin } from "./intervals.js";
import { type ItemHistory, mayBePut } from "./item-history.js";
import type { Operation } from "./operation.js";

/** P5: never more than capacity items, nor than that many bytes, certainly inside. */
export function checkBound(
  items: readonly ItemHistory[],
  { capacity, bytesMax = Infinity }: HistoryExpectation,
): Violation[] {
  const inside = acceptedOf(items);
  const told = (at: number, what: string, limit: string) => {
    const there = inside.filter((item) => item.putBefore <= at && at < item.outAfter);
    const values = there.map((item) => item.value).join(", ");
    return violation("P5", `${what} inside at ${(at / 1e6).toFixed(3)} ms, with ${limit}: ${values}`);
  };
  const most = mostOverlap(inside.map(certainlyInside));
  const found: Violation[] = [];
  if (most.count > capacity)
    found.push(told(most.at, `${most.count} items were`, `a capacity of ${capacity}`));
  if (bytesMax === Infinity) return found;
  const bytes = mostOverlap(inside.map((item) => ({ ...certainlyInside(item), weight: bytesOf(item.put) })));
  if (bytes.count > bytesMax)
    found.push(told(bytes.at, `${bytes.count} bytes were`, `a bound of ${bytesMax} bytes`));
  return found;
}

/** P7: "full", and at no instant of the call can capacity items have been inside, nor too many bytes for one more of that size. */
export function checkFull(
  items: readonly ItemHistory[],
  operations: readonly Operation[],
  { capacity, bytesMax = Infinity }: HistoryExpectation,
): Violation[] {
  const told = operations.filter((one) => one.outcome === "full");
  if (told.length === 0) return [];
  const possible = items
    .filter(mayBePut)
    .map((item) => ({ from: item.putAfter, to: item.outBefore, weight: bytesOf(item.put) }));
  const mostItems = overlapWithin(possible.map(({ from, to }): Interval => ({ from, to })));
  const mostBytes = bytesMax === Infinity ? () => -Infinity : overlapWithin(possible);
  return told.flatMap((one) => {
    const [count, bytes] = [mostItems(timeOf(one)), mostBytes(timeOf(one))];
    if (count >= capacity || bytes + bytesOf(one) > bytesMax) return [];
    const weight = bytesMax === Infinity ? "" : ` and ${bytes} of ${bytesMax} bytes`;
    return [
      violation(
        "P7",
        `Somebody was told full, with at most ${count} of ${capacity} items${weight} inside`,
        one,
      ),
    ];
  });
}

function bytesOf(put: Operation | undefined): number {
  return put?.bytes ?? 0;
}
