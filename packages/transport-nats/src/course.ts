/**
 * Which commits bear that others came in between, and need not be stored on the condition that nothing did. A put bears whatever
 * leaves room for it; a take bears puts, which come behind what it takes, and other takes, as long as something is left of what its
 * maker has seen; both bear acks, and that somebody comes. Who comes or goes, or settles leases of its own, bears anything. So nobody
 * gets in the way of anybody else who puts, takes or settles. Such a commit says on which number it is based, the server takes it unconditionally, and
 * whoever applies the log finds out, all alike, whether it counts: not if something came in between that it does not bear, nor if its
 * maker had committed it before, or something later.
 */

import type { BufferState, Operation } from "@sluice/file-store";
import type { CommitHead } from "./record.js";

export interface Course {
  /** Number of the last commit that counted and that puts and takes do not bear. */
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
  return operations.every((one) => isOwn(one) || one.op === "put" || isTake(one));
}

/** Whether such a commit may count, now or later: there may be room for it then. */
export function mayCount(course: Course, state: BufferState, head: CommitHead): boolean {
  const { by, turn, base, operations } = head;
  const isNew = operations[0]?.op === "join";
  const lastTurn = state.participants.get(by)?.lastTurn ?? (isNew ? 0 : turn);
  if (base === undefined || lastTurn >= turn) return false;
  return operations.every(
    (one) => isOwn(one) || (course.other <= base && (!isTake(one) || isAnythingLeft(state, one))),
  );
}

/** What it does, if it counts; undefined if it does not. Of one that says no base the server has seen to it. */
export function counted(
  course: Course,
  state: BufferState,
  head: CommitHead,
): readonly Operation[] | undefined {
  const { base, operations } = head;
  if (base === undefined) return operations;
  if (!mayCount(course, state, head) || !operations.every((one) => fits(state, head.by, one)))
    return undefined;
  return operations.some(isTake)
    ? operations.map((one) => (isTake(one) ? whatIsLeft(state, one) : one))
    : operations;
}

/** It counted. */
export function note(course: Course, operations: readonly Operation[], number: number): void {
  if (!operations.every(isBorne)) course.other = number;
}

/** What is its maker's affair alone, whatever others do: that it comes and goes, and what becomes of the leases that it holds. */
function isOwn(operation: Operation): boolean {
  const { op } = operation;
  if (op === "producer") return !operation.named;
  return op === "join" || op === "consumer" || op === "retire" || op === "leave" || op === "settle";
}

/** What changes neither how much room others have found, but for more, nor which items are in front. */
function isBorne(operation: Operation): boolean {
  if (operation.op === "settle")
    return operation.acts.every(({ kind }) => kind === "ack" || kind === "extend");
  return operation.op === "put" || isTake(operation) || (isOwn(operation) && operation.op !== "leave");
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

function fits(state: BufferState, by: string, operation: Operation): boolean {
  const { spec, occupied, bytes, producers, leased } = state;
  // Their time may be over, or an earlier one of its maker that came late have ended them.
  if (operation.op === "settle") return operation.acts.every(({ token }) => leased.get(token)?.handle === by);
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
