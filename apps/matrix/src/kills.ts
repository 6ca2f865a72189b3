/** A long run whose workers are killed at random, again and again: whether every item came through, once. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RunEvent } from "@sluice/core";
import { type Random, randomFrom } from "@sluice/history-checker/random";
import { accountFaults, reportFaults } from "./account.js";
import type { MatrixTransport } from "./matrix-transports.js";
import { Ground, OrchestratorProcess } from "./orchestrator-process.js";
import { killNow } from "./processes.js";
import { consumers, producers, type Scenario } from "./scenario.js";

export interface KillsOptions {
  /** In all; an even number. */
  readonly items: number;
  readonly kills: number;
  /** Of the kills: after how many items each comes, and who it is. The rest is the scheduler's. */
  readonly seed: number;
}

export interface KillsOutcome {
  readonly killed: { readonly producer: number; readonly consumer: number };
  /** How often a handler was done with an item that one had been done with before: it was killed before the ack. */
  readonly again: number;
  readonly durationMs: number;
  /** What is wrong, a sentence each. */
  readonly faults: readonly string[];
  /** For a message. */
  readonly story: string;
}

// Of the items; the last kill comes while there is still work for all, for the rest is produced after it.
const KILLS_UNTIL = 0.9;
const HELD_BACK = 0.05;
const CAPACITY = 16;

export async function runKills(transport: MatrixTransport, options: KillsOptions): Promise<KillsOutcome> {
  const ground = new Ground(transport);
  const running = new OrchestratorProcess(scenarioOf(ground, transport, options.items), ground);
  try {
    const killer = new Killer(options, () => writeFileSync(allKilled(ground), ""));
    running.on((event) => killer.hear(event));
    const { code, signal } = await running.ended;
    await running.nobodyLeft();
    const { report } = running;
    const story = running.story();
    const { killed } = killer;
    const done = ground.done();
    const again = done.length - new Set(done).size;
    const durationMs = report?.durationMs ?? 0;
    if (report === undefined) {
      const faults = [`it ended with ${signal ?? code}, and no report`];
      return { killed, again, durationMs, faults, story };
    }
    const kills = killed.producer + killed.consumer;
    const seen = {
      code,
      produced: report.produced,
      consumed: report.consumed,
      dead: report.dead,
      restarts: report.restarts,
      kills,
      left: ground.left().join(),
      stderr: running.stderr,
    };
    const { items } = options;
    const expected: typeof seen = {
      code: 0,
      produced: items,
      consumed: items,
      dead: 0,
      // Whoever had ended by itself when its kill came is not there again.
      restarts: running.events.filter(({ kind }) => kind === "failed").length,
      kills: options.kills,
      left: "",
      stderr: "",
    };
    const faults = [
      ...reportFaults(report, code),
      // A consumer has one item in hand: so often, and no more, an item may be done and not acked. Where leases are short, for nobody
      // notices a death, a machine that stands still may lose some more.
      ...accountFaults(done, {
        produced: items,
        missing: 0,
        redelivered: killed.consumer + (transport.leaseMs === undefined ? 0 : report.totals.leasesLost),
      }),
      ...twice(running.events).map((item) => `the ack of ${item} was confirmed twice`),
    ];
    for (const name of Object.keys(expected) as (keyof typeof seen)[])
      if (seen[name] !== expected[name])
        faults.push(`expected ${name} to be ${expected[name]}, got ${seen[name]}`);
    return { killed, again, durationMs, faults, story };
  } finally {
    running.sweep();
    ground.remove();
  }
}

const allKilled = ({ records }: Ground) => join(records, "all-killed");

function scenarioOf(ground: Ground, { name, leaseMs }: MatrixTransport, items: number): Scenario {
  const restart = {
    policy: "on-crash",
    max: Number.POSITIVE_INFINITY,
    backoffMinMs: 10,
    backoffMaxMs: 50,
  } as const;
  const { folder, records } = ground;
  const waitsFor = { after: Math.floor((items / 2) * (1 - HELD_BACK)), path: allKilled(ground) };
  const each = (prefix: string) => ({ prefix, items: items / 2, records, waitsFor });
  return {
    transport: name,
    folder,
    // An item that is in the hands of many who are killed is no poison.
    create: { capacity: CAPACITY, failuresMax: 1_000 },
    values: true,
    producers: [producers([each("a"), each("b")], { restart })],
    consumers: [consumers(2, { records, everyMs: 1 }, { restart, ...(leaseMs && { leaseMs }) })],
  };
}

interface Victim {
  readonly role: "producer" | "consumer";
  readonly pid: number;
  isReady: boolean;
}

/** Kills one of those at work whenever so many items are consumed. */
class Killer {
  readonly killed: { producer: number; consumer: number } = { producer: 0, consumer: 0 };
  readonly #random: Random;
  /** After how many items, the next at the end. */
  readonly #after: number[];
  readonly #workers = new Map<string, Victim>();
  readonly #onLast: () => void;
  #consumed = 0;

  /** @param onLast - called when all kills are done, perhaps more than once. */
  constructor({ items, kills, seed }: KillsOptions, onLast: () => void) {
    this.#onLast = onLast;
    this.#random = randomFrom(seed);
    this.#after = Array.from({ length: kills }, () => 1 + this.#random.below(items * KILLS_UNTIL)).sort(
      (one, other) => other - one,
    );
  }

  hear(event: RunEvent): void {
    if (event.kind === "spawned") {
      const { worker, role, pid } = event;
      this.#workers.set(worker, { role, pid, isReady: false });
    } else if (event.kind === "ready") this.#setReady(event.worker, true);
    else if (event.kind === "ended" || event.kind === "exited") this.#setReady(event.worker, false);
    else if (event.kind === "consumed") this.#consumed += event.count;
    while ((this.#after.at(-1) ?? Number.POSITIVE_INFINITY) <= this.#consumed && this.#killOne());
    if (this.#after.length === 0) this.#onLast();
  }

  #setReady(worker: string, isReady: boolean): void {
    const victim = this.#workers.get(worker);
    if (victim !== undefined) victim.isReady = isReady;
  }

  /** False where nobody is at work. */
  #killOne(): boolean {
    const atWork = [...this.#workers.values()].filter(({ isReady }) => isReady);
    if (atWork.length === 0) return false;
    const victim = this.#random.pick(atWork);
    victim.isReady = false;
    this.#after.pop();
    this.killed[victim.role]++;
    killNow(victim.pid);
    return true;
  }
}

/** Items whose ack was confirmed to more than one. */
function twice(events: readonly RunEvent[]): string[] {
  const seen = new Set<unknown>();
  return events
    .flatMap((event) => (event.kind === "consumed" ? (event.values ?? []) : []))
    .filter((item) => seen.size === seen.add(item).size)
    .map(String);
}
