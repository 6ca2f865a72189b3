/**
 * Loaded before everything else in a child process (`node --import`): arms a failpoint of the adapter, so that the process kills
 * or stops itself, at its n-th passing, at the named instant.
 */

export interface ArmedFailpoint {
  readonly name: string;
  /** From 1. */
  readonly passing: number;
  readonly signal: "SIGKILL" | "SIGSTOP";
}

const text = process.env["SLUICE_CONTRACT_FAILPOINT"];
if (text !== undefined && text !== "") {
  const armed = JSON.parse(text) as ArmedFailpoint;
  let passed = 0;
  const hook = (name: string): void => {
    if (name === armed.name && ++passed === armed.passing) process.kill(process.pid, armed.signal);
  };
  Reflect.set(globalThis, Symbol.for("@sluice/core.failpoint"), hook);
}
