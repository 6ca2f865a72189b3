/**
 * The buffer as one handle knows it: messages of the stream, applied one behind the other, and the state that those commits add up to
 * that count (`course.ts`). Messages may come twice, late, by more than one way, or not at all: only what fits behind the last one is applied,
 * and what is ahead of that waits for its turn.
 */

import type { BufferSpec } from "@sluice/core";
import { BufferState, type Operation } from "@sluice/file-store";
import { type Applied, type Course, counted, newCourse, note } from "./course.js";
import { faults } from "./faults.js";
import { kindOf } from "./names.js";
import { Payloads } from "./payloads.js";
import { type CommitHead, decodeRecord, payloadIn } from "./record.js";
import type { Told } from "./told.js";
import type { Loaded } from "./whole-state.js";

export class Replica {
  readonly payloads: Payloads;
  state: BufferState;
  /** Sequence of the last message that the state includes. */
  number = 0;
  course: Course = newCourse();
  /** Up to which message the newest whole state in the stream goes. */
  wholeUpTo = 0;
  /** Sequence of the head of that. */
  wholeAt = 0;
  /** The last commit that this handle has sent: it need not be read when it comes back. */
  sent: { readonly head: CommitHead; readonly record: Buffer } | undefined;
  /** A commit was seen. `operations` are what it did; undefined if it does not count. */
  onCommit: (by: string, operations: readonly Operation[] | undefined) => void = () => {};
  /** A commit of this handle was seen, whether it counts or not. */
  onOwn: (turn: number, number: number) => void = () => {};
  onAdvance: () => void = () => {};
  readonly #handle: string;
  /** Told, and not yet their turn. */
  readonly #ahead: Map<number, Told> = new Map();
  /** The last commit of this handle that counted. */
  #own: Applied = { turn: 0, number: 0, operations: [] };

  constructor(handle: string, spec: BufferSpec) {
    this.#handle = handle;
    this.state = new BufferState(spec, faults);
    this.payloads = new Payloads(() => this.state);
  }

  /** Whether something is missing of what comes before what is known. */
  get hasGap(): boolean {
    return this.#ahead.size > 0;
  }

  /** This handle's commit of that turn, if it was applied. */
  ownCommit(turn: number): Applied | undefined {
    return this.#own.turn === turn ? this.#own : undefined;
  }

  /**
   * A message of the stream, by whatever way it has come.
   *
   * @throws BufferError `DATA_CORRUPT`.
   */
  take(sequence: number, subject: string, data: Uint8Array): void {
    if (sequence <= this.number) return;
    if (sequence > this.number + 1) {
      this.#ahead.set(sequence, { subject, data });
      return;
    }
    this.#apply(sequence, subject, data);
    for (let next = this.#ahead.get(this.number + 1); next !== undefined; ) {
      this.#ahead.delete(this.number + 1);
      this.#apply(this.number + 1, next.subject, next.data);
      next = this.#ahead.get(this.number + 1);
    }
    this.onAdvance();
  }

  /** Goes on from a whole state, if it is newer. */
  goOnFrom({ state, course, number, at }: Loaded): void {
    if (number <= this.number) return;
    this.state = state;
    this.course = course;
    this.number = number;
    this.wholeUpTo = number;
    this.wholeAt = at;
    for (const sequence of this.#ahead.keys()) if (sequence <= number) this.#ahead.delete(sequence);
    this.onAdvance();
  }

  #apply(sequence: number, subject: string, data: Uint8Array): void {
    const kind = kindOf(subject);
    let ownTurn: number | undefined;
    if (kind === "commit") {
      const { head, payload } = this.#commitIn(data);
      const { by, turn } = head;
      const isOwn = by === this.#handle;
      if (isOwn) ownTurn = turn;
      const operations = counted(this.course, this.state, head);
      if (operations !== undefined) {
        note(this.course, operations, sequence);
        this.payloads.told(sequence, payload);
        this.state.apply(sequence, by, turn, operations);
        if (isOwn) this.#own = { turn, number: sequence, operations };
      }
      this.onCommit(by, operations);
    } else if (kind === "state") {
      this.wholeUpTo = decodeRecord<{ readonly number: number }>(data).head.number;
      this.wholeAt = sequence;
    }
    this.number = sequence;
    if (ownTurn !== undefined) this.onOwn(ownTurn, sequence);
  }

  #commitIn(data: Uint8Array): { readonly head: CommitHead; readonly payload: Buffer } {
    if (this.sent?.record.equals(data) !== true) return decodeRecord<CommitHead>(data);
    return { head: this.sent.head, payload: payloadIn(this.sent.record) };
  }
}
