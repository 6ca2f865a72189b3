/** The order in which people are told what several processes did. */

import type { Run, RunEvent } from "@sluice/core";
import { itemName } from "./poison.js";

// Events of several processes arrive a little out of order. Nobody notices such a delay; an effect before its cause they do.
const SETTLE_MS = 40;
// How long a take may wait for the put of its item to be told.
const UNTOLD_MS = 1000;

/**
 * Holds events back for a moment, and passes them on in the order of their time, but each put before the take of its
 * item: a worker reports when its call has resolved, and a put may do so after its item has been taken. Returns what passes
 * on the rest.
 */
export function inOrder(run: Run, pass: (event: RunEvent) => void): () => void {
  let held: RunEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  const put = new Set<unknown>();
  let hasProducers = true;
  const passNext = () => {
    const event = held.shift() as RunEvent;
    if (event.kind === "produced") for (const value of event.values ?? []) put.add(value);
    pass(event);
  };
  const passOn = (before: number, isLast = false) => {
    held.sort((a, b) => a.at - b.at);
    for (let first = held[0]; first !== undefined && first.at <= before; first = held[0]) {
      const unput = hasProducers ? itemsOf(first).find((value) => !put.has(value)) : undefined;
      const cause = unput === undefined ? -1 : held.findIndex((event) => putsItem(event, unput));
      if (cause > 0) held = causeFirst(held, cause, unput);
      // Its producer has not told yet. A producer that was killed never will.
      else if (unput !== undefined && !isLast && first.at > before - UNTOLD_MS) return;
      else passNext();
    }
  };
  const tick = () => {
    passOn(performance.timeOrigin + performance.now() - SETTLE_MS);
    timer = held.length === 0 ? undefined : setTimeout(tick, SETTLE_MS);
  };
  run.on("*", (event) => {
    held.push(event);
    if (event.kind === "started") hasProducers = event.producers > 0;
    // What it put in an earlier life, or in a run before, nobody tells any more.
    if (event.kind === "ready") for (const item of itemsBefore(event)) put.add(item);
    timer ??= setTimeout(tick, SETTLE_MS);
  });
  return () => {
    clearTimeout(timer);
    passOn(Number.POSITIVE_INFINITY, true);
  };
}

function itemsBefore({ worker, lastSequence }: RunEvent<"ready">): string[] {
  const producer = /^producer-(\d+)$/.exec(worker)?.[1];
  if (producer === undefined) return [];
  return Array.from({ length: lastSequence }, (_, n) => itemName(Number(producer) - 1, n + 1));
}

/** The items that a consumer tells of. */
function itemsOf(event: RunEvent): readonly unknown[] {
  return event.kind === "taken" || event.kind === "consumed" ? (event.values ?? []) : [];
}

function putsItem(event: RunEvent, value: unknown): boolean {
  return event.kind === "produced" && (event.values?.includes(value) ?? false);
}

/**
 * Brings forward what a producer tells up to the put of this item, in its own order. Of several items that were told together, the
 * later ones may have waited for room that only the take of the first has made: those, and the waits, stay where they are.
 */
function causeFirst(held: readonly RunEvent[], cause: number, item: unknown): RunEvent[] {
  const event = held[cause] as RunEvent<"produced">;
  const { values = [], count, total } = event;
  const upTo = values.indexOf(item) + 1;
  const later = values.length - upTo;
  const isSplit = later > 0 && values.length === count;
  const isCause = (one: RunEvent, index: number) =>
    index < cause && "worker" in one && one.worker === event.worker && (!isSplit || one.kind === "produced");
  const first = isSplit
    ? { ...event, count: upTo, total: total - later, values: values.slice(0, upTo) }
    : event;
  const rest = held.flatMap((one, index) => {
    if (isCause(one, index) || (index === cause && !isSplit)) return [];
    return index === cause ? [{ ...event, count: later, values: values.slice(upTo) }] : [one];
  });
  // From now on they belong to the time of what they led to: the next look sorts all again.
  const at = Math.min(...held.map((one) => one.at));
  return [...[...held.filter(isCause), first].map((one) => ({ ...one, at })), ...rest];
}
