/**
 * Which commits bear that others came in between. Most are stored on the condition that nothing did. A put bears whatever leaves room
 * for it; a take bears puts, which come behind what it takes; an ack bears both, and they bear it.
 * So producers, consumers and those who ack do not get in each other's way. Such a commit says on which number it is based, the server takes it
 * unconditionally, and whoever applies the log finds out, all alike, whether it counts: not if something came in between that
 * it does not bear, nor if its maker had committed it before, or something later.
 */

import type { BufferState, Operation } from "@sluice/file-store";
import type { CommitHead } from "./record.js";

/** Numbers of the last commits that counted, by what they are. */
export interface Course {
  take: number;
  /** Neither put, take, nor ack. */
  other: number;
}

type Kind = "put" | "take" | "ack" | "other";

export const newCourse = (): Course => ({ take: 0, other: 0 });

/** Whether a commit of these operations bears others in between. */
export function isPatient(operations: readonly Operation[]): boolean {
  return kindOf(operations) !== "other";
}

/** Whether such a commit may count, now or later: there may be room for it then. */
export function mayCount(course: Course, state: BufferState, head: CommitHead): boolean {
  const { by, turn, base, operations } = head;
  const lastTurn = state.participants.get(by)?.lastTurn;
  if (base === undefined || lastTurn === undefined || lastTurn >= turn) return false;
  return course.other <= base && (kindOf(operations) !== "take" || course.take <= base);
}

/** Whether it counts: of one that says no base the server has seen to it. */
export function counts(course: Course, state: BufferState, head: CommitHead): boolean {
  if (head.base === undefined) return true;
  return mayCount(course, state, head) && head.operations.every((one) => fits(state, one));
}

function fits({ spec, occupied, bytes, producers, leased }: BufferState, operation: Operation): boolean {
  // An earlier one of its maker that came late may have ended them.
  if (operation.op === "settle") return operation.acts.every(({ token }) => leased.has(token));
  if (operation.op !== "put") return true;
  const { id, first, lengths } = operation;
  const isRoom = occupied + lengths.length <= spec.capacity && bytes + sum(lengths) <= spec.bufferBytesMax;
  return isRoom && producers.get(id)?.last === first - 1;
}

/** It counted. */
export function note(course: Course, operations: readonly Operation[], number: number): void {
  const kind = kindOf(operations);
  if (kind === "take" || kind === "other") course[kind] = number;
}

function kindOf(operations: readonly Operation[]): Kind {
  const [operation] = operations;
  if (operations.length !== 1 || operation === undefined) return "other";
  if (operation.op === "put") return "put";
  if (operation.op === "take" || operation.op === "lease") return "take";
  const isAck =
    operation.op === "settle" && operation.acts.every(({ kind }) => kind === "ack" || kind === "extend");
  return isAck ? "ack" : "other";
}

function sum(numbers: readonly number[]): number {
  let all = 0;
  for (const number of numbers) all += number;
  return all;
}
