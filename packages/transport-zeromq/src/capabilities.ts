/** What a buffer over ZeroMQ offers, by where it is and by its journal. */

import type { Survival, TransportCapabilities } from "@sluice/core";
import type { Place } from "./place.js";
import type { Opened } from "./protocol.js";
import { RETRY_WINDOW_MS } from "./timing.js";

const SURVIVES: Record<Opened["journal"], readonly Survival[]> = {
  none: ["participant"],
  process: ["participant", "authority"],
  power: ["participant", "authority", "power-loss"],
};

/** @param place - where it is: for processes of one host, or for others too. */
export function capabilitiesOf(
  place: Pick<Place, "isOfHost">,
  journal: Opened["journal"],
): TransportCapabilities {
  return Object.freeze<TransportCapabilities>({
    reach: place.isOfHost ? "host" : "network",
    survives: Object.freeze(SURVIVES[journal]),
    peak: "exact",
    returned: "in-place",
    fencing: "authority",
    deadLetter: "atomic",
    release: "free",
    // A broker that died between a commit and its answer cannot be asked.
    putOutcome: "may-be-unknown",
    retryWindowMs: RETRY_WINDOW_MS,
  });
}
