/** What a buffer may be after a script, of which some steps may or may not have taken place. */

import { fail } from "../kit/expect.js";
import type { Done, Step } from "./script.js";

export interface Entry {
  readonly item: number;
  readonly sequence: number;
  readonly deliveries: number;
  readonly failures: number;
}

export interface State {
  /** In the order of their sequence, and so are those that are held. */
  readonly ready: readonly Entry[];
  readonly held: readonly Entry[];
  /** The oldest first. */
  readonly dead: readonly Entry[];
  readonly sequence: number;
  readonly produced: number;
  readonly consumed: number;
  readonly discarded: number;
  readonly sealed: boolean;
}

export function emptyState(): State {
  return {
    ready: [],
    held: [],
    dead: [],
    ...{ sequence: 0, produced: 0, consumed: 0, discarded: 0, sealed: false },
  };
}

/** @param current - the item of the lease that a settlement is of. */
export function stepped(
  state: State,
  step: Step,
  capacity: number,
  current: number | undefined,
): { state: State; answer: string } {
  const { ready, held, dead } = state;
  const first = ready[0];
  const inside = ready.length + held.length;
  switch (step.do) {
    case "put": {
      if (state.sealed) return { state, answer: "sealed" };
      if (inside >= capacity) return { state, answer: "full" };
      const entry = { item: step.item, sequence: state.sequence + 1, deliveries: 0, failures: 0 };
      const [sequence, produced] = [entry.sequence, state.produced + 1];
      return { state: { ...state, ready: [...ready, entry], sequence, produced }, answer: "accepted" };
    }
    case "take":
    case "lease": {
      if (first === undefined)
        return { state, answer: state.sealed && held.length === 0 ? "drained" : "empty" };
      const out = { ...first, deliveries: first.deliveries + 1 };
      const answer = `item ${out.item}, delivery ${out.deliveries}`;
      const rest = ready.slice(1);
      return step.do === "take"
        ? { state: { ...state, ready: rest, consumed: state.consumed + 1 }, answer }
        : { state: { ...state, ready: rest, held: inOrder([...held, out]) }, answer };
    }
    case "seal":
      return { state: { ...state, sealed: true }, answer: String(!state.sealed) };
    case "requeue":
    case "remove": {
      const [oldest, ...others] = dead;
      if (oldest === undefined) return { state, answer: "missing" };
      if (step.do === "remove")
        return { state: { ...state, dead: others, discarded: state.discarded + 1 }, answer: "removed" };
      if (state.sealed) return { state, answer: "sealed" };
      if (inside >= capacity) return { state, answer: "full" };
      const entry = { item: oldest.item, sequence: state.sequence + 1, deliveries: 0, failures: 0 };
      return {
        state: { ...state, dead: others, ready: [...ready, entry], sequence: entry.sequence },
        answer: "requeued",
      };
    }
    default:
      return settled(state, step.do, current);
  }
}

function settled(state: State, kind: "ack" | "nack" | "release" | "bury", current: number | undefined) {
  const entry = state.held.find(({ item }) => item === current);
  if (entry === undefined) return { state, answer: "lost" };
  const answer = "settled";
  const held = state.held.filter((one) => one !== entry);
  if (kind === "ack") return { state: { ...state, held, consumed: state.consumed + 1 }, answer };
  if (kind === "bury") return { state: { ...state, held, dead: [...state.dead, entry] }, answer };
  const failures = entry.failures + (kind === "nack" ? 1 : 0);
  return { state: { ...state, held, ready: inOrder([...state.ready, { ...entry, failures }]) }, answer };
}

export function inOrder(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((a, b) => a.sequence - b.sequence);
}

/**
 * All that the buffer may be, by what its process wrote down.
 *
 * @param ended - whether the process came to its own end; if not, it may have been within the next step.
 * @param from - what it may have been before the first step.
 * @returns one list for each step that is known of, the first one from before the first step.
 * @throws RuleBroken if an answer agrees with none of them.
 */
export function possibleStates(
  script: readonly Step[],
  done: readonly Done[],
  capacity: number,
  ended: boolean,
  from: readonly State[] = [emptyState()],
): (readonly State[])[] {
  let possible = from;
  const all = [possible];
  let current: number | undefined;
  for (const { step: number, outcome, answer } of done) {
    const step = script[number] as Step;
    if (outcome === "unknown") possible = [...possible, ...possible.map((s) => after(s, step, current))];
    if (outcome === "ok") {
      const told = possible.map((s) => stepped(s, step, capacity, current));
      possible = told.filter((one) => one.answer === answer).map(({ state }) => state);
      if (possible.length === 0) {
        const expected = [...new Set(told.map((one) => one.answer))].join(" or ");
        fail(`Expected step ${number + 1}, ${step.do}, to answer ${expected}, it answered ${answer}`);
      }
    }
    if (step.do === "lease" && outcome === "ok") current = itemIn(answer);
    else if (isSettlement(step) && outcome !== "skipped") current = undefined;
    possible = distinct(possible);
    all.push(possible);
  }
  const open = ended ? undefined : script[(done.at(-1)?.step ?? -1) + 1];
  if (open !== undefined) all.push(distinct([...possible, ...possible.map((s) => after(s, open, current))]));
  return all;

  function after(state: State, step: Step, of: number | undefined): State {
    return stepped(state, step, capacity, of).state;
  }
}

function isSettlement(step: Step): boolean {
  return step.do === "ack" || step.do === "nack" || step.do === "release" || step.do === "bury";
}

function itemIn(answer: string): number | undefined {
  const found = /^item (\d+)/.exec(answer)?.[1];
  return found === undefined ? undefined : Number(found);
}

function distinct(states: readonly State[]): readonly State[] {
  if (states.length === 1) return states;
  return [...new Map(states.map((state) => [JSON.stringify(state), state])).values()];
}
