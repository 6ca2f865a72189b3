/** What holds of the seal: nothing is accepted after it, and nobody knows of it before. */

import { type Violation, violation } from "./check-history.js";
import { effectOf, type Operation } from "./operation.js";

/** P8, and of P9 that the end, once told, stays. */
export function checkSeal(operations: readonly Operation[]): Violation[] {
  const seals = operations.filter((one) => one.kind === "seal" && effectOf(one) !== "no");
  const knowing = operations.filter((one) => one.outcome === "sealed" || one.outcome === "end");
  const sealed = earliest(
    [...seals.filter((one) => one.outcome === "ok"), ...knowing],
    (one) => one.returnedAt,
  );
  const begun = earliest(seals, (one) => one.invokedAt);
  const end = earliest(
    knowing.filter((one) => one.outcome === "end"),
    (one) => one.returnedAt,
  );
  return operations.flatMap((one): Violation[] => {
    const isPut = one.kind === "put" && (one.outcome === "ok" || one.outcome === "full");
    if (isPut && sealed && one.invokedAt > sealed.returnedAt) {
      const answer = one.outcome === "ok" ? "accepted" : "told full";
      return [violation("P8", `${one.value} was ${answer} after the seal`, sealed, one)];
    }
    // Where nobody wrote down a seal, it may have been at any time.
    const isKnowing = one.outcome === "sealed" || one.outcome === "end";
    if (begun && isKnowing && one.returnedAt < begun.invokedAt) {
      return [violation("P8", "Somebody was told of the seal before it began", one, begun)];
    }
    if (end && one.outcome === "empty" && one.invokedAt > end.returnedAt) {
      return [violation("P9", "Somebody was told empty after somebody was told the end", end, one)];
    }
    return [];
  });
}

function earliest(
  operations: readonly Operation[],
  time: (operation: Operation) => number,
): Operation | undefined {
  return operations.reduce<Operation | undefined>((a, b) => (a && time(a) <= time(b) ? a : b), undefined);
}
