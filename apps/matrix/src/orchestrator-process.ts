/** An orchestrator in a process of its own, observed from outside. */

import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { RunEvent, RunEventKind, RunReport } from "@sluice/core";
import { unwarned } from "@sluice/test-support";
import type { MatrixTransport } from "./matrix-transports.js";
import type { OrchestratorNews } from "./orchestrator-main.js";
import { commandOf, isTagged, killNow, processesTagged, TAG } from "./processes.js";
import type { Scenario } from "./scenario.js";
import { until } from "./until.js";
import { FAILING } from "./workers/ways-to-end.js";

const MAIN = fileURLToPath(new URL("./orchestrator-main.js", import.meta.url));
// Of what it printed to standard error the end is kept, for a message.
const STDERR_MAX = 4_000;

/** The folders of one case: of the buffer, where nothing else may be left, and for what the workers write down. */
export class Ground {
  readonly folder: string;
  readonly records: string;

  constructor(transport: MatrixTransport) {
    this.folder = mkdtempSync(join(transport.root, "sluice-matrix-"));
    this.records = mkdtempSync(join(tmpdir(), "sluice-matrix-records-"));
  }

  /** What is where the buffer was. */
  left(): string[] {
    return readdirSync(this.folder).sort();
  }

  /** The items that handlers were done with, each as often as one was. */
  done(): string[] {
    return readdirSync(this.records)
      .filter((name) => name.startsWith("done-"))
      .flatMap((name) => this.#lines(name));
  }

  /** The items at which workers failed. */
  failedAt(): string[] {
    return readdirSync(this.records).includes(FAILING) ? this.#lines(FAILING) : [];
  }

  remove(): void {
    for (const folder of [this.folder, this.records]) rmSync(folder, { recursive: true, force: true });
  }

  #lines(name: string): string[] {
    return readFileSync(join(this.records, name), "utf8").split("\n").slice(0, -1);
  }
}

/** How it ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
}

export class OrchestratorProcess {
  readonly tag: string = randomUUID();
  readonly events: RunEvent[] = [];
  /** How much each worker printed. */
  readonly printed: Map<string, number> = new Map();
  report: RunReport | undefined;
  /** Why nothing was begun. */
  refused: string | undefined;
  /** By how much its peak memory grew from the beginning of the work to the end. */
  grownKiB = 0;
  #stderr = "";
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;
  readonly #listeners = new Set<(event: RunEvent) => void>();
  #end: Ended | undefined;
  /** It has ended, and all it told has been heard. */
  #isOver = false;

  constructor(scenario: Scenario, ground: Ground) {
    const own = join(ground.records, "tmp");
    mkdirSync(own, { recursive: true });
    this.#child = spawn(process.execPath, [MAIN], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { ...process.env, [TAG]: this.tag, TMPDIR: own },
      serialization: "advanced",
      // A group of its own, as a shell starts it: a terminal's signals go to all who are in it.
      detached: true,
    });
    this.#child.send(scenario);
    this.#child.stdout?.resume();
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_MAX);
    });
    this.#child.on("message", (news) => this.#hear(news as OrchestratorNews));
    this.ended = new Promise((resolve) => {
      let open = 2; // its process with its pipes, and the line for messages
      const shut = () => {
        if (--open > 0 || this.#end === undefined) return;
        this.#isOver = true;
        resolve(this.#end);
      };
      this.#child.once("exit", (code, signal) => {
        this.#end = { code, signal };
      });
      this.#child.once("close", shut);
      this.#child.once("disconnect", shut);
    });
  }

  /** What it printed to standard error, for the most part. */
  get stderr(): string {
    return unwarned(this.#stderr);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  on(listener: (event: RunEvent) => void): void {
    this.#listeners.add(listener);
  }

  /** Resolves when so many events of a kind have come, and all of them hold. */
  async happened<K extends RunEventKind>(
    kind: K,
    count = 1,
    isMeant: (event: RunEvent<K>) => boolean = () => true,
  ): Promise<void> {
    const seen = () => this.events.filter((event) => event.kind === kind && isMeant(event as RunEvent<K>));
    await until(
      () => seen().length >= count || this.#isOver,
      () => `${count} events ${kind}. ${this.story()}`,
    );
    if (seen().length < count) throw new Error(`It ended without ${count} events ${kind}. ${this.story()}`);
  }

  /** To itself and all in its group, as a terminal sends it. */
  signalGroup(signal: NodeJS.Signals): void {
    if (this.#end === undefined) process.kill(-this.pid, signal);
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Nobody reads its output any more. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
  }

  /** All processes of the run that live, its own included. */
  processes(): number[] {
    return processesTagged(this.tag);
  }

  /** Resolves when no process of the run is left. */
  async nobodyLeft(): Promise<void> {
    // To look at all processes of the system is dear: once to find them, and once more when those are gone.
    for (let left = this.processes(); left.length > 0; left = this.processes()) {
      const here = () => left.filter((pid) => isTagged(pid, this.tag));
      await until(
        () => here().length === 0,
        () => `no process of the run to be left, but there are: ${here().map(commandOf).join("; ")}`,
      );
    }
  }

  /** After a test that failed. */
  sweep(): void {
    for (const pid of this.processes()) killNow(pid);
  }

  /** What happened, for a message. */
  story(): string {
    const kinds = this.events.map((event) =>
      "worker" in event ? `${event.worker} ${event.kind}` : event.kind,
    );
    const report = this.report === undefined ? "no report" : JSON.stringify(this.report);
    return `Its last events: ${kinds.slice(-40).join(", ")}; ${this.refused ?? report}; it printed: ${this.stderr}`;
  }

  #hear(news: OrchestratorNews): void {
    if (news.kind === "report") this.report = news.report;
    else if (news.kind === "printed") this.printed.set(news.worker, news.bytes);
    else if (news.kind === "memory") this.grownKiB = news.afterKiB - news.beforeKiB;
    else if (news.kind === "refused") this.refused = `${news.code}: ${news.message}`;
    else {
      this.events.push(news.event);
      for (const listener of this.#listeners) listener(news.event);
    }
  }
}
