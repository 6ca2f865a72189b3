/** The workers of a run with kills: started, killed, replaced, and asked at the end. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BufferAddress } from "@sluice/core";
import type { Random } from "@sluice/history-checker/random";
import type { ArmedFailpoint } from "../processes/failpoint-preload.js";
import { Puppet } from "../processes/puppet.js";
import { messageOf } from "../verdict-text.js";
import type { Marks } from "./marks.js";
import type { ChaosOptions } from "./run-chaos.js";

export interface Worker {
  readonly role: "producer" | "consumer";
  readonly id: string;
  readonly name: string;
  readonly puppet: Puppet;
  readonly work: Promise<number>;
  readonly armed: ArmedFailpoint["signal"] | undefined;
}

/** What one has come upon: `SIGKILL at NAME`, and the worker's name. */
interface Strike {
  readonly what: string;
  readonly worker: string;
}

/** Far more than a run can put; `stopProducing` ends it. */
const ITEMS_MAX = 100_000_000;
const PASSING_MAX = 30;
const ARMED_CHANCE = 0.5;
const PACE_MS = 3;

export interface CrewSettings {
  readonly address: BufferAddress;
  /** Of the history. */
  readonly folder: string;
  readonly random: Random;
  readonly leaseMs: number;
  readonly marks: Marks;
  readonly options: ChaosOptions;
}

export class Crew {
  /** Those at work. */
  readonly workers: Worker[] = [];
  /** Ends that nobody brought about, in sentences: faults of the code under test. */
  readonly broken: string[] = [];
  /** Processes that ended by a kill, their own at a failpoint too. */
  kills = 0;
  readonly #settings: CrewSettings;
  /** All that were ever spawned, and have not been waited for. */
  readonly #spawned: Set<Puppet> = new Set();
  /** Those that stopped themselves, and when that was seen. */
  readonly #spentSince: Map<string, number> = new Map();
  #started = 0;
  #armed = 0;
  #isEnded = false;

  constructor(settings: CrewSettings) {
    this.#settings = settings;
  }

  async begin(): Promise<void> {
    const { random, options } = this.#settings;
    const start = (role: Worker["role"], i: number) =>
      this.#start(role, `${role}-${i + 1}`, random.chance(options.armedChance ?? 0));
    await Promise.all([
      ...Array.from({ length: options.producers }, (_, i) => start("producer", i)),
      ...Array.from({ length: options.consumers }, (_, i) => start("consumer", i)),
    ]);
  }

  async kill(victim: Worker): Promise<void> {
    this.#settings.marks.add(victim.name, "SIGKILL");
    await victim.puppet.kill();
    await this.#replace(victim);
  }

  /** Those who have ended by themselves meanwhile. */
  async replaceGone(): Promise<void> {
    for (const gone of this.workers.filter(({ puppet }) => puppet.isGone)) {
      await this.finished(gone);
      // At its failpoint, a while ago.
      this.#settings.marks.add(gone.name, "SIGKILL");
      await this.#replace(gone);
    }
  }

  /** The end of its work, or its own death at a failpoint; any other end is noted as broken. */
  async finished({ work, puppet, armed, name }: Worker): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (this.#isEnded || (puppet.isGone && armed === "SIGKILL")) return;
      this.broken.push(`${name} failed: ${messageOf(error)}`);
    }
  }

  /** Nobody is started any more, and those who are on their way end too. */
  async end(): Promise<void> {
    this.#isEnded = true;
    await Promise.all([...this.#spawned].map((puppet) => puppet.kill()));
  }

  /** Those who stopped themselves at their failpoint, and have gone on since: they come upon none any more. */
  async replaceSpent(): Promise<void> {
    const now = performance.now();
    for (const { what, worker } of this.#strikes())
      if (what.startsWith("SIGSTOP") && !this.#spentSince.has(worker)) this.#spentSince.set(worker, now);
    const spent = this.workers.filter(
      ({ name }) => now - (this.#spentSince.get(name) ?? now) > this.#stoppedMaxMs,
    );
    for (const worker of spent) if (this.awaitsStrikes) await this.kill(worker);
  }

  /** How often somebody came upon a failpoint for which it was armed: `SIGKILL at NAME`. */
  get struck(): Record<string, number> {
    const struck: Record<string, number> = {};
    for (const { what } of this.#strikes()) struck[what] = (struck[what] ?? 0) + 1;
    return struck;
  }

  /** How often somebody did, in all. */
  get strikes(): number {
    return this.#strikes().length;
  }

  /** Whether some of those that are wanted have not come. */
  get awaitsStrikes(): boolean {
    const { struck } = this;
    const wanted = Object.entries(this.#settings.options.strikes ?? {});
    return wanted.some(([what, count]) => (struck[what] ?? 0) < count);
  }

  #strikes(): Strike[] {
    if (!existsSync(this.#strikesFile)) return [];
    const lines = readFileSync(this.#strikesFile, "utf8").split("\n").filter(Boolean);
    return lines.map((line) => JSON.parse(line) as Strike);
  }

  get #strikesFile(): string {
    return join(this.#settings.folder, "strikes");
  }

  /** Past their leases. */
  get #stoppedMaxMs(): number {
    return this.#settings.leaseMs * 2;
  }

  async #replace(worker: Worker): Promise<void> {
    this.kills++;
    this.workers.splice(this.workers.indexOf(worker), 1);
    const { random, options } = this.#settings;
    await this.#start(worker.role, worker.id, random.chance(options.armedChance ?? ARMED_CHANCE));
  }

  /** @param armed - it will end itself at a failpoint, sooner or later. */
  async #start(role: Worker["role"], id: string, armed: boolean): Promise<void> {
    const { address, folder, random, leaseMs, options } = this.#settings;
    const { paceMs = PACE_MS, itemLength = 0 } = options;
    const name = `${id}.${++this.#started}`;
    const draw = random.fork(name);
    const failpoint = armed ? this.#failpointFrom(draw, name) : undefined;
    if (this.#isEnded) throw new Error(`${name} is not started: the run is over`);
    let puppet: Puppet;
    try {
      puppet = await Puppet.start({
        address,
        onSpawn: (one) => {
          this.#spawned.add(one);
          void one.exited().then(() => this.#spawned.delete(one));
        },
        ...(failpoint === undefined ? {} : { failpoint }),
        ...(options.latencyMs ? { latency: { maxMs: options.latencyMs, seed: draw.below(2 ** 31) } } : {}),
        ...(failpoint?.signal === "SIGSTOP" ? { wakeEveryMs: this.#stoppedMaxMs } : {}),
      });
    } catch (error) {
      // It may have come upon its failpoint while it was opening.
      if (armed && !this.#isEnded) return this.#start(role, id, false);
      throw new Error(`${name} could not be started: ${messageOf(error)}`);
    }
    const job = { folder, name, seed: draw.below(2 ** 31), isRestarted: (options.restarts ?? 0) > 0 };
    const work =
      role === "producer"
        ? puppet.call("produce", { ...job, id, items: ITEMS_MAX, paceMs, itemLength })
        : puppet.call("consume", { ...job, mode: options.mode, leaseMs, workMs: paceMs });
    this.workers.push({ role, id, name, puppet, work, armed: failpoint?.signal });
  }

  #failpointFrom(random: Random, worker: string): ArmedFailpoint | undefined {
    const { failpoints = [], passingMax = PASSING_MAX } = this.#settings.options;
    if (failpoints.length === 0) return undefined;
    const name = random.pick(failpoints);
    const signal = this.#signalAt(name, random);
    const passing = 1 + random.below(passingMax);
    const strike: Strike = { what: `${signal} at ${name}`, worker };
    return { name, passing, signal, strike: { file: this.#strikesFile, line: JSON.stringify(strike) } };
  }

  /** The one of which more are missing, if not all that are missing are on their way. */
  #signalAt(name: string, random: Random): ArmedFailpoint["signal"] {
    const { strikes, byTurns = false } = this.#settings.options;
    const { struck } = this;
    const missing = (signal: ArmedFailpoint["signal"]): number => {
      const what = `${signal} at ${name}`;
      const onTheirWay = this.workers.filter(
        (one) => one.armed === signal && !one.puppet.isGone && !this.#spentSince.has(one.name),
      );
      return Math.max(0, (strikes?.[what] ?? 0) - (struck[what] ?? 0) - onTheirWay.length);
    };
    const [kills, stops] = [missing("SIGKILL"), missing("SIGSTOP")];
    if (kills !== stops) return kills > stops ? "SIGKILL" : "SIGSTOP";
    const isKill = byTurns ? this.#armed++ % 2 === 0 : random.chance(0.7);
    return isKill ? "SIGKILL" : "SIGSTOP";
  }
}
