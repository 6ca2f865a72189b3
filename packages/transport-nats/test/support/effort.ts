/** What CI has time for. `test:whole`, or SLUICE_EFFORT, makes it the usual, or more. */

/** Kills and items of the rules in which processes, or all of them and the server, are killed at random: a third of the usual. */
export const EFFORT_OF_KILLS: { readonly effort?: number } =
  process.env["SLUICE_EFFORT"] === undefined ? { effort: 1 / 3 } : {};
