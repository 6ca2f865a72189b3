/**
 * Which commits bear that others came in between. Most are stored on the condition that nothing did. A put of what there is room
 * for bears takes and acks, which make no less room; a take bears puts, which come behind what it takes; an ack bears both.
 * So producers, consumers and those who ack do not get in each other's way. Such a commit says on which number it is based, the server takes it
 * unconditionally, and whoever applies the log finds out, all alike, whether it counts: not if something came in between that
 * it does not bear, nor if its maker had committed it before, or something later.
 */

import { ENVELOPE_BYTES_MAX } from "@sluice/core";
import type { BufferState, Operation } from "@sluice/file-store";
import type { CommitHead } from "./record.js";

/** Numbers of the last commits that counted, by what they are. */
export interface Course {
  put: number;
  take: number;
  /** Neither put, take, nor ack. */
  other: number;
}

type Kind = "put" | "take" | "ack" | "other";

export const newCourse = (): Course => ({ put: 0, take: 0, other: 0 });

/** Whether the commit of these operations, decided in this state, bears others in between. */
export function isPatient(operations: readonly Operation[], state: BufferState): boolean {
  const kind = kindOf(operations);
  if (kind !== "put") return kind !== "other";
  const [put] = operations;
  if (put?.op !== "put") return false;
  // Of a put that just fits its maker says that the buffer is full, which may be true no more.
  const { capacity, bufferBytesMax, itemBytesMax } = state.spec;
  let bytes = state.bytes;
  for (const length of put.lengths) bytes += length;
  const isRoomLeft =
    state.occupied + put.lengths.length < capacity &&
    bytes + itemBytesMax + ENVELOPE_BYTES_MAX <= bufferBytesMax;
  return put.lengths.length === 1 || isRoomLeft;
}

/** Whether nothing came behind the base that such a commit does not bear. */
export function isUndisturbed(course: Course, operations: readonly Operation[], base: number): boolean {
  const kind = kindOf(operations);
  return course.other <= base && (kind === "ack" || kind === "other" || course[kind] <= base);
}

/** Whether it counts: of one that says no base the server has seen to it. */
export function counts(
  course: Course,
  state: BufferState,
  { by, turn, base, operations }: CommitHead,
): boolean {
  if (base === undefined) return true;
  const { lastTurn = turn } = state.participants.get(by) ?? {};
  return lastTurn < turn && isUndisturbed(course, operations, base);
}

/** It counted. */
export function note(course: Course, operations: readonly Operation[], number: number): void {
  const kind = kindOf(operations);
  if (kind !== "ack") course[kind] = number;
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
