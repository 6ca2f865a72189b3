/** Ctrl-C and SIGTERM: what is under way is ended in order, so that nothing is left behind; the second one ends at once. */

/** Exit codes of a process that was interrupted. */
export const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that interrupts, as the process that hears it tells the one that is meant. */
export type Interruption = keyof typeof CODES;

/** The reason of the signal that ends a run. */
export class Interrupted extends Error {
  override readonly name: string = "Interrupted";
  /** Of the process. */
  readonly exitCode: number;

  constructor(by: Interruption) {
    super(`interrupted by ${by}`);
    this.exitCode = CODES[by];
  }
}

/**
 * Aborted by the first of them that the parent tells of, with `Interrupted` as its reason. Its own signals are nothing to this
 * process: a terminal sends them to both.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of Object.keys(CODES)) process.on(name, () => {});
  const interrupt = (name: Interruption) => {
    if (controller.signal.aborted) process.exit(CODES[name]);
    controller.abort(new Interrupted(name));
  };
  process.on("message", interrupt);
  // Killed, the parent tells nothing any more.
  process.on("disconnect", () => process.exit(CODES.SIGTERM));
  // Whoever waits for nothing but this is at its end.
  process.channel?.unref();
  return controller.signal;
}
