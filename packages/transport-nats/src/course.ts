/**
 * Which commits bear that others came in between. Most are stored on the condition that nothing did. A put bears whatever leaves room
 * for it; a take bears puts, which come behind what it takes, and other takes, as long as something is left of what its maker has
 * seen; an ack bears all three, and they bear it. So producers, consumers and those who ack do not get in each other's way. Such a
 * commit says on which number it is based, the server takes it unconditionally, and whoever applies the log finds out, all alike,
 * whether it counts: not if something came in between that it does not bear, nor if its maker had committed it before, or something
 * later.
 */

import type { BufferState, Operation } from "@sluice/file-store";
import type { CommitHead } from "./record.js";

export interface Course {
  /** Number of the last commit that counted and is none of these three. */
  other: number;
}

/** A commit that counted. */
export interface Applied {
  /** In its maker's own count, and in the log. */
  readonly turn: number;
  readonly number: number;
  /** As they turned out. */
  readonly operations: readonly Operation[];
}

type Take = Extract<Operation, { op: "take" | "lease" }>;

export const newCourse = (): Course => ({ other: 0 });

/** Whether a commit of these operations bears others in between. */
export function isPatient(operations: readonly Operation[]): boolean {
  const [operation] = operations;
  if (operations.length !== 1 || operation === undefined) return false;
  if (operation.op === "put" || isTake(operation)) return true;
  return operation.op === "settle" && operation.acts.every(({ kind }) => kind === "ack" || kind === "extend");
}

/** Whether such a commit may count, now or later: there may be room for it then. */
export function mayCount(course: Course, state: BufferState, head: CommitHead): boolean {
  const { by, turn, base, operations } = head;
  const lastTurn = state.participants.get(by)?.lastTurn;
  if (base === undefined || lastTurn === undefined || lastTurn >= turn) return false;
  return course.other <= base && operations.every((one) => !isTake(one) || isAnythingLeft(state, one));
}

/** What it does, if it counts; undefined if it does not. Of one that says no base the server has seen to it. */
export function counted(
  course: Course,
  state: BufferState,
  head: CommitHead,
): readonly Operation[] | undefined {
  const { base, operations } = head;
  if (base === undefined) return operations;
  if (!mayCount(course, state, head) || !operations.every((one) => fits(state, one))) return undefined;
  const [operation] = operations;
  return operation !== undefined && isTake(operation) ? [whatIsLeft(state, operation)] : operations;
}

/** It counted. */
export function note(course: Course, operations: readonly Operation[], number: number): void {
  if (!isPatient(operations)) course.other = number;
}

function isTake(operation: Operation): operation is Take {
  return operation.op === "take" || operation.op === "lease";
}

/** Whether anything is there of what its maker has seen. Once there is not, there never is: what is put comes behind that. */
function isAnythingLeft({ ready: { first } }: BufferState, { from, to = from }: Take): boolean {
  return first !== undefined && first.sequence <= to;
}

/** Others may have taken from the front since, and nobody has put anything back there: that is nothing that a take bears. */
function whatIsLeft({ ready }: BufferState, take: Take): Take {
  const { from, to = from, count } = take;
  const first = ready.first?.sequence ?? from;
  if (first === from) return take;
  const left = ready.peek(count).filter(({ sequence }) => sequence <= to);
  return { ...take, from: first, count: left.length };
}

function fits({ spec, occupied, bytes, producers, leased }: BufferState, operation: Operation): boolean {
  // An earlier one of its maker that came late may have ended them.
  if (operation.op === "settle") return operation.acts.every(({ token }) => leased.has(token));
  if (operation.op !== "put") return true;
  const { id, first, lengths } = operation;
  const isRoom = occupied + lengths.length <= spec.capacity && bytes + sum(lengths) <= spec.bufferBytesMax;
  return isRoom && producers.get(id)?.last === first - 1;
}

function sum(numbers: readonly number[]): number {
  let all = 0;
  for (const number of numbers) all += number;
  return all;
}
