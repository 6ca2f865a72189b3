/** The events of a run on named channels of Node's diagnostics_channel, for whoever listens in the same process. */

import { type Channel, channel } from "node:diagnostics_channel";
import type { RunEvent, RunEventKind } from "@sluice/core";
import type { RunEventSource } from "./run-event-source.js";

/** What `sluice:run:<kind>` carries. */
export interface RunMessage<K extends RunEventKind = RunEventKind> {
  /** What was given to `publishRun`: tells runs of one process from each other. */
  readonly run: RunEventSource;
  readonly event: RunEvent<K>;
}

// By kind, as they come up: a kind that a later core adds has a channel, too.
const channels = new Map<RunEventKind, Channel>();

/**
 * Publishes each event from now on, at once, on the channel `sluice:run:<kind>`, as a `RunMessage`. Where nobody subscribes to
 * that channel nothing is made.
 *
 * @returns the function that ends it. A run that is over needs none.
 */
export function publishRun(run: RunEventSource): () => void {
  return run.on("*", (event) => {
    let of = channels.get(event.kind);
    if (of === undefined) {
      of = channel(`sluice:run:${event.kind}`);
      channels.set(event.kind, of);
    }
    if (of.hasSubscribers) of.publish({ run, event } satisfies RunMessage);
  });
}
