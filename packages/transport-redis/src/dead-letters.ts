/** The dead letters of a buffer. */

import type { DeadLetter, DeadLetterPort } from "@sluice/core";
import { itemOf } from "./frames.js";
import type { Handle } from "./handle.js";

type Listed = readonly [hasMore: number, letters: readonly Buffer[]];

export function deadLettersOf(handle: Handle): DeadLetterPort {
  const change = (name: "requeue" | "remove", sequence: number) =>
    handle.track(() =>
      handle.oneByOne(async (request) => {
        const [, answer] = await handle.run<readonly [number, Buffer]>(name, [
          `d${handle.id}`,
          request,
          sequence,
        ]);
        return answer.toString();
      }),
    );
  return {
    list: (max, after = 0) => handle.track(() => list(handle, max, after)),
    requeue: (sequence) => change("requeue", sequence) as ReturnType<DeadLetterPort["requeue"]>,
    remove: (sequence) => change("remove", sequence) as ReturnType<DeadLetterPort["remove"]>,
  };
}

/** In as many parts as it takes. */
async function list(handle: Handle, max: number, after: number): Promise<readonly DeadLetter[]> {
  const all: DeadLetter[] = [];
  for (;;) {
    const last = all.at(-1)?.sequence ?? after;
    const [hasMore, letters] = await handle.run<Listed>("list-dead", [max - all.length, last], {
      effect: "none",
    });
    for (let at = 0; at < letters.length; at += 3) {
      const [sequence = 0, deliveries = 0, failures = 0] = String(letters[at + 1])
        .split(":")
        .map(Number);
      const item = itemOf(letters[at] ?? null);
      all.push({ ...item, sequence, deliveries, failures, reason: String(letters[at + 2]) });
    }
    if (hasMore === 0) return all;
  }
}
