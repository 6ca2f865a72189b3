// Runs rules against broken transports in processes of their own: a broken one may stop its process for ever.
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Job {
  readonly kind: "decorated" | "processes";
  /** In its gallery. */
  readonly index: number;
  readonly rules: readonly string[];
}

export interface Caught {
  /** The numbers of the rules that failed. */
  readonly failed: readonly string[];
  /** The rule in which the process stood still, if it did. */
  readonly stuckIn?: string;
}

/** From a worker: before a rule, with `began`; after it, with what came of it. */
export type Told = { readonly began: string } | { readonly ended: string; readonly isBroken: boolean };

/** No rule takes so long, also where it fails and is run again. */
const STUCK_MS = 180_000;

export function startWorker(): { run(job: Job): Promise<Caught>; end(): void } {
  const start = () =>
    fork(fileURLToPath(new URL("./mutations-worker.js", import.meta.url)), { stdio: "inherit" });
  let child = start();
  const runSome = (job: Job) =>
    new Promise<Caught>((resolve) => {
      const failed: string[] = [];
      let current = "";
      let done = 0;
      let timer: NodeJS.Timeout | undefined;
      const end = (caught: Caught) => {
        clearTimeout(timer);
        child.removeAllListeners();
        resolve(caught);
      };
      const isStuck = () => {
        child.kill("SIGKILL");
        end({ failed: [...failed, current], stuckIn: current });
        child = start();
      };
      child.on("message", (told: Told) => {
        if ("began" in told) {
          current = told.began;
          clearTimeout(timer);
          timer = setTimeout(isStuck, STUCK_MS);
          return;
        }
        if (told.isBroken) failed.push(told.ended);
        if (++done === job.rules.length) end({ failed });
      });
      child.on("exit", isStuck);
      child.send(job);
    });
  return {
    async run(job) {
      const failed: string[] = [];
      let stuckIn: string | undefined;
      // What a process stood still in has failed; the others are run by the next.
      for (let rules = job.rules; rules.length > 0; ) {
        const caught = await runSome({ ...job, rules });
        failed.push(...caught.failed);
        if (caught.stuckIn === undefined) break;
        stuckIn = caught.stuckIn;
        rules = rules.slice(rules.indexOf(stuckIn) + 1);
      }
      return stuckIn === undefined ? { failed } : { failed, stuckIn };
    },
    end: () => void child.disconnect(),
  };
}
