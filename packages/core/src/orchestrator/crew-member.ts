/** One place in the crew: a worker under supervision, started again as its group's policy says, and its account over all its lives. */

import { DurationHistogram } from "./duration-histogram.js";
import type { LedgerEntry } from "./ledger.js";
import type { NackedItems } from "./nacked-items.js";
import type { RestartBudget } from "./restart-budget.js";
import type { CompleteRestart } from "./restart-options.js";
import type { WorkerExit } from "./worker.js";
import { type LifeSettings, WorkerLife } from "./worker-life.js";
import {
  type ErrorText,
  NO_TOTALS,
  type WorkerEnd,
  type WorkerJob,
  type WorkerTotals,
} from "./worker-messages.js";

/** `failed`: it crashed, and was not to be started again. `killed`: it was ended by the run, which had told it to stop. */
export type WorkerOutcome = WorkerEnd | "failed" | "killed";

/** What all workers of a group have in common. */
export interface Supervision {
  readonly restart: CompleteRestart;
  readonly budget: RestartBudget;
  readonly nacked: NackedItems;
  /** One of the group has crashed before. */
  readonly hasCrashed: boolean;
  readonly onCrash: () => void;
  /** Items that all of the group have consumed so far, as they told. */
  readonly consumed: () => number;
  /** One is gone for good that should not be. */
  readonly onFailure: (member: CrewMember) => void;
}

export class CrewMember {
  readonly job: WorkerJob;
  /** Resolves when it is ready for the first time, or gone. */
  readonly ready: Promise<void>;
  /** Resolves when it is gone for good. */
  readonly gone: Promise<void>;
  /** Undefined until it is gone for good. */
  outcome: WorkerOutcome | undefined;
  /** What it failed of, or crashed of last before it was started again. */
  error: ErrorText | undefined;
  /** How its last life ended; undefined until it is gone for good. */
  exit: WorkerExit | undefined;
  restarts = 0;
  /** How long the items that it took, in all its lives, had been in the buffer. */
  readonly timesInBuffer: DurationHistogram = new DurationHistogram();

  readonly #settings: LifeSettings;
  readonly #supervision: Supervision;
  #life: WorkerLife;
  /** Of the lives that are over, and how many of those ended without a last word. Sums: a night may see many lives. */
  #past: WorkerTotals = NO_TOTALS;
  #openAccounts = 0;
  #isLifeOver = false;
  #firstSequence: number | undefined;
  #resumes = false;
  #hasBegun = false;
  #isToEnd = false;
  /** It was begun once more because of that. */
  #wasInterrupted = false;
  #waiting: NodeJS.Timeout | undefined;
  #getReady = () => {};
  #leave = () => {};

  constructor(settings: LifeSettings, supervision: Supervision) {
    this.job = settings.job;
    this.#settings = settings;
    this.#supervision = supervision;
    this.ready = new Promise((resolve) => {
      this.#getReady = resolve;
    });
    this.gone = new Promise((resolve) => {
      this.#leave = resolve;
    });
    this.#life = this.#begin();
  }

  /** Over all its lives. */
  get totals(): WorkerTotals {
    return this.#isLifeOver ? this.#past : sumOfTotals([this.#past, this.#life.totals]);
  }

  /** Over all its lives. */
  get account(): LedgerEntry {
    const { role, batch, concurrency } = this.job;
    return {
      totals: this.totals,
      isProducer: role === "producer",
      inHandMax: batch * concurrency,
      openAccounts: this.#openAccounts,
    };
  }

  /** What it did last is not all known. */
  get hasOpenAccount(): boolean {
    return this.#openAccounts > 0 || this.#past.unknown > 0;
  }

  /** Everyone is ready. */
  go(): void {
    this.#hasBegun = true;
    this.#life.go();
  }

  /** One of its group has crashed. */
  beCareful(): void {
    this.#life.beCareful();
  }

  /** Asks it to come to its end. Once is enough. It is not started again. */
  stop(): void {
    this.#isToEnd = true;
    this.#life.stop();
    if (this.#waiting !== undefined) this.#leaveAs("stopped");
  }

  kill(): void {
    this.#isToEnd = true;
    this.#life.kill();
    if (this.#waiting !== undefined) this.#leaveAs("killed");
  }

  /** Kills it as an accident would, so that it is started again where its group's policy says so. False where nobody is there to kill. */
  crash(): boolean {
    return this.#life.crash();
  }

  /**
   * A producer's number of accepted items, as the buffer knows it, settles what lives that ended without a last word had put.
   *
   * @param lastSequence - of its producer id, while nobody puts under it.
   */
  settleAccounts(lastSequence: number): void {
    if (!this.hasOpenAccount || this.#firstSequence === undefined) return;
    this.#past = { ...this.#past, produced: lastSequence - this.#firstSequence, unknown: 0 };
    this.#openAccounts = 0;
  }

  #begin(): WorkerLife {
    const life = new WorkerLife(this.#settings, {
      timesInBuffer: this.timesInBuffer,
      nacked: this.#supervision.nacked,
    });
    this.#isLifeOver = false;
    void life.ready.then(() => {
      if (life.lastSequence === undefined) return;
      this.#getReady();
      if (this.job.role === "producer") {
        this.#firstSequence ??= life.lastSequence;
        this.#resumes = life.resumes;
        this.settleAccounts(life.lastSequence);
      }
      if (this.#supervision.hasCrashed) life.beCareful();
      if (this.#hasBegun) life.go();
    });
    void life.gone.then(() => this.#endLife(life));
    return life;
  }

  #endLife(life: WorkerLife): void {
    const { events } = this.#settings;
    const worker = this.job.name;
    const { error, end, exit } = life;
    this.#closeAccount(life);
    if (this.#isForgiven(life)) {
      events.emit("exited", { worker, code: null, signal: exit?.signal ?? null });
      if (this.#isToEnd) this.#leaveAs("stopped");
      else this.#life = this.#begin(); // at once, and no restart: nothing had begun
      return;
    }
    const again = this.#again(life);
    const restartInMs = typeof again === "number" ? again : undefined;
    if (error !== undefined) {
      const message = typeof again === "string" ? `${error.message}; ${again}` : error.message;
      this.error = { ...error, message };
      this.#supervision.onCrash();
      events.emit("failed", {
        worker,
        error: this.error,
        ...(restartInMs === undefined ? {} : { restartInMs }),
      });
    } else if (end !== undefined) events.emit("ended", { worker, end });
    events.emit("exited", { worker, code: exit?.code ?? null, signal: exit?.signal ?? null });
    if (restartInMs === undefined) {
      // Also one that came to its end too often to be started once more.
      const hasFailed = error !== undefined || typeof again === "string";
      this.#leaveAs(hasFailed ? "failed" : (end ?? "killed"));
      return;
    }
    this.#waiting = setTimeout(() => {
      this.#waiting = undefined;
      this.restarts++;
      events.emit("restarted", { worker, restarts: this.restarts });
      this.#life = this.#begin();
    }, restartInMs);
  }

  /** Once: what ends so each time is no chance. Unless it is to end anyway. */
  #isForgiven({ wasInterrupted }: WorkerLife): boolean {
    if (!wasInterrupted || (this.#wasInterrupted && !this.#isToEnd)) return false;
    this.#wasInterrupted = true;
    return true;
  }

  /** After how long it is started again; undefined where it is not, or why not where that is to be told. */
  #again({ error, end, lastSequence, suspects }: WorkerLife): number | string | undefined {
    const { restart, budget, consumed } = this.#supervision;
    const { policy, isAsked, max, withinMs } = restart;
    if (this.#isToEnd || policy === "never") return undefined;
    if (error === undefined && !(policy === "always" && this.#hasMoreToDo(end))) return undefined;
    // What does not even start once is a mistake, which no second try mends.
    if (lastSequence === undefined && this.restarts === 0) return undefined;
    if (this.job.role === "producer" && !isAsked && !this.#resumes) {
      return "it is not started again, for its module does not export `resumes`, and would put its first items again";
    }
    const why =
      suspects.length > 0
        ? `more than ${max} items have ended workers of its group, each more than once`
        : `its group was ${max} times within ${withinMs} ms`;
    return budget.restart(suspects, consumed()) ?? `it is not started again, for ${why}`;
  }

  /** Whether there is anything to do for a worker that came to this end. */
  #hasMoreToDo(end: WorkerEnd | undefined): boolean {
    return end === "idle" || (end === "done" && this.job.role === "producer");
  }

  #leaveAs(outcome: WorkerOutcome): void {
    clearTimeout(this.#waiting);
    this.#waiting = undefined;
    this.outcome = outcome;
    this.exit = this.#life.exit;
    if (outcome === "failed") this.#supervision.onFailure(this);
    this.#getReady();
    this.#leave();
  }

  #closeAccount({ totals, hadLastWord, wasInterrupted }: WorkerLife): void {
    this.#past = sumOfTotals([this.#past, totals]);
    if (!hadLastWord && !wasInterrupted) this.#openAccounts++;
    this.#isLifeOver = true;
  }
}

export function sumOfTotals(all: readonly WorkerTotals[]): WorkerTotals {
  const sum: { -readonly [K in keyof WorkerTotals]: number } = { ...NO_TOTALS };
  for (const totals of all)
    for (const name of Object.keys(sum) as (keyof WorkerTotals)[]) sum[name] += totals[name];
  return sum;
}
