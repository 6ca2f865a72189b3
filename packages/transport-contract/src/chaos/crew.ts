/** The workers of a run with kills: started, killed, replaced, and asked at the end. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { BufferAddress } from "@sluice/core";
import type { Random } from "@sluice/history-checker/random";
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
  readonly armed: "SIGKILL" | "SIGSTOP" | undefined;
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

  /** How often somebody came upon a failpoint for which it was armed: `SIGKILL at NAME`. */
  get struck(): Record<string, number> {
    const struck: Record<string, number> = {};
    if (!existsSync(this.#strikes)) return struck;
    for (const name of readFileSync(this.#strikes, "utf8").split("\n").filter(Boolean))
      struck[name] = (struck[name] ?? 0) + 1;
    return struck;
  }

  get #strikes(): string {
    return join(this.#settings.folder, "strikes");
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
    const failpoint = armed ? this.#failpointFrom(draw) : undefined;
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
        // Past their leases.
        ...(failpoint?.signal === "SIGSTOP" ? { wakeEveryMs: leaseMs * 2 } : {}),
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

  #failpointFrom(random: Random) {
    const { failpoints = [], passingMax = PASSING_MAX, byTurns = false } = this.#settings.options;
    if (failpoints.length === 0) return undefined;
    const kills = byTurns ? this.#armed++ % 2 === 0 : random.chance(0.7);
    const signal = kills ? ("SIGKILL" as const) : ("SIGSTOP" as const);
    const passing = 1 + random.below(passingMax);
    return { name: random.pick(failpoints), passing, signal, strikes: this.#strikes };
  }
}
