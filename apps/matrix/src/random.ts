/** Numbers that come again with their seed. */

/** From 0 up to 1, without it. Knuth's linear congruential generator; its upper bits, which are the better ones. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
