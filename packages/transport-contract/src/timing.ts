/** How long is waited for what, and what the environment says of it. */

/** How long a rule waits; two kinds, because one value cannot serve both. */
export interface Timing {
  /** Something must happen: how long to wait for it before saying that it did not. Generous. */
  readonly signalMs: number;
  /** Nothing must happen: how long to look. Short, because every such check takes this long. */
  readonly noSignalMs: number;
  /** A lease that is to expire in a test. */
  readonly leaseMs: number;
}

/**
 * The values, for this machine: `SLUICE_TIMEOUT_SCALE=3` makes all of them three times as long, `SLUICE_SIGNAL_SCALE=3` the signal
 * time alone, which costs nothing where all goes well.
 */
export function timingFromEnvironment(): Timing {
  const scale = timeScale();
  const signalMs = 10_000 * scale * scaleNamed("SLUICE_SIGNAL_SCALE");
  return { signalMs, noSignalMs: 60 * scale, leaseMs: 120 * scale };
}

/** How much longer than usual: `SLUICE_TIMEOUT_SCALE`. @throws RangeError */
export function timeScale(): number {
  return scaleNamed("SLUICE_TIMEOUT_SCALE");
}

function scaleNamed(variable: string): number {
  const text = process.env[variable];
  const scale = text === undefined || text === "" ? 1 : Number(text);
  if (!Number.isFinite(scale) || scale <= 0)
    throw new RangeError(`Expected ${variable} to be a number above 0, got ${JSON.stringify(text)}`);
  return scale;
}
