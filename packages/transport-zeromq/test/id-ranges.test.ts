import { expect, test } from "vitest";
import { IdRanges } from "../dist/id-ranges.js";
import { printedRandom } from "./support/random.js";

const ID_MAX = 70;

test("ranges hold what a set would, apart and in order", () => {
  const random = printedRandom("ranges");
  for (let round = 0; round < 200; round++) {
    const ranges = new IdRanges();
    const set = new Set<number>();
    let removed = 0;
    for (let n = 0; n < 30; n++) {
      const from = 1 + random.below(60);
      const to = from + random.below(5);
      ranges.add(from, to);
      for (let id = from; id <= to; id++) set.add(id);
      if (random.below(10) > 0) continue;
      removed = Math.max(removed, random.below(60));
      ranges.removeUpTo(removed);
    }
    for (let id = removed + 1; id <= ID_MAX; id++) expect(ranges.has(id), `${id}`).toBe(set.has(id));
    let before = -1;
    for (const { from, to } of ranges) {
      expect(from).toBeGreaterThan(before + 1);
      expect(to).toBeGreaterThanOrEqual(from);
      before = to;
    }
  }
});
