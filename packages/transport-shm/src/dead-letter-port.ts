/** Lists, requeues and removes dead letters. */

import { type DeadLetter, type DeadLetterPort, partsOf } from "@sluice/core";
import type { ConsumersSide } from "./consumers-side.js";
import { Slot, State, slotWord } from "./region-layout.js";
import { isSealed } from "./seal.js";
import type { SharedBuffer } from "./shared-buffer.js";
import { copyItem, newCopyTarget } from "./slot-bytes.js";

export class ShmDeadLetterPort implements DeadLetterPort {
  readonly #buffer: SharedBuffer;

  constructor(buffer: SharedBuffer) {
    this.#buffer = buffer;
  }

  async list(max: number, afterSequence = 0): Promise<readonly DeadLetter[]> {
    return this.#buffer.untilHad(() =>
      this.#buffer.consume((consumers) =>
        consumers.slots
          .inState(State.dead)
          .map((slot) => ({ slot, sequence: consumers.slots.sequenceOf(slot) }))
          .filter(({ sequence }) => sequence > afterSequence)
          .sort((a, b) => a.sequence - b.sequence)
          .slice(0, max)
          .map(({ slot, sequence }) => this.#read(consumers, slot, sequence)),
      ),
    );
  }

  async requeue(sequence: number): Promise<"requeued" | "full" | "sealed" | "missing"> {
    const { spec, region } = this.#buffer;
    return this.#buffer.untilHad(() =>
      this.#buffer.both((producers, consumers) => {
        const slot = consumers.dead.find(sequence);
        if (slot === undefined) return "missing";
        if (isSealed(region.words)) return "sealed";
        // The parked item that moves up into its room leaves a slot, and bytes, to it.
        const freed = consumers.dead.roomOfNextParked;
        const bytes = producers.bytes + consumers.slots.lengthOf(slot) - freed.bytes;
        if (producers.occupied - freed.items >= spec.capacity || bytes > spec.bufferBytesMax) return "full";
        if (freed.items === 0) producers.noteOneMore();
        consumers.dead.requeue(slot);
        return "requeued";
      }),
    );
  }

  async remove(sequence: number): Promise<"removed" | "missing"> {
    return this.#buffer.untilHad(() =>
      this.#buffer.consume((consumers) => {
        const slot = consumers.dead.find(sequence);
        if (slot === undefined) return "missing";
        consumers.dead.remove(slot);
        return "removed";
      }),
    );
  }

  #read(consumers: ConsumersSide, slot: number, sequence: number): DeadLetter {
    const { region } = this.#buffer;
    const { geometry, words } = region;
    const length = consumers.slots.lengthOf(slot);
    const both = copyItem(region, slot, length, newCopyTarget(length), 0);
    const at = slotWord(geometry, slot);
    return {
      ...partsOf(both, consumers.slots.envelopeBytesOf(slot, length)),
      sequence,
      reason: consumers.slots.reasonOf(slot),
      deliveries: words[at + Slot.deliveries] as number,
      failures: words[at + Slot.failures] as number,
    };
  }
}
