/** The same in an order that is drawn (Fisher and Yates). */

import type { Random } from "@sluice/history-checker/random";

export function drawn<T>(list: readonly T[], random: Random): T[] {
  const all = [...list];
  for (let i = all.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [all[i], all[j]] = [all[j] as T, all[i] as T];
  }
  return all;
}
