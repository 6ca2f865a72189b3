/** What an item costs the server or broker that holds the buffers of a run: what it used meanwhile, by the items. */

import type { Created, ServerUsage } from "./candidate.js";

/** By item, or by round trip; of a candidate that has a server and reports it. */
export interface UsagePerItem {
  readonly serverCpuUsPerItem?: number;
  readonly messagesPerItem?: number;
}

/** Of all servers of a run together. */
export async function usageOf(created: readonly Created[]): Promise<ServerUsage> {
  const usages = await Promise.all(created.map((each) => each.usage?.() ?? {}));
  return combined(usages, (sum, one) => sum + one);
}

export function usagePerItem(before: ServerUsage, after: ServerUsage, items: number): UsagePerItem {
  const { cpuUs, messages } = combined([after, before], (end, start) => end - start);
  return {
    ...(cpuUs !== undefined && { serverCpuUsPerItem: cpuUs / items }),
    ...(messages !== undefined && { messagesPerItem: messages / items }),
  };
}

// A figure that one of them does not know is known of none.
function combined(usages: readonly ServerUsage[], by: (a: number, b: number) => number): ServerUsage {
  const figures = (["cpuUs", "messages"] as const).flatMap((key) => {
    const values = usages.map((usage) => usage[key]);
    return values.every((value) => value !== undefined) ? [[key, values.reduce(by)] as const] : [];
  });
  return Object.fromEntries(figures);
}
