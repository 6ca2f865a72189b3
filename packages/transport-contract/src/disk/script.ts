/** What a child process does to a buffer, step by step: the same for the same seed, with something of everything. */

import type { BufferSettings } from "@sluice/core";
import type { Random } from "@sluice/history-checker/random";
import { emptyState, type State, stepped } from "./script-model.js";

/** One call at the port. Settlements are of the last lease; dead letters are the oldest one. */
export type Step =
  | { readonly do: "put"; readonly item: number }
  | { readonly do: "take" | "lease" | "ack" | "nack" | "release" | "bury" | "requeue" | "remove" | "seal" };

/** What came of a step, as its process wrote it down afterwards. */
export interface Done {
  readonly step: number;
  /** `none`, `unknown`: it rejected, with this effect. `skipped`: there was no lease to settle, or no dead letter. */
  readonly outcome: "ok" | "none" | "unknown" | "skipped";
  /** Of what is `ok`, in the words of the model; of what is not, the error's code. */
  readonly answer: string;
}

/** No item ever becomes a dead letter but by `bury`. */
export const SETTINGS: BufferSettings & { capacity: number } = {
  capacity: 6,
  itemBytesMax: 8192,
  failuresMax: 1_000_000,
  deadLettersMax: 32,
};

/** Under this id the script puts. */
export const PRODUCER = "scripted";

/** The bytes of an item: told by its number alone, so that a torn one is known. Most cross a page, so that some hundreds of
 * them fill whatever is made anew when it is full. */
export function itemOf(item: number): Buffer {
  const size = item % 4 === 0 ? 20 + (item % 90) : 5000 + 30 * (item % 100);
  return Buffer.from(`${item}:`.padEnd(size, String.fromCharCode(97 + (item % 26))));
}

/** The number of an item, or what is wrong with its bytes. */
export function itemNumber(bytes: Uint8Array): number | string {
  const item = Number.parseInt(Buffer.from(bytes.subarray(0, 16)).toString("latin1"), 10);
  const isWhole = Number.isSafeInteger(item) && itemOf(item).equals(bytes);
  return isWhole ? item : `${bytes.byteLength} bytes that nobody put`;
}

/** So many steps. @param sealed - whether the buffer is sealed towards the end. */
export function scriptOf(random: Random, steps: number, sealed: boolean): Step[] {
  const script: Step[] = [];
  let state = emptyState();
  let item = 0;
  for (let i = 0; i < steps; i++) {
    const step = sealed && i === steps - 3 ? ({ do: "seal" } as const) : next(state, random, item + 1);
    if (step.do === "put") item = step.item;
    script.push(step);
    state = stepped(state, step, SETTINGS.capacity, state.held[0]?.item).state;
  }
  return script;
}

function next(state: State, random: Random, item: number): Step {
  const inside = state.ready.length + state.held.length;
  if (state.held.length > 0 && random.chance(0.7)) {
    const kinds = ["ack", "ack", "ack", "nack", "release"] as const;
    return { do: state.dead.length < 4 && random.chance(0.15) ? "bury" : random.pick(kinds) };
  }
  if (state.dead.length > 0 && random.chance(0.1)) return { do: random.pick(["requeue", "remove"] as const) };
  if (inside < SETTINGS.capacity && (inside < 2 || random.chance(0.5))) return { do: "put", item };
  return { do: state.held.length === 0 && random.chance(0.4) ? "lease" : "take" };
}
