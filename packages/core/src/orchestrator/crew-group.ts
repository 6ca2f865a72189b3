/** The workers of one module, under one supervision: how often they may be started again counts for all of them together. */

import type { BufferAddress } from "../transport.js";
import { CrewMember } from "./crew-member.js";
import type { EventStream } from "./event-stream.js";
import { NackedItems } from "./nacked-items.js";
import { RestartBudget } from "./restart-budget.js";
import type { PlannedGroup } from "./run-plan.js";
import type { StartWorker } from "./worker.js";
import { startInProcess } from "./worker-in-process.js";
import type { WorkerPlace } from "./worker-messages.js";
import { startProcess } from "./worker-process.js";
import { startThread } from "./worker-thread.js";

/** What all groups of a run share. */
export interface CrewHome {
  readonly address: BufferAddress;
  readonly events: EventStream;
  readonly startTimeoutMs: number;
  /** A worker failed for good. */
  readonly onFailure: (member: CrewMember) => void;
}

const STARTERS: Record<WorkerPlace, StartWorker> = {
  process: startProcess,
  thread: startThread,
  "in-process": startInProcess,
};

export class CrewGroup {
  readonly members: readonly CrewMember[];
  /** Resolves when everyone is ready, or gone. */
  readonly ready: Promise<void>;
  /** Resolves when everyone is gone for good. */
  readonly gone: Promise<void>;

  constructor({ jobs, restart }: PlannedGroup, home: CrewHome) {
    const supervision = {
      restart,
      budget: new RestartBudget(restart),
      nacked: new NackedItems(),
      onFailure: home.onFailure,
      hasCrashed: false,
      onCrash: () => {
        supervision.hasCrashed = true;
        for (const member of this.members) member.beCareful();
      },
      consumed: () => this.members.reduce((sum, { totals }) => sum + totals.consumed, 0),
    };
    this.members = jobs.map(
      (job) => new CrewMember({ job, start: STARTERS[job.runIn], ...home }, supervision),
    );
    this.ready = Promise.all(this.members.map(({ ready }) => ready)).then(() => {});
    this.gone = Promise.all(this.members.map(({ gone }) => gone)).then(() => {});
  }

  /** Everyone is ready. */
  go(): void {
    for (const member of this.members) member.go();
  }

  stop(): void {
    for (const member of this.members) member.stop();
  }

  kill(): void {
    for (const member of this.members) member.kill();
  }
}
