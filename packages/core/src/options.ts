/** Options as callers give them: own keys only, and a name that nobody knows is refused with the one that was meant. */

import { BufferError, show, wrongType } from "./errors.js";

/**
 * For factories of transports, too. Undefined is no options.
 *
 * @param what - names the options in the message.
 * @throws TypeError `INVALID_ARGUMENT` for something that is no object, or has a key that is not known, with the one that
 * may have been meant.
 */
export function checkOptions(what: string, options: unknown, known: readonly string[]): void {
  if (options === undefined) return;
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw wrongType(what, "an object", options);
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const meant = nearest(key, known);
    const hint = meant === undefined ? `one of ${known.join(", ")}` : `\`${meant}\``;
    throw wrongType(`the name of an option in ${what}`, hint, key);
  }
}

/** A copy that has the options' own properties and no others, checked as by `checkOptions`. */
export function ownOptions<T extends object>(
  what: string,
  options: T | undefined,
  known: readonly string[],
): T {
  checkOptions(what, options, known);
  const copy: T = Object.create(null);
  try {
    return Object.assign(copy, options);
  } catch (cause) {
    const message = `An option in ${what} cannot be read: ${show(cause)}`;
    throw new BufferError("INVALID_ARGUMENT", message, { cause });
  }
}

/** The known name that differs least, if by no more than a third of its letters. */
function nearest(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least && distance <= Math.max(1, candidate.length / 3)) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

/** Letters to insert, delete, replace, or swap with their neighbour (Damerau; optimal string alignment). */
function editDistance(a: string, b: string): number {
  // Names of options are short; what is longer is meant as none of them.
  if (a.length > 64) return a.length;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(at(row, j) + 1, at(next, j - 1) + 1, at(row, j - 1) + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, at(before, j - 2) + 1);
      next.push(cost);
    }
    before = row;
    row = next;
  }
  return at(row, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
