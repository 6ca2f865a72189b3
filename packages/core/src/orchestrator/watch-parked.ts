/** A buffer that is full of parked items has no room for anything, and nobody in the run will make any. */

import type { BoundedBuffer } from "../buffer.js";
import { untilNotBusy } from "../until-not-busy.js";
import type { Ending } from "./ending.js";
import type { EventStream } from "./event-stream.js";

/** Looks after each failure of an item or a worker, for nothing else parks items. Returns what ends that. */
export function watchParked(buffer: BoundedBuffer<unknown>, events: EventStream, ending: Ending): () => void {
  let isLooking = false;
  let isToLookAgain = false;
  const look = async () => {
    isLooking = true;
    do {
      isToLookAgain = false;
      // A fault of the buffer is met by the steps of the run.
      const counts = await untilNotBusy(() => buffer.counts()).catch(() => undefined);
      if (counts !== undefined && counts.parked >= buffer.spec.capacity)
        ending.raiseTo("drain", "the buffer is full of parked items");
    } while (isToLookAgain);
    isLooking = false;
  };
  const { failuresMax } = buffer.spec;
  return events.on((event) => {
    // An item has no more failures than hand-outs.
    const mayPark = event.kind === "nacked" ? event.deliveries >= failuresMax : event.kind === "failed";
    if (!mayPark) return;
    isToLookAgain = true;
    if (!isLooking) void look();
  });
}
