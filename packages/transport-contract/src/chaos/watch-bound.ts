/** Looks at the counts from outside, as often as it can be done in passing. */

import { setTimeout as sleep } from "node:timers/promises";

export interface BoundWatch {
  /** Looks no more. The most items that it saw inside. */
  end(): number;
}

export function watchBound(
  buffer: { counts(): Promise<{ ready: number; leased: number; parked: number }> },
  capacity: number,
): BoundWatch {
  let isOver = false;
  let most = 0;
  void (async () => {
    while (!isOver) {
      const { ready, leased, parked } = await buffer
        .counts()
        .catch(() => ({ ready: 0, leased: 0, parked: 0 }));
      most = Math.max(most, ready + leased + parked);
      await sleep(most > capacity ? 1000 : 10);
    }
  })();
  return {
    end() {
      isOver = true;
      return most;
    },
  };
}
