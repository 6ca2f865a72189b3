/**
 * Who takes part. A participant is a handle; it has a place in the region, and a FIFO whose lock tells that it is alive: the
 * system gives the lock back when the process ends, however it ends, and not while it is stopped.
 */

import { closeSync, constants, openSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { NativePort } from "@sluice/native-port";
import { fault } from "./faults.js";
import type { Owners } from "./owner-lock.js";
import type { Region } from "./region.js";
import { Participant, PLACES_MAX, placeWord, Word } from "./region-layout.js";

const INCARNATION_MAX = 2 ** 24 - 1;
const BELL_NAME = /^bell\.(\d{1,3})\.(\d{1,8})$/;
// Somebody who asks whether we are alive holds the lock for a moment.
const LOCK_TRIES = 10_000;

export interface Registration extends Owners {
  readonly place: number;
  /** The FIFO, open and locked: its reader rings off by closing it. */
  readonly bell: number;
}

export class Participants {
  readonly #native: NativePort;
  readonly #region: Region;
  readonly #root: string;

  constructor(native: NativePort, region: Region, root: string) {
    this.#native = native;
    this.#region = region;
    this.#root = root;
  }

  /**
   * Takes a free place, or that of somebody who is dead. To be called under the lock of the door.
   *
   * @throws BufferError `TRANSPORT_UNAVAILABLE` if all places are taken.
   */
  join(): Registration {
    this.#sweep();
    const { geometry, words } = this.#region;
    for (let place = 1; place <= PLACES_MAX; place++) {
      const at = placeWord(geometry, place);
      const incarnation = (words[at + Participant.incarnation] as number) + 1;
      if (words[at + Participant.active] !== 0 || incarnation > INCARNATION_MAX) continue;
      // Whatever names the earlier one names a dead one from here on, and for ever.
      Atomics.store(words, at + Participant.incarnation, incarnation);
      const bell = this.#makeBell(place, incarnation);
      words[at + Participant.pid] = process.pid;
      words[at + Participant.itemWaits] = 0;
      words[at + Participant.roomWaits] = 0;
      if (place > (words[Word.placesUsed] as number)) Atomics.store(words, Word.placesUsed, place);
      Atomics.store(words, at + Participant.active, 1);
      const me = (incarnation << 8) | place;
      return { place, bell, me, isDead: (word) => word !== me && this.isDead(word) };
    }
    const message = `All ${PLACES_MAX} places of this buffer are taken by open handles`;
    throw fault("TRANSPORT_UNAVAILABLE", message);
  }

  leave({ place, me }: Registration): void {
    Atomics.store(this.#region.words, placeWord(this.#region.geometry, place) + Participant.active, 0);
    rmSync(this.bellPath(me), { force: true });
  }

  isDead(word: number): boolean {
    const at = placeWord(this.#region.geometry, word & 0xff);
    const { words } = this.#region;
    if (Atomics.load(words, at + Participant.incarnation) !== word >>> 8) return true;
    if (Atomics.load(words, at + Participant.active) === 0) return true;
    let fd: number;
    try {
      fd = openSync(this.bellPath(word), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    } catch (error) {
      // It has left; or there is no reading what is there, which proves nothing.
      return (error as NodeJS.ErrnoException).code === "ENOENT";
    }
    try {
      return this.#native.flock(fd, "shared");
    } finally {
      closeSync(fd);
    }
  }

  /** The process behind a word, for messages. */
  pidOf(word: number): number {
    return this.#region.words[placeWord(this.#region.geometry, word & 0xff) + Participant.pid] as number;
  }

  /** The present word of a place; 0 if nobody has it. */
  wordOf(place: number): number {
    const at = placeWord(this.#region.geometry, place);
    const { words } = this.#region;
    if (Atomics.load(words, at + Participant.active) === 0) return 0;
    return ((words[at + Participant.incarnation] as number) << 8) | place;
  }

  /** How many calls wait now, in all processes that are alive: for an item, for room. */
  waiting(): { items: number; room: number } {
    const { geometry, words } = this.#region;
    let items = 0;
    let room = 0;
    for (let place = 1; place <= (words[Word.placesUsed] as number); place++) {
      const at = placeWord(geometry, place);
      const own = [
        words[at + Participant.itemWaits] as number,
        words[at + Participant.roomWaits] as number,
      ] as const;
      if (own[0] + own[1] === 0) continue;
      const word = this.wordOf(place);
      if (word === 0 || this.isDead(word)) continue;
      items += own[0];
      room += own[1];
    }
    return { items, room };
  }

  bellPath(word: number): string {
    return join(this.#root, `bell.${word & 0xff}.${word >>> 8}`);
  }

  #makeBell(place: number, incarnation: number): number {
    const path = this.bellPath((incarnation << 8) | place);
    this.#native.mkfifo(path, 0o600);
    // For reading and writing: opened for reading alone it would go deaf when the first who rings closes it.
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    for (let tries = 0; tries < LOCK_TRIES; tries++) if (this.#native.flock(fd, "exclusive")) return fd;
    closeSync(fd);
    throw fault("BUFFER_BUSY", `Somebody holds ${path}`);
  }

  // Places and FIFOs of the dead. What they leased is returned by whoever comes to need it.
  #sweep(): void {
    const { geometry, words } = this.#region;
    for (let place = 1; place <= (words[Word.placesUsed] as number); place++) {
      const word = this.wordOf(place);
      if (word !== 0 && this.isDead(word)) {
        Atomics.store(words, placeWord(geometry, place) + Participant.active, 0);
      }
    }
    for (const name of readdirSync(this.#root)) {
      const [, place, incarnation] = BELL_NAME.exec(name) ?? [];
      if (place === undefined || incarnation === undefined) continue;
      const word = (Number(incarnation) << 8) | Number(place);
      if (this.wordOf(Number(place)) !== word) rmSync(join(this.#root, name), { force: true });
    }
  }
}
