/** When which process was killed, stopped or continued, in the time of the history that is read later. */

import { type Operation, recordTo } from "@sluice/history-checker";
import type { Mark } from "../report/kept-history.js";

/** Who seals; a process of the history like the others. */
const DRIVER = "driver";

export class Marks {
  readonly #marks: { readonly at: bigint; readonly process: string; readonly what: string }[] = [];
  #sealedAt: bigint | undefined;

  add(process: string, what: string): void {
    this.#marks.push({ at: now(), process, what });
  }

  /** Seals, and writes it down: that is the instant that the history and the marks both know. */
  async sealing(folder: string, seal: () => Promise<unknown>): Promise<void> {
    const recorder = recordTo(folder, DRIVER);
    this.#sealedAt = now();
    const end = recorder.begin("seal");
    await seal();
    end("ok");
    recorder.close();
  }

  /** None where nobody came to seal: then their time is not known. */
  in(operations: readonly Operation[]): Mark[] {
    const sealedAt = this.#sealedAt;
    const seal = operations.find((one) => one.process === DRIVER);
    if (sealedAt === undefined || seal === undefined) return [];
    return this.#marks.map(({ at, ...mark }) => ({ ...mark, at: seal.invokedAt - Number(sealedAt - at) }));
  }
}

function now(): bigint {
  return process.hrtime.bigint();
}
