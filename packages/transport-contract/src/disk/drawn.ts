/** The same in an order that is drawn. */

import type { Random } from "@sluice/history-checker/random";

export function drawn<T>(list: readonly T[], random: Random): T[] {
  const rest = [...list];
  return list.map(() => rest.splice(random.below(rest.length), 1)[0] as T);
}
