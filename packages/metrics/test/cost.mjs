// What an event costs: `pnpm --filter @sluice/metrics cost`. Prints nanoseconds; the best of several rounds, for the machine is noisy.
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { MeterProvider, MetricReader } from "@opentelemetry/sdk-metrics";
import { publishRun, waitHooks } from "../dist/diagnostics.js";
import { observeRun } from "../dist/opentelemetry.js";

const ROUNDS = 15;
const EVENTS = 200_000;

class Reader extends MetricReader {
  async onForceFlush() {}
  async onShutdown() {}
}

/** A run that tells nothing by itself: the returned function has it tell. */
function source() {
  const listeners = [];
  return {
    on(_kind, listener) {
      listeners.push(listener);
      return () => {};
    },
    tell(event) {
      for (const listener of listeners) listener(event);
    },
  };
}

const consumed = { kind: "consumed", at: 0, worker: "consumer-1", count: 1, total: 1 };
const waiting = { kind: "waiting", at: 0, worker: "producer-1", because: "full" };
const resumed = { kind: "resumed", at: 0, worker: "producer-1", because: "full", waitedMs: 12 };
const output = { kind: "output", at: 0, worker: "producer-1", stream: "stdout", text: "" };

function measure(what, act) {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const from = process.hrtime.bigint();
    for (let n = 0; n < EVENTS; n++) act();
    best = Math.min(best, Number(process.hrtime.bigint() - from) / EVENTS);
  }
  console.log(`${what.padEnd(60)} ${best.toFixed(0).padStart(6)} ns`);
}

const bare = source();
bare.on("*", (event) => event.kind === "nothing");
measure("a listener that does nothing", () => bare.tell(consumed));

const provider = new MeterProvider({ readers: [new Reader()] });
const observed = source();
observeRun(observed, { meter: provider.getMeter("cost") });
measure("observeRun: consumed", () => observed.tell(consumed));
measure("observeRun: waiting, then resumed (two events)", () => {
  observed.tell(waiting);
  observed.tell(resumed);
});
measure("observeRun: an event that no metric is made of", () => observed.tell(output));
const noop = source();
observeRun(noop, { meter: new MeterProvider().getMeter("cost") });
measure("observeRun: consumed, no reader", () => noop.tell(consumed));

const published = source();
publishRun(published);
measure("publishRun: nobody subscribes", () => published.tell(consumed));
const hooks = waitHooks("jobs").producer;
measure("waitHooks: nobody subscribes", () => hooks.onWait());
const hear = () => {};
subscribe("sluice:run:consumed", hear);
measure("publishRun: one subscriber that does nothing", () => published.tell(consumed));
unsubscribe("sluice:run:consumed", hear);
subscribe("sluice:wait", hear);
measure("waitHooks: one subscriber that does nothing", () => hooks.onWait());
unsubscribe("sluice:wait", hear);
