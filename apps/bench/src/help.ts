/** What `--help` prints. */

import { BATCH_MAX, BUDGET_FULL_MIN, MINUTES_MAX, OUTSTANDING_MAX, ROUNDS, ROUNDS_QUICK } from "./args.js";
import { candidates } from "./candidates.js";
import { works } from "./growth.js";
import { ITEM_BYTES_MAX, ITEM_BYTES_MIN } from "./item.js";
import { namesOf } from "./option-values.js";
import { selections } from "./selections.js";
import { BATCH_DEFAULT, OUTSTANDING_DEFAULT } from "./works.js";

export const HELP: string = `Usage: pnpm bench [options]

Hands items from process to process in several ways, side by side in one run, and prints how fast each was.

What is measured:
  --quick           two minutes, one round: to see that it works, not to compare by
  --full            all sets, for publishing; by default in ${BUDGET_FULL_MIN} minutes
  --gates           what the speed gates need, and whether they are hit
  --set NAME        what belongs into one table: ${namesOf(selections)} (default: ${selections[0].name})
  --only NAME       only this candidate or this work, of whatever set; several with commas, or by giving it again
  --results FILE    nothing: the figures are those that --json wrote to the file

How:
  --rounds N        how often everything is run, in turns (default: ${ROUNDS}, quick: ${ROUNDS_QUICK})
  --budget MINUTES  shortens the runs, so that all of them take about so long, 1 to ${MINUTES_MAX}
  --items N         items of every run (default: what takes the candidate about a second)
  --item-bytes N    size of the items, ${ITEM_BYTES_MIN} to ${ITEM_BYTES_MAX}; several with commas, or by giving it again
  --batch N         most items a call in a work with batches, 2 to ${BATCH_MAX}; several too (default: ${BATCH_DEFAULT})
  --outstanding N   calls under way at once in a work that has many, 2 to ${OUTSTANDING_MAX}; several too (default: ${OUTSTANDING_DEFAULT})
  --system-calls    counts the system calls too, in runs of their own

What comes of it:
  --against NAME    prints how many times this candidate each one is
  --lead NAME       prints how many times each one this candidate is
  --compare FILE    prints what changed since the results in the file, beyond the noise
  --json FILE       writes the raw results, with a description of the machine
  --page FILE       writes a page with charts, HTML
  --help            this text

Candidates: ${namesOf(candidates)}
Works: ${namesOf(works)}
${selections.map(({ name, title, candidates: all }) => `Set ${name}: ${title}: ${namesOf(all)}`).join("\n")}

A candidate that cannot be measured here is left out, and the output says what it lacks.

Buffers are made below the directory for temporary files, TMPDIR, and removed in the end.
Exit codes: 0 all runs valid, 1 a run failed, 2 wrong use, 129, 130 and 143 interrupted. A gate that is missed, or a figure that has
become worse, is printed, and no failure.
`;
