/** The events of a run as OpenTelemetry metrics. */

import type { Attributes, Counter, Histogram, Meter, UpDownCounter } from "@opentelemetry/api";
import { checkOptions, type RunEvent } from "@sluice/core";
import { defaultMeter } from "./default-meter.js";
import { BECAUSE, ERROR_TYPE, type MetricDefinition, ROLE, RUN_METRICS } from "./metric-list.js";
import type { RunEventSource } from "./run-event-source.js";

/** Of `observeRun`. */
export interface ObserveRunOptions {
  /** Default: the one of the global meter provider, which must be set before. */
  readonly meter?: Meter | undefined;
  /** Go with every value: what tells this run, or this group of workers, from others. Few values each. */
  readonly attributes?: Attributes | undefined;
}

type Because = "full" | "empty";

/** What is known of one worker. */
interface Observed {
  role?: "producer" | "consumer" | undefined;
  isAlive: boolean;
  waitsBecause?: Because | undefined;
}

// In seconds. Those that OpenTelemetry has of its own are for milliseconds.
const WAIT_BOUNDARIES = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/**
 * Records `RUN_METRICS` from what a run, or a group of workers, tells from now on. Several into one meter are added up.
 *
 * @returns the function that ends it: what is counted as there now (workers, those that wait) is taken back. Nothing else needs
 * to be ended: a run that is over tells nothing more, and all its workers are gone.
 * @throws BufferError `CAPABILITY_MISSING` where no meter is given and `@opentelemetry/api` is not installed; TypeError
 * `INVALID_ARGUMENT`.
 */
export function observeRun(run: RunEventSource, options: ObserveRunOptions = {}): () => void {
  checkOptions("the options of observeRun", options, ["meter", "attributes"]);
  const observation = new RunObservation(options.meter ?? defaultMeter(), options.attributes ?? {});
  const stopListening = run.on("*", (event) => observation.take(event));
  return () => {
    stopListening();
    observation.end();
  };
}

class RunObservation {
  readonly #produced: Counter;
  readonly #consumed: Counter;
  readonly #nacked: Counter;
  readonly #waits: Counter;
  readonly #waiting: UpDownCounter;
  readonly #waitDuration: Histogram;
  readonly #alive: UpDownCounter;
  readonly #failures: Counter;
  readonly #restarts: Counter;
  readonly #attributes: Attributes;
  /** One for each reason, made once: an event costs no new object. */
  readonly #because: Record<Because, Attributes>;
  /** By name. One that is started again keeps its name, and its place here. */
  readonly #workers = new Map<string, Observed>();

  constructor(meter: Meter, attributes: Attributes) {
    const counter = ({ name, unit, description }: MetricDefinition) =>
      meter.createCounter(name, { unit, description });
    const upDownCounter = ({ name, unit, description }: MetricDefinition) =>
      meter.createUpDownCounter(name, { unit, description });
    this.#produced = counter(RUN_METRICS.produced);
    this.#consumed = counter(RUN_METRICS.consumed);
    this.#nacked = counter(RUN_METRICS.nacked);
    this.#waits = counter(RUN_METRICS.waits);
    this.#waiting = upDownCounter(RUN_METRICS.waiting);
    const { name, unit, description } = RUN_METRICS.waitDuration;
    this.#waitDuration = meter.createHistogram(name, {
      unit,
      description,
      advice: { explicitBucketBoundaries: WAIT_BOUNDARIES },
    });
    this.#alive = upDownCounter(RUN_METRICS.workers);
    this.#failures = counter(RUN_METRICS.failures);
    this.#restarts = counter(RUN_METRICS.restarts);
    this.#attributes = { ...attributes };
    this.#because = {
      full: { ...attributes, [BECAUSE]: "full" },
      empty: { ...attributes, [BECAUSE]: "empty" },
    };
  }

  take(event: RunEvent): void {
    switch (event.kind) {
      case "produced":
        this.#produced.add(event.count, this.#attributes);
        return;
      case "consumed":
        this.#consumed.add(event.count, this.#attributes);
        return;
      case "nacked":
        this.#nacked.add(1, this.#attributes);
        return;
      case "waiting":
        this.#waits.add(1, this.#because[event.because]);
        this.#waiting.add(1, this.#because[event.because]);
        this.#worker(event.worker).waitsBecause = event.because;
        return;
      case "resumed":
        this.#waitDuration.record(event.waitedMs / 1000, this.#because[event.because]);
        this.#waitIsOver(this.#worker(event.worker));
        return;
      case "spawned": {
        const worker = this.#worker(event.worker);
        worker.role = event.role;
        worker.isAlive = true;
        this.#alive.add(1, this.#ofRole(worker));
        return;
      }
      case "failed": {
        const { code, name } = event.error;
        this.#failures.add(1, { ...this.#ofRole(this.#worker(event.worker)), [ERROR_TYPE]: code ?? name });
        return;
      }
      case "restarted":
        this.#restarts.add(1, this.#ofRole(this.#worker(event.worker)));
        return;
      case "exited":
        this.#isGone(this.#worker(event.worker));
        return;
    }
  }

  end(): void {
    for (const worker of this.#workers.values()) this.#isGone(worker);
    this.#workers.clear();
  }

  #worker(name: string): Observed {
    let worker = this.#workers.get(name);
    if (worker === undefined) {
      worker = { isAlive: false };
      this.#workers.set(name, worker);
    }
    return worker;
  }

  /** Without a role for one that was spawned before the observation began. */
  #ofRole({ role }: Observed): Attributes {
    return role === undefined ? this.#attributes : { ...this.#attributes, [ROLE]: role };
  }

  /** One that dies in the middle of a wait does not tell of the end of it. */
  #isGone(worker: Observed): void {
    this.#waitIsOver(worker);
    if (worker.isAlive) this.#alive.add(-1, this.#ofRole(worker));
    worker.isAlive = false;
  }

  #waitIsOver(worker: Observed): void {
    if (worker.waitsBecause !== undefined) this.#waiting.add(-1, this.#because[worker.waitsBecause]);
    worker.waitsBecause = undefined;
  }
}
