/**
 * A whole state in the stream, so that the commits before it can go: its parts, and then a head that says which they are, and up to
 * which message the state goes. Written by whoever made a commit of such a number; others may go on meanwhile, for what comes behind
 * that message is read from the stream as ever.
 *
 * A commit stays for as long as an item that it put is in the buffer: nothing is copied.
 */

import type { JetStreamManager, StoredMsg } from "@nats-io/jetstream";
import type { BufferSpec } from "@sluice/core";
import { failpoint } from "@sluice/core";
import { BufferState, restoreSnapshot, type Snapshot, takeSnapshot } from "@sluice/file-store";
import { type Course, newCourse } from "./course.js";
import { faults } from "./faults.js";
import { pause, type Session } from "./link.js";
import type { Names } from "./names.js";
import { decodeRecord, encodeRecord } from "./record.js";
import type { Replica } from "./replica.js";

interface WholeHead {
  readonly number: number;
  /** Sequences of the messages that hold it, in order. */
  readonly parts: readonly number[];
  readonly course: Course;
}

export interface Loaded {
  readonly state: BufferState;
  readonly course: Course;
  readonly number: number;
  /** Sequence of its head; 0 where there is none yet. */
  readonly at: number;
  /** What came behind it. */
  readonly after: readonly StoredMsg[];
}

const COMMITS_MIN = 256;
// Of those who could, the one whose commit has such a number does, unless it dies; then the next one does.
const EVERY = 16;
const AT_ONCE = 64;
/** Then another server is asked. */
const LOADS_MAX = 20;
const PART_BYTES = 256 * 1024;
/** So many messages that nobody needs are left between others. */
const LEFT_MAX = 1024;

export function isWholeDue({ state, number, wholeUpTo }: Replica): boolean {
  const items = state.occupied + state.dead.size;
  return number % EVERY === 0 && number - wholeUpTo >= Math.max(COMMITS_MIN, items);
}

/** Writes the state that the replica has when this is called, and removes what it stands for. */
export async function writeWhole(replica: Replica, names: Names, { js, jsm }: Session): Promise<void> {
  const { state, number, wholeAt } = replica;
  const course = { ...replica.course };
  const bytes = Buffer.from(JSON.stringify(takeSnapshot(state)));
  const live = new Set<number>();
  let first = number + 1;
  for (const { commit } of state.items()) {
    live.add(commit);
    first = Math.min(first, commit);
  }
  const parts: number[] = [];
  for (let at = 0; at < bytes.length; at += PART_BYTES) {
    const { seq } = await js.publish(names.parts, bytes.subarray(at, at + PART_BYTES));
    parts.push(seq);
  }
  failpoint("nats.before-state");
  // Not if another one has come meanwhile: whoever wrote that may have removed these parts.
  const expect = { lastSubjectSequence: wholeAt };
  await js.publish(names.states, encodeRecord({ number, parts, course } satisfies WholeHead), { expect });
  await jsm.streams.purge(names.stream, { seq: first });
  await removeBetween(jsm, names, live, number);
}

// One item that stays for long must not keep all that came after it.
async function removeBetween(
  jsm: JetStreamManager,
  { stream }: Names,
  live: ReadonlySet<number>,
  upTo: number,
): Promise<void> {
  const { state } = await jsm.streams.info(stream, { deleted_details: true });
  const last = Math.min(upTo, state.last_seq);
  const span = last - state.first_seq + 1 - live.size - (state.num_deleted ?? 0);
  if (span <= LEFT_MAX) return;
  const gone = new Set(state.deleted ?? []);
  let going: Promise<unknown>[] = [];
  for (let sequence = state.first_seq; sequence <= last; sequence++) {
    if (live.has(sequence) || gone.has(sequence)) continue;
    going.push(jsm.streams.deleteMessage(stream, sequence, false).catch(() => {}));
    if (going.length < AT_ONCE) continue;
    await Promise.all(going);
    going = [];
  }
  await Promise.all(going);
}

/** Reads the newest whole state, and what came behind it. Again where others write a newer one meanwhile. */
export async function loadState(jsm: JetStreamManager, names: Names, spec: BufferSpec): Promise<Loaded> {
  for (let tries = 0; tries < LOADS_MAX; tries++) {
    const loaded = await tryLoad(jsm, names, spec);
    if (loaded !== undefined) return loaded;
    await pause(tries);
  }
  throw new Error("What the stream should have is not there");
}

async function tryLoad(
  jsm: JetStreamManager,
  { stream, states }: Names,
  spec: BufferSpec,
): Promise<Loaded | undefined> {
  const newest = await jsm.streams.getMessage(stream, { last_by_subj: states });
  const { number, parts, course } =
    newest === null
      ? { number: 0, parts: [], course: newCourse() }
      : decodeRecord<WholeHead>(newest.data).head;
  const read = await readAll(jsm, stream, parts);
  if (read === undefined) return undefined;
  const state = read.length === 0 ? new BufferState(spec, faults) : stateIn(read, spec);
  const { state: told } = await jsm.streams.info(stream);
  const behind = Array.from({ length: Math.max(told.last_seq - number, 0) }, (_, at) => number + 1 + at);
  const after = await readAll(jsm, stream, behind);
  if (after === undefined && newest === null && told.first_seq > 1) {
    // The very first one is being written, or nothing is left of it.
    const again = await jsm.streams.getMessage(stream, { last_by_subj: states });
    if (again === null) throw faults.of("DATA_CORRUPT", "Commits are missing from the stream of the buffer");
  }
  return after === undefined ? undefined : { state, course, number, at: newest?.seq ?? 0, after };
}

function stateIn(parts: readonly StoredMsg[], spec: BufferSpec): BufferState {
  let snapshot: Snapshot;
  try {
    snapshot = JSON.parse(Buffer.concat(parts.map(({ data }) => data)).toString()) as Snapshot;
  } catch (cause) {
    throw faults.of("DATA_CORRUPT", "A whole state in the stream cannot be read", { cause });
  }
  return restoreSnapshot(snapshot, spec, faults, true);
}

/** Undefined if one of them is gone. */
export async function readAll(
  jsm: JetStreamManager,
  stream: string,
  sequences: readonly number[],
): Promise<StoredMsg[] | undefined> {
  const found: StoredMsg[] = [];
  for (let at = 0; at < sequences.length; at += AT_ONCE) {
    const some = sequences.slice(at, at + AT_ONCE);
    const messages = await Promise.all(some.map((seq) => jsm.streams.getMessage(stream, { seq })));
    for (const message of messages) {
      if (message === null) return undefined;
      found.push(message);
    }
  }
  return found;
}
