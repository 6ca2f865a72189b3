/** What is remembered of producers: enough to answer a retry, and to refuse whoever held an id before. */

import { BufferError, outOfRange } from "@sluice/core";
import type { Participant } from "./waiting-line.js";

export interface ProducerRecord {
  lastSequence: number;
  holder: Participant;
}

export class ProducerRecords {
  // Those with an id, for as long as the buffer lives; one without is known only to its port.
  readonly #byId: Map<string, ProducerRecord> = new Map();

  /** A fresh epoch: the record has this holder now. With the one who held it before, if anybody did. */
  register(
    holder: Participant,
    id: string | undefined,
  ): { record: ProducerRecord; earlier: Participant | undefined } {
    const known = id === undefined ? undefined : this.#byId.get(id);
    if (known === undefined) {
      const record = { lastSequence: 0, holder };
      if (id !== undefined) this.#byId.set(id, record);
      return { record, earlier: undefined };
    }
    const earlier = known.holder;
    known.holder = holder;
    return { record: known, earlier };
  }
}

/** How many of `count` items from `first` on were accepted before. Refuses an earlier holder, and a gap. */
export function acceptedBefore(
  record: ProducerRecord,
  by: Participant,
  first: number,
  count: number,
): number {
  if (record.holder !== by) throw heldByAnother();
  const next = record.lastSequence + 1;
  if (first > next) throw outOfRange("`firstSequence`", `at most ${next}, for a sequence has no gaps`, first);
  return Math.min(next - first, count);
}

export function heldByAnother(): BufferError {
  return new BufferError("HANDLE_CLOSED", "This producer id has a newer holder", { transport: "memory" });
}
