/**
 * Ctrl-C and its kin, heard before anything is made: the first drains, the second stops at once, the third kills. What comes before
 * there is a run is kept for it, so that one Ctrl-C has the same end whenever it is pressed.
 */

import type { EndSignal, Run } from "@sluice/core";

const SIGNALS: readonly EndSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"];

export interface HeardSignals {
  /** Opens what may keep us waiting for ever, as a named pipe does: a signal ends the process meanwhile, as if nobody heard it. */
  whileOpening<T>(open: () => Promise<T>): Promise<T>;
  /** From now on they are the run's, with those that came before. */
  handTo(running: Run): void;
  /** From now on they end the process. */
  close(): void;
}

export function hearSignals(): HeardSignals {
  const early: EndSignal[] = [];
  let isOpening = false;
  let running: Run | undefined;
  const hear = (signal: NodeJS.Signals) => {
    if (running !== undefined) return running.stop(signal as EndSignal);
    early.push(signal as EndSignal);
    // Whoever is impatient has nothing to lose yet.
    if (isOpening || early.length > 1) endBy(signal);
  };
  const close = () => {
    for (const signal of SIGNALS) process.off(signal, hear);
  };
  const endBy = (signal: NodeJS.Signals) => {
    close();
    process.kill(process.pid, signal);
  };
  for (const signal of SIGNALS) process.on(signal, hear);
  return {
    async whileOpening(open) {
      isOpening = true;
      if (early[0] !== undefined) endBy(early[0]);
      try {
        return await open();
      } finally {
        isOpening = false;
      }
    },
    handTo(run) {
      running = run;
      for (const signal of early) run.stop(signal);
    },
    close,
  };
}
