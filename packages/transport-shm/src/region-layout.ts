/**
 * Where everything lies in the region: the only file that knows offsets. They follow from the settings alone, so that whoever
 * opens a region can check that it is what it says.
 *
 *     header       4 KiB: magic, version, length and CRC-32 of a JSON text with the settings, id and boot
 *     control      counters, locks, sets of waiting participants; each side on cache lines of its own
 *     participants 255 places
 *     producers    records of producers with an id
 *     freeRing     numbers of free slots
 *     readyRing    numbers of the slots of ready items, by position
 *     slots        what is known of each item
 *     reasons      text, for dead letters
 *     links        of each chunk: the next one of its chain
 *     inline       the bytes of an item, as far as they fit
 *     chunks       the rest of larger ones
 */

import type { BufferSpec } from "@sluice/core";
import { ENVELOPE_BYTES_MAX } from "@sluice/core";
import { fault } from "./faults.js";

export const HEADER_BYTES = 4096;
export const PLACES_MAX = 255;
export const PRODUCERS_MAX = 1024;
export const REASON_BYTES_MAX = 128;
/** Pairs of word and value in one commit. Their number does not depend on that of its items. */
export const REDO_PAIRS_MAX = 31;

// Two cache lines: neighbours are fetched in pairs.
const GROUP = 32;

/**
 * Words of the control area, as indices into an Int32Array over the whole region. It begins at 1024, behind the header; what
 * different processes write at the same time stands in groups of 32 words of its own.
 */
export const Word = {
  producersLock: 1024,

  /** Items ever accepted: its store is the commit of a put. */
  produced: 1056,

  /** What `produced` will be once the put that is under way has committed. */
  pk: 1088,
  producedHigh: 1089,
  putBytes: 1090,
  peak: 1091,
  /** First chunk of the free chain, and how many were ever taken from it. */
  chunkHead: 1092,
  chunksTaken: 1093,
  lastEpoch: 1094,
  producerRedo: 1120, // a count, then pairs

  consumersLock: 1184,

  /** Items that no longer count towards the capacity, ever: consumed, discarded, or moved to the dead letters. */
  removed: 1216,
  removedBytes: 1217,
  chunksFreed: 1218,
  /** Dead letters that were put back at the tail, ever. */
  requeued: 1219,

  /** Position of the next item that was never handed out. */
  head: 1248,
  /** Items that came back, as a list of slots by sequence; 0 for none, else the slot's number + 1. */
  returnedFirst: 1249,
  returnedLast: 1250,
  returned: 1251,
  /** Leased, or nacked with a delay. */
  leased: 1252,
  parked: 1253,
  dead: 1254,
  consumed: 1255,
  consumedHigh: 1256,
  discarded: 1257,
  discardedHigh: 1258,
  lastLease: 1259,
  lastLeaseHigh: 1260,
  /** Last chunk of the free chain, never taken. */
  chunkTail: 1261,
  /** Set by the store that commits an operation of the consumers' side. */
  valid: 1262,
  /** Two words, a float64 in milliseconds: no lease or delay ends before. May be too early, never too late. */
  nextEnd: 1264,

  /** 0, 1 sealed, 2 sealed and discarding. */
  sealed: 1280,
  destroyed: 1281,
  /** The highest place ever taken: no bit above it is set. */
  placesUsed: 1282,
  /** How often each lock was taken over from the dead. */
  producersTakenOver: 1283,
  consumersTakenOver: 1284,

  /** Sets of places, eight words each. */
  waitForItem: 1312,
  waitForRoom: 1344,
  waitForBytes: 1376,
  waitForEnd: 1408,
  /** And one more: who was woken for an item and has not looked yet. */
  wokenSet: 1416,
  /** The place that was woken last, of each set: the next is looked for behind it. */
  wokenForItem: 1440,
  wokenForRoom: 1441,

  consumerRedo: 1472, // a count, then pairs
} as const;

const AFTER_CONTROL = 1024 + 16 * GROUP;

/** Words of a participant, from the start of its place. */
export const Participant = { incarnation: 0, active: 1, pid: 2, itemWaits: 3, roomWaits: 4 } as const;

/** Words of a producer's record: free while `epoch` is 0. Its id is kept as a hash of eight words. */
export const Producer = { epoch: 0, last: 1, lastHigh: 2, id: 4 } as const;
export const PRODUCER_ID_WORDS = 8;
const PRODUCER_WORDS = 16;

/** Words of a slot. */
export const Slot = {
  state: 0,
  sequence: 1,
  sequenceHigh: 2,
  length: 3,
  /** First and last of its chunks, if it has any. */
  chunk: 4,
  chunkLast: 5,
  deliveries: 6,
  failures: 7,
  /** Who holds its lease, as in a lock's word. */
  holder: 8,
  lease: 9,
  leaseHigh: 10,
  /** The slot behind it in the list of those that came back, as in `returnedFirst`. */
  next: 11,
  /** Two words, a float64: when its lease or delay ends. */
  until: 12,
  reasonBytes: 14,
  /** How many bytes at the end of its length are those of the envelope. */
  envelopeBytes: 15,
} as const;
const SLOT_WORDS = 16;

/** `none` is free, or ready and never handed out. */
export const State = { none: 0, leased: 1, returned: 2, delayed: 3, parked: 4, dead: 5 } as const;

const INLINE_BYTES_MAX = 2112;
const CHUNK_BYTES_MAX = 4096;
// One byte of flags and eight of the put time, where there are any; headers are rare, and go into chunks.
const USUAL_ENVELOPE_BYTES = 16;
const REGION_BYTES_MAX = 2 ** 32 - 4096;

const alignLine = (bytes: number): number => Math.ceil(bytes / 64) * 64;
const powerOfTwoFrom = (least: number): number => 2 ** Math.ceil(Math.log2(least));

/** Sizes and starts that follow from the settings. Words are indices, others byte offsets. */
export interface Geometry {
  readonly slots: number;
  readonly freeMask: number;
  readonly readyMask: number;
  readonly inlineBytes: number;
  readonly chunkBytes: number;
  readonly chunks: number;
  readonly participants: number;
  readonly producers: number;
  readonly freeRing: number;
  readonly readyRing: number;
  readonly slotWords: number;
  readonly reasonStart: number;
  readonly links: number;
  readonly inlineStart: number;
  readonly chunkStart: number;
  readonly regionBytes: number;
}

/** @throws BufferError `CAPABILITY_MISSING` where the region would be too large, saying which settings make it so. */
export function geometryOf(spec: BufferSpec): Geometry {
  const { capacity, itemBytesMax, bufferBytesMax, deadLettersMax } = spec;
  const largest = itemBytesMax + ENVELOPE_BYTES_MAX;
  const slots = capacity + deadLettersMax;
  // Twice the average of a full buffer: many small items in few bytes should not take the room of large ones.
  const usual = Math.min(itemBytesMax + USUAL_ENVELOPE_BYTES, 2 * Math.ceil(bufferBytesMax / capacity));
  const inlineBytes = Math.min(INLINE_BYTES_MAX, alignLine(usual));
  const chunkBytes = Math.min(
    CHUNK_BYTES_MAX,
    2 * inlineBytes,
    alignLine(Math.max(1, largest - inlineBytes)),
  );
  const overflow = Math.max(0, largest - inlineBytes);
  // Each item wastes less than one chunk, and only those larger than `inlineBytes` have any.
  const overflowing = overflow === 0 ? 0 : Math.min(capacity, Math.floor(bufferBytesMax / (inlineBytes + 1)));
  const forItems = overflowing + Math.ceil((bufferBytesMax - overflowing * inlineBytes) / chunkBytes);
  const forLetters = deadLettersMax * Math.ceil(overflow / chunkBytes);
  // And one at the end of the free chain, which is never taken.
  const chunks = overflow === 0 ? 1 : forItems + forLetters + 1;

  const freeSize = powerOfTwoFrom(slots);
  const readySize = powerOfTwoFrom(capacity);
  let at = AFTER_CONTROL;
  const area = (words: number): number => {
    const start = at;
    at = Math.ceil((at + words) / GROUP) * GROUP;
    return start;
  };
  const words = {
    participants: area((PLACES_MAX + 1) * GROUP),
    producers: area(PRODUCERS_MAX * PRODUCER_WORDS),
    freeRing: area(freeSize),
    readyRing: area(readySize),
    slotWords: area(slots * SLOT_WORDS),
    reasonWords: area((slots * REASON_BYTES_MAX) / 4),
    links: area(chunks),
    inline: area((slots * inlineBytes) / 4),
    chunk: area((chunks * chunkBytes) / 4),
  };
  const regionBytes = Math.ceil((at * 4) / 4096) * 4096;
  if (!(regionBytes <= REGION_BYTES_MAX)) {
    const message = `A region of ${regionBytes} bytes would be needed for capacity ${capacity}, itemBytesMax ${itemBytesMax}, bufferBytesMax ${bufferBytesMax} and deadLettersMax ${deadLettersMax}; at most ${REGION_BYTES_MAX} can be had`;
    throw fault("CAPABILITY_MISSING", message);
  }
  return {
    slots,
    freeMask: freeSize - 1,
    readyMask: readySize - 1,
    inlineBytes,
    chunkBytes,
    chunks,
    participants: words.participants,
    producers: words.producers,
    freeRing: words.freeRing,
    readyRing: words.readyRing,
    slotWords: words.slotWords,
    reasonStart: words.reasonWords * 4,
    links: words.links,
    inlineStart: words.inline * 4,
    chunkStart: words.chunk * 4,
    regionBytes,
  };
}

/** First word of a participant's place, from 1 to `PLACES_MAX`. */
export function placeWord(geometry: Geometry, place: number): number {
  return geometry.participants + place * GROUP;
}

/** The highest place ever taken. */
export function placesUsed(words: Int32Array): number {
  const used = Atomics.load(words, Word.placesUsed);
  return used >= 0 && used <= PLACES_MAX ? used : PLACES_MAX;
}

export function producerWord(geometry: Geometry, record: number): number {
  return geometry.producers + record * PRODUCER_WORDS;
}

export function slotWord(geometry: Geometry, slot: number): number {
  return geometry.slotWords + slot * SLOT_WORDS;
}
