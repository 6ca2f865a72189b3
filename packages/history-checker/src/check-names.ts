/** Names that nobody knows are refused: what they say would be ignored, and the verdict be about something else. */

/**
 * @param what - names the object in the message.
 * @throws RangeError for an own key that is not known, with the one that may have been meant.
 */
export function checkNames<T extends object>(what: string, given: T, known: Record<keyof T, true>): void {
  const names = Object.keys(known);
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue;
    const meant = nearest(name, names);
    const hint = meant === undefined ? `one of ${names.join(", ")}` : meant;
    throw new RangeError(`Expected the names in ${what} to be known, got ${name}: ${hint} may be meant`);
  }
}

/** The one that differs least, if by no more than a third of its letters. */
function nearest(name: string, known: readonly string[]): string | undefined {
  const byDistance = known
    .map((one) => ({ one, by: distance(name.toLowerCase(), one.toLowerCase()) }))
    .filter(({ one, by }) => by <= Math.max(1, one.length / 3))
    .sort((a, b) => a.by - b.by);
  return byDistance[0]?.one;
}

/** Letters to insert, delete or replace (Levenshtein, row by row). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (let j = 1; j <= b.length; j++) {
      const [left, above, before] = [next[j - 1], row[j], row[j - 1]] as [number, number, number];
      next.push(Math.min(left + 1, above + 1, before + (letter === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] as number;
}
