/** Random numbers from a seed, so that what failed once can be run again. */

export interface Random {
  readonly seed: number;
  /** An integer from 0 to `below` - 1. */
  below(below: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  /** Another generator, which depends on the seed and on this name alone: draws elsewhere do not shift it. */
  fork(name: string): Random;
}

export function randomFrom(seed: number): Random {
  // mulberry32 (Tommy Ettinger, public domain): 32 bits of state are plenty for a test.
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(next() * limit);
  return {
    seed,
    below,
    chance: (probability) => next() < probability,
    pick(from) {
      if (from.length === 0) throw new RangeError("Expected something to pick from");
      return from[below(from.length)] as (typeof from)[number];
    },
    fork(name) {
      let hash = seed >>> 0;
      for (const c of name) hash = Math.imul(hash ^ c.charCodeAt(0), 0x01000193) >>> 0;
      return randomFrom(hash);
    },
  };
}

/** A seed that nobody chose; small, so that it is easy to type. */
export function newSeed(): number {
  return Math.floor(Math.random() * 1_000_000);
}

/** The seed of this run: `SLUICE_SEED` if it is set, else a new one. */
export function seedFromEnvironment(): number {
  const text = process.env["SLUICE_SEED"];
  if (text === undefined || text === "") return newSeed();
  const seed = Number(text);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`Expected SLUICE_SEED to be an integer from 0 up, got ${JSON.stringify(text)}`);
  }
  return seed;
}
