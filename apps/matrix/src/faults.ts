/** The faults of the matrix, and what is to become of a run in each: the one table of that. */

import type { Expectation, ExpectedReport, Fault } from "./expectation.js";
import type { MatrixTransport } from "./matrix-transports.js";
import type { Ground } from "./orchestrator-process.js";
import { brokerTagged } from "./processes.js";
import { consumers, producers, type Scenario } from "./scenario.js";
import { until } from "./until.js";
import type { ConsumeArgs } from "./workers/consume.js";
import type { ProduceArgs } from "./workers/produce.js";
import type { WayToFail } from "./workers/ways-to-end.js";

const CAPACITY = 5;
const ITEMS = 10;
const LEASE_MS = 3_000;
/** As often as without a word, also on a machine where as many starts take longer than the 10 s of that. */
const RESTART = { withinMs: 600_000 };
/** Work that is not over before it is ended from outside, and that the next run finishes. */
const MORE = { items: 5 * ITEMS, waitsAfter: 4 * ITEMS };
const ENDLESS = 1_000_000;
const GIBIBYTE_MIB = 1024;
/** More than any of the buffers between a worker and the end of its output hold, and far less than what is printed. */
const MEMORY_GROWTH_MAX_KIB = 300 * 1024;
const POISON = "a-3";

const fine: ExpectedReport = { drained: true, dead: 0, restarts: 0, failed: [], lost: false };
const diesToo: Partial<Expectation> = { exit: "SIGKILL", report: undefined, left: "nothing" };

interface Parts {
  readonly producer?: Partial<ProduceArgs>;
  readonly consumer?: Partial<ConsumeArgs>;
  /** Default 1: each is a process, and there are many cases. */
  readonly consumers?: number;
  readonly failuresMax?: number;
  readonly itemTimeoutMs?: number;
  readonly drainDeadlineMs?: number;
}

/** A producer and a consumer, or more, around a new buffer. */
function scenarioOf(parts: Parts = {}): Fault["scenario"] {
  return ({ folder, records }: Ground, { name }: MatrixTransport): Scenario => {
    const { producer, consumer, consumers: count = 1, failuresMax, itemTimeoutMs, drainDeadlineMs } = parts;
    // A journal takes the lease of somebody who died with the broker for good until it has passed.
    const options = {
      leaseMs: LEASE_MS,
      restart: RESTART,
      ...(itemTimeoutMs === undefined ? {} : { itemTimeoutMs }),
    };
    return {
      transport: name,
      folder,
      create: { capacity: CAPACITY, ...(failuresMax === undefined ? {} : { failuresMax }) },
      values: true,
      producers: [producers([{ prefix: "a", items: ITEMS, records, ...producer }], { restart: RESTART })],
      consumers: [consumers(count, { records, ...consumer }, options)],
      ...(drainDeadlineMs === undefined ? {} : { drainDeadlineMs }),
    };
  };
}

/** The same workers, without faults, around the buffer that is there. */
function takingUp(items?: number): Fault["scenario"] {
  return (ground, transport) => {
    const parts = items === undefined ? {} : { producer: { items } };
    const { create: _, ...scenario } = scenarioOf(parts)(ground, transport);
    return scenario;
  };
}

/** A producer and a consumer end in some way, once each. Where they are in the orchestrator's process that ends so too. */
function twoEnd(way: string, how: WayToFail, inProcess: Partial<Expectation>): Fault {
  return {
    title: `a producer and a consumer ${way}`,
    scenario: scenarioOf({
      producer: { failing: { how, once: "producer", item: POISON } },
      consumer: { failing: { how, once: "consumer" } },
    }),
    expected: { exit: 0, report: { ...fine, restarts: 2 }, left: "nothing" },
    inProcess: { report: undefined, ...inProcess },
  };
}

/** One more consumer, whose module is of no use. */
function withModule(source: string): Fault["scenario"] {
  const module = `data:text/javascript,${encodeURIComponent(source)}`;
  return (ground, transport) => {
    const scenario = scenarioOf()(ground, transport);
    return { ...scenario, consumers: [...scenario.consumers, { module }] };
  };
}

const useless: Expectation = {
  exit: 5,
  report: { ...fine, failed: ["consumer-2"] },
  left: "nothing",
};

export const FAULTS: readonly Fault[] = [
  { title: "none", scenario: scenarioOf(), expected: { exit: 0, report: fine, left: "nothing" } },
  {
    title: "the broker is killed",
    isOfBroker: true,
    scenario: scenarioOf({ producer: MORE, consumer: { everyMs: 20 } }),
    act: async (running) => {
      await running.happened("waiting", 1, ({ because }) => because === "full");
      process.kill(brokerTagged(running.tag) ?? Number.NaN, "SIGKILL");
    },
    // Without a journal there is nothing to take up: another run begins at the same place.
    next: (ground, transport) =>
      (transport.outlives ? takingUp(MORE.items) : scenarioOf())(ground, transport),
    expected: {
      exit: 6,
      report: { drained: false, dead: 0, lost: false },
      left: "the buffer, a dead broker's socket",
      next: 0,
    },
    withoutJournal: {
      exit: 3,
      report: { drained: false, dead: 0, lost: true },
      left: "a dead broker's socket",
    },
  },
  twoEnd("are killed (SIGKILL)", "SIGKILL", diesToo),
  twoEnd("end by exit 3", "exit 3", { exit: 3 }),
  twoEnd("end by exit 0, in the middle of their work", "exit 0", { exit: 5 }),
  {
    title: "a producer throws, once",
    scenario: scenarioOf({ producer: { failing: { how: "throws", once: "crashed", item: POISON } } }),
    expected: { exit: 0, report: { ...fine, restarts: 1 }, left: "nothing" },
  },
  {
    title: "a producer throws, every time",
    scenario: scenarioOf({ producer: { failing: { how: "throws" } } }),
    expected: { exit: 5, report: { ...fine, restarts: 3, failed: ["producer-1"] }, left: "nothing" },
  },
  {
    title: "poison: an item that every handler throws at",
    scenario: scenarioOf({ consumer: { failing: { how: "throws", item: POISON } } }),
    expected: { exit: 0, report: { ...fine, dead: 1 }, left: "the buffer" },
  },
  {
    title: "poison: an item that ends every process that handles it",
    scenario: scenarioOf({ consumer: { failing: { how: "SIGKILL", item: POISON } }, failuresMax: 4 }),
    // More restarts than the budget of a group has: this is the item's.
    expected: { exit: 0, report: { ...fine, dead: 1, restarts: 4 }, left: "the buffer" },
    inProcess: diesToo,
  },
  {
    title: "a handler hangs, with `itemTimeoutMs`",
    scenario: scenarioOf({ consumer: { failing: { how: "hangs", item: POISON } }, itemTimeoutMs: 100 }),
    expected: { exit: 0, report: { ...fine, dead: 1 }, left: "the buffer" },
  },
  {
    title: "a handler hangs, without",
    scenario: scenarioOf({
      consumers: 2,
      consumer: { failing: { how: "hangs", item: POISON } },
      drainDeadlineMs: 1_000,
    }),
    next: takingUp(),
    expected: { exit: 4, report: { ...fine, drained: false }, left: "the buffer", next: 0 },
  },
  {
    title: "a handler blocks its event loop",
    scenario: scenarioOf({
      consumers: 2,
      consumer: { failing: { how: "blocks", item: POISON } },
      drainDeadlineMs: 500,
    }),
    next: takingUp(),
    expected: { exit: 4, report: { ...fine, drained: false }, left: "the buffer", next: 0 },
    inProcess: "blocks the orchestrator with it, for as long as it takes",
  },
  {
    title: "a module with a syntax error",
    scenario: withModule("export default function* broken( {"),
    expected: useless,
  },
  {
    title: "a module without a default export",
    scenario: withModule("export const something = 1"),
    expected: useless,
  },
  {
    title: "SIGTERM",
    scenario: scenarioOf({ producer: { items: ENDLESS }, consumer: { everyMs: 5 } }),
    act: async (running) => {
      await running.happened("consumed", 2);
      running.signal("SIGTERM");
    },
    expected: { exit: 143, report: fine, left: "nothing" },
  },
  {
    title: "Ctrl-C in its terminal, twice, with items in every hand",
    scenario: scenarioOf({ producer: { items: ENDLESS }, consumer: { everyMs: 60_000 } }),
    act: async (running) => {
      await running.happened("waiting", 1, ({ because }) => because === "full");
      running.signalGroup("SIGINT");
      await running.happened("stopping");
      running.signalGroup("SIGINT");
    },
    next: takingUp(),
    expected: { exit: 4, report: { ...fine, drained: false }, left: "the buffer", next: 0 },
  },
  {
    title: "the orchestrator is killed (SIGKILL), with idle workers",
    scenario: scenarioOf({ producer: { waitsAfter: 0 } }),
    act: async (running) => {
      await running.happened("waiting", 1, ({ because }) => because === "empty");
      running.signal("SIGKILL");
    },
    next: takingUp(),
    expected: { exit: "SIGKILL", report: undefined, left: "the buffer", next: 0 },
  },
  {
    title: "the orchestrator is killed, with busy workers",
    scenario: scenarioOf({ producer: MORE, consumers: 2, consumer: { everyMs: 5 } }),
    act: async (running) => {
      await running.happened("consumed", 4);
      running.signal("SIGKILL");
    },
    next: takingUp(MORE.items),
    expected: { exit: "SIGKILL", report: undefined, left: "the buffer", next: 0 },
  },
  {
    title: "the orchestrator is killed, with blocked workers",
    scenario: scenarioOf({ consumers: 2, consumer: { failing: { how: "blocks" } } }),
    act: async (running, ground, { hasProcesses }) => {
      const blocked = () => ground.failedAt().length;
      await until(
        () => blocked() === (hasProcesses ? 2 : 1),
        () => `both consumers to block; ${blocked()} do. ${running.story()}`,
      );
      running.signal("SIGKILL");
    },
    next: takingUp(),
    expected: { exit: "SIGKILL", report: undefined, left: "the buffer", next: 0 },
  },
  {
    title: "nobody reads its standard output any more",
    scenario: scenarioOf({ consumer: { everyMs: 5 } }),
    act: async (running) => {
      await running.happened("consumed");
      running.closeOutput();
    },
    expected: { exit: 0, report: fine, left: "nothing" },
  },
  {
    title: "a worker prints 1 GB",
    scenario: (ground, transport) => {
      const printsForAll = !transport.hasProcesses;
      return scenarioOf({ producer: { items: 2, printMiB: GIBIBYTE_MIB, printsForAll } })(ground, transport);
    },
    inspect: (running, { hasProcesses }) => {
      const printed = running.printed.get("producer-1") ?? 0;
      // In the orchestrator's process it goes to that one's own output.
      if (printed !== (hasProcesses ? GIBIBYTE_MIB * 2 ** 20 : 0))
        throw new Error(`It printed ${printed} bytes`);
      const told = running.events.flatMap((event) => (event.kind === "consumed" ? (event.values ?? []) : []));
      const worker = told.flatMap((item) => /grown (\d+)/.exec(String(item))?.[1] ?? []).map(Number);
      const grown = { worker: Math.max(...worker), orchestrator: running.grownKiB };
      if (!(Math.max(grown.worker, grown.orchestrator) < MEMORY_GROWTH_MAX_KIB))
        throw new Error(`Its memory grew by KiB: ${JSON.stringify(grown)}`);
    },
    expected: { exit: 0, report: fine, left: "nothing" },
  },
];
