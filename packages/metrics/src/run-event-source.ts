import type { Listen } from "@sluice/core";

/** Whatever has the events of a run: a `Run`, or the `Workers` of `startProducers` and `startConsumers`. */
export interface RunEventSource {
  readonly on: Listen;
}
