/** Ctrl-C and SIGTERM: what is under way is ended in order, so that nothing is left behind; the second one ends at once. */

/** Exit codes of a process that was interrupted. */
export const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** The reason of the signal that ends a run. */
export class Interrupted extends Error {
  override readonly name: string = "Interrupted";
  /** Of the process. */
  readonly exitCode: number;

  constructor(by: keyof typeof CODES) {
    super(`interrupted by ${by}`);
    this.exitCode = CODES[by];
  }
}

/** Aborted by the first of them, with `Interrupted` as its reason. From here on they end the process no more by themselves. */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of Object.keys(CODES) as (keyof typeof CODES)[]) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(CODES[name]);
      controller.abort(new Interrupted(name));
    });
  }
  return controller.signal;
}
