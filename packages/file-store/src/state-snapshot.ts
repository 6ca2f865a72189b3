/** A whole state as JSON, for the head of a segment: what a handle starts from instead of all the commits before it. */

import type { BufferSpec } from "@sluice/core";
import { BufferState } from "./buffer-state.js";
import type { Faults } from "./faults.js";
import type { Fallen, Item, ProducerRecord } from "./item.js";
import type { Participant } from "./operation.js";
import { SequenceList } from "./sequence-list.js";

// Sequence, commit, offset, length, sum, envelopeLength, deliveries, failures: an array, because a buffer holds many of them.
type PackedItem = readonly [number, number, number, number, number, number, number, number];
type PackedFallen = readonly [PackedItem, string];
type PackedLease = readonly [token: string, PackedItem, handle: string | null, until: number];

export interface Snapshot {
  readonly produced: number;
  readonly consumed: number;
  readonly discarded: number;
  readonly peak: number;
  readonly sealed: boolean;
  readonly discarding: boolean;
  readonly destroyed: boolean;
  readonly lastSequence: number;
  readonly ready: readonly PackedItem[];
  readonly leased: readonly PackedLease[];
  readonly parked: readonly PackedFallen[];
  readonly dead: readonly PackedFallen[];
  readonly producers: readonly (readonly [string, ProducerRecord])[];
  readonly participants: readonly (readonly [string, Participant])[];
}

export function takeSnapshot(state: BufferState): Snapshot {
  const { produced, consumed, discarded, peak, sealed, discarding, destroyed, lastSequence } = state;
  return {
    ...{ produced, consumed, discarded, peak, sealed, discarding, destroyed, lastSequence },
    ready: [...state.ready].map(pack),
    leased: [...state.leased].map(([token, { item, handle, until }]) => [
      token,
      pack(item),
      handle ?? null,
      until,
    ]),
    parked: [...state.parked].map(packFallen),
    dead: [...state.dead].map(packFallen),
    producers: [...state.producers],
    participants: [...state.participants],
  };
}

/**
 * @param sameBoot - whether the snapshot's times are of this boot of the machine; if not, its leases have ended, but for those that no time ends.
 * @throws BufferError `DATA_CORRUPT` if it is not a whole snapshot.
 */
export function restoreSnapshot(
  snapshot: Snapshot,
  spec: BufferSpec,
  faults: Faults,
  sameBoot: boolean,
): BufferState {
  const state = new BufferState(spec, faults);
  try {
    const { produced, consumed, discarded, peak, sealed, discarding, destroyed, lastSequence } = snapshot;
    Object.assign(state, {
      produced,
      consumed,
      discarded,
      peak,
      sealed,
      discarding,
      destroyed,
      lastSequence,
    });
    state.ready = new SequenceList(snapshot.ready.map(unpack));
    for (const [token, item, handle, until] of snapshot.leased) {
      state.leased.set(token, { item: unpack(item), handle: handle ?? undefined, until });
    }
    if (sameBoot) state.refreshNextEnd();
    else state.endTimedLeases();
    state.parked = new SequenceList(snapshot.parked.map(unpackFallen));
    state.dead = new SequenceList(snapshot.dead.map(unpackFallen));
    state.producers = new Map(snapshot.producers.map(([id, record]) => [id, { ...record }]));
    state.participants = new Map(snapshot.participants.map(([handle, one]) => [handle, { ...one }]));
  } catch (cause) {
    throw faults.of("DATA_CORRUPT", "A snapshot of the buffer is not whole", { cause });
  }
  for (const held of [
    state.ready,
    [...state.parked].map((f) => f.item),
    [...state.leased.values()].map((l) => l.item),
  ]) {
    for (const item of held) state.bytes += item.length;
  }
  return state;
}

function pack(item: Item): PackedItem {
  const { sequence, commit, offset, length, sum, envelopeLength, deliveries, failures } = item;
  return [sequence, commit, offset, length, sum, envelopeLength, deliveries, failures];
}

function unpack(packed: PackedItem): Item {
  const [sequence, commit, offset, length, sum, envelopeLength, deliveries, failures] = packed;
  return { sequence, commit, offset, length, sum, envelopeLength, deliveries, failures, bytes: undefined };
}

function packFallen({ item, reason }: Fallen): PackedFallen {
  return [pack(item), reason];
}

function unpackFallen([packed, reason]: PackedFallen): Fallen {
  const item = unpack(packed);
  return { sequence: item.sequence, item, reason };
}
