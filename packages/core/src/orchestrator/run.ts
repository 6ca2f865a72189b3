/** Runs a plan: create, spawn, wait until every worker is ready, produce, seal, drain, report, destroy. */

import { carryOut } from "./carry-out.js";
import type { CrewMember } from "./crew-member.js";
import { Ending } from "./ending.js";
import { EventStream } from "./event-stream.js";
import type { Listen, RunEvent } from "./run-events.js";
import { completePlan, type RunPlan } from "./run-plan.js";
import type { EndSignal, RunReport } from "./run-report.js";
import { unfinishedRun } from "./unfinished-run.js";

// Of a timer.
const LONGEST_MS = 2 ** 31 - 1;

/** A run under way. */
export interface Run {
  /**
   * Resolves when every worker is gone, however it went: failures are in the report, and in its exit code. Rejects only
   * where nothing was begun: a plan that cannot be used, or a buffer that cannot be created or opened.
   */
  readonly report: Promise<RunReport>;
  /** Every event from the moment an iteration begins; ends with the run, or throws what `report` rejects with. */
  readonly events: AsyncIterable<RunEvent>;
  readonly on: Listen;
  /**
   * Ends the run before its time, one step a call: the producers stop, the buffer is sealed and the consumers drain it within
   * the deadline; the consumers give back what they hold and stop; every worker is killed.
   *
   * @param signal - the signal that asked for it. The first one is told by the exit code.
   */
  stop(signal?: EndSignal): void;
  /**
   * Kills a worker, to see what becomes of it: by SIGKILL, or as near to it as a thread comes. It is started again as its group's policy
   * says, which counts as any restart; but no item that it had in hand is held to be why, as one is that is there at the ends of several.
   *
   * @param name - as in its events.
   * @returns false where no such worker is alive, or it is in this process.
   */
  killWorker(name: string): boolean;
}

/**
 * Runs a plan. The workers begin in a later turn of the event loop: a listener added at once misses nothing.
 *
 * The buffer is sealed in any case. It is destroyed at the end only if the run created it and it is drained, with nothing
 * parked or dead; otherwise it is kept, unless it is lost, and the report says where. No signal handler is installed here: a
 * program hands its signals to `stop`.
 *
 * `report` rejects with TypeError, RangeError `INVALID_ARGUMENT` for the plan, and with the errors of `createBuffer` and
 * `openBuffer`.
 */
export function run(plan: RunPlan): Run {
  const events = new EventStream();
  let ending: Ending | undefined;
  let signal: EndSignal | undefined;
  let crew: readonly CrewMember[] = [];

  const begin = async (): Promise<RunReport> => {
    const complete = completePlan(plan);
    const early = new Ending(events, complete.drainDeadlineMs);
    ending = early;
    const abort = () => early.raiseTo("drain", "its signal was aborted");
    const { signal: given } = complete;
    // Not within the call of `run`: nobody can listen yet.
    await undefined;
    if (given?.aborted) abort();
    given?.addEventListener("abort", abort, { once: true });
    // Workers in this process that wait for each other, or for a stop, hold nothing open: Node would end in the middle of the run.
    const underWay = setInterval(() => {}, LONGEST_MS);
    const finished = unfinishedRun();
    try {
      return await carryOut(complete, events, early, {
        signal: () => signal,
        hired: (members) => {
          crew = members;
        },
      });
    } finally {
      finished();
      clearInterval(underWay);
      early.finish();
      given?.removeEventListener("abort", abort);
    }
  };
  const report = begin();
  report.then(
    () => events.end(),
    (error) => events.end(error),
  );

  return {
    report,
    events: {
      [Symbol.asyncIterator]() {
        report.catch(() => {}); // the iteration throws it
        return events[Symbol.asyncIterator]();
      },
    },
    on: events.listen,
    stop(asked) {
      signal ??= asked;
      ending?.raise(asked ?? "stopped by its caller");
    },
    killWorker: (name) => crew.find(({ job }) => job.name === name)?.crash() ?? false,
  };
}
