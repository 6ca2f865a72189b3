/**
 * Makes the stream of a buffer, the only one at the place of its name. Servers from 2.10 on give a subject to two streams that are made
 * at once, so whoever has made one looks: only if it is alone does it say that this is a buffer. Of two, the one that was
 * there later sees the other; it may be that each sees the other, and both begin again.
 *
 * The first message of a stream says what it is: a buffer, by its maker, or one that was destroyed, by whoever takes it for left behind.
 */

import { randomBytes } from "node:crypto";
import { DiscardPolicy, RetentionPolicy, StorageType } from "@nats-io/jetstream";
import type { BufferSpec } from "@sluice/core";
import { newHandleId } from "@sluice/file-store";
import { isOutrun, isSilence, isStreamMissing, isTaken, refusalOf } from "./faults.js";
import { type Limit, type Link, pause, type Session } from "./link.js";
import { type Names, namesOf, placeSubject } from "./names.js";
import { type Described, FORMAT, type Found, foundAt, isMade, removeStream, streamsAt } from "./place.js";
import { type CommitHead, encodeRecord, NOTHING } from "./record.js";
import { UNMADE_MS } from "./timing.js";

// The server that answers may be behind the one that made it: so often is it looked again for one's own.
const LOOKS_MAX = 8;

export interface Wanted {
  readonly name: string;
  readonly spec: BufferSpec;
  readonly replicas: number;
}

/**
 * @param isDestroyed - of one that was made by others: rejects `BUFFER_EXISTS` where it is in use.
 * @returns the id. Rejects as `isDestroyed`, and what servers refuse.
 */
export async function makeStream(
  link: Link,
  limit: Limit,
  wanted: Wanted,
  isDestroyed: (found: Found) => Promise<boolean>,
): Promise<string> {
  const unmadeSince = new Map<string, number>();
  for (let tries = 0; ; tries++) {
    // Another one each time: who takes an earlier try for left behind removes that by its name.
    const id = randomBytes(9).toString("hex");
    const names = namesOf(wanted.name, id);
    const refusal = await add(link, limit, wanted, id);
    if (refusal === undefined && (await isKept(link, limit, wanted.name, names))) return id;
    if (performance.now() >= limit.unanswered)
      throw refusalOf(
        refusal ?? new Error("others make a buffer of this name again and again, or no server tells of it"),
        "none",
      );
    for (const found of await foundAt(link, wanted.name)) {
      const { name: stream } = found.info.config;
      const isLeft = isMade(found)
        ? await isDestroyed(found)
        : isOld(stream) && (await condemn(link, limit, namesOf(wanted.name, found.described.id)));
      if (isLeft) await removeStream(link, stream);
    }
    // Not in step with those that have come at once.
    await pause(tries);
  }

  /** Its maker is about to say that it is a buffer, or has died. */
  function isOld(stream: string): boolean {
    const now = performance.now();
    const since = unmadeSince.get(stream) ?? now;
    unmadeSince.set(stream, since);
    return now - since >= UNMADE_MS;
  }
}

/** @returns the server's refusal where the place is taken. */
async function add(link: Link, limit: Limit, { name, spec, replicas }: Wanted, id: string): Promise<unknown> {
  const names = namesOf(name, id);
  const described: Described = { sluice: FORMAT, name, id, spec };
  const config = {
    name: names.stream,
    description: JSON.stringify(described),
    subjects: [placeSubject(name), names.all],
    storage: StorageType.File,
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    num_replicas: replicas,
    // With the last token alone behind it: every client reads every byte of a subject.
    republish: { src: names.all, dest: `${names.told}.{{wildcard(1)}}` },
  };
  try {
    // The same once more is no error: it may be asked twice.
    await link.ask(limit, ({ jsm }) => jsm.streams.add(config));
    return undefined;
  } catch (error) {
    if (!isTaken(error)) throw refusalOf(error, "unknown");
    return error;
  }
}

/** Whether it is alone there, and has said that it is a buffer. If not, it is removed. */
async function isKept(link: Link, limit: Limit, name: string, names: Names): Promise<boolean> {
  try {
    if ((await isAlone(link, name, names.stream)) && (await say(link, limit, names))) return true;
  } catch (error) {
    throw refusalOf(error, "unknown");
  }
  await removeStream(link, names.stream);
  return false;
}

async function isAlone(link: Link, name: string, own: string): Promise<boolean> {
  for (let tries = 0; tries < LOOKS_MAX; tries++) {
    const there = await streamsAt(link, name);
    // Whoever lists this one lists all that were there before it.
    if (there.includes(own)) return there.length === 1;
    await pause(tries);
  }
  return false;
}

/** Says that it was destroyed, if nobody has said anything else of it. A maker that was only slow finds that, and makes another one. */
async function condemn(link: Link, limit: Limit, { commits, stream }: Names): Promise<boolean> {
  const head: CommitHead = { by: newHandleId(), turn: 1, operations: [{ op: "destroy" }] };
  try {
    await link.ask(limit, (session) => publishFirst(session, stream, commits, encodeRecord(head)));
    return true;
  } catch (error) {
    if (isOutrun(error) || isStreamMissing(error)) return false;
    throw refusalOf(error, "none");
  }
}

/** False if it was condemned, or is there no more. */
async function say(link: Link, limit: Limit, { commits, parts, stream }: Names): Promise<boolean> {
  let mayBeSaid = false;
  try {
    return await link.ask(limit, async (session) => {
      try {
        await publishFirst(session, stream, parts, NOTHING);
        return true;
      } catch (error) {
        mayBeSaid ||= isSilence(error);
        if (!isOutrun(error)) throw error;
        // By an earlier try it may have been said, and others be at work already. One that was condemned has no more than that message.
        const first = await session.jsm.streams.getMessage(stream, { seq: 1 });
        return first?.subject !== commits;
      }
    });
  } catch (error) {
    if (isStreamMissing(error)) return false;
    // Others may use it already.
    if (mayBeSaid) throw error;
    await removeStream(link, stream);
    throw refusalOf(error, "none");
  }
}

/** Stored only as the stream's first message. Rejects what the server refuses, also that there is no such stream. */
async function publishFirst(
  { js, jsm }: Session,
  stream: string,
  subject: string,
  record: Uint8Array,
): Promise<void> {
  try {
    await js.publish(subject, record, { expect: { streamName: stream, lastSequence: 0 } });
  } catch (error) {
    // Where nobody listens, nobody answers.
    if (!isOutrun(error)) await jsm.streams.info(stream);
    throw error;
  }
}
