/** Waiting for a condition, and for an end. */

import { setTimeout as sleep } from "node:timers/promises";

/**
 * Of how long something takes a test says nothing: the time is for what never happens.
 *
 * @param what - completes "Expected that".
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  withinMs = 60_000,
): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() > end)
      throw new Error(`Expected that ${what}; this was not so after ${withinMs} ms`);
    await sleep(5);
  }
}

/** What came of a call, or the code it failed with. Throws where it hangs. */
export async function outcomeOf(call: Promise<unknown>, what: string, withinMs: number): Promise<unknown> {
  const { outcome } = await outcomesOf({ outcome: call }, withinMs, what);
  return outcome;
}

/** What came of each of these calls, by their names, all within so long. */
export async function outcomesOf<Name extends string>(
  calls: Record<Name, Promise<unknown>>,
  withinMs: number,
  what?: string,
): Promise<Record<Name, unknown>> {
  const outcomes: Partial<Record<Name, unknown>> = {};
  const ends = (Object.keys(calls) as Name[]).map(async (name) => {
    outcomes[name] = await calls[name].catch((error: { code?: string }) => error.code ?? error);
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(resolve, withinMs, "late");
  });
  if ((await Promise.race([Promise.all(ends), late])) === "late") {
    const hanging = Object.keys(calls).filter((name) => !(name in outcomes));
    throw new Error(`Expected an end within ${withinMs} ms of ${what ?? hanging.join(", ")}`);
  }
  clearTimeout(timer);
  return outcomes as Record<Name, unknown>;
}
