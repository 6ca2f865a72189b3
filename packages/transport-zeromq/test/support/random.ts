/** Random numbers from a seed, which is printed, so that what failed once can be run again. */

export interface Random {
  readonly seed: number;
  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number;
  pick<T>(from: readonly T[]): T;
}

/** The seed of this run: `SLUICE_SEED` if it is set, else a new one. Says which. */
export function printedRandom(what: string): Random {
  const given = process.env["SLUICE_SEED"];
  const seed =
    given === undefined || given === "" ? Math.floor(Math.random() * 1_000_000) : Number.parseInt(given, 10);
  console.log(`${what}: seed ${seed}, run it again with SLUICE_SEED=${seed}`);
  return randomFrom(seed);
}

function randomFrom(seed: number): Random {
  // mulberry32 (Tommy Ettinger, public domain).
  let state = seed >>> 0;
  const below = (limit: number) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
  return { seed, below, pick: (from) => from[below(from.length)] as (typeof from)[number] };
}
