/** `rules`: what there is to be run. */

import { groupOf } from "../group.js";
import { RULES } from "../rules/index.js";

for (const { title, level, number } of RULES) console.log(`${title} (${groupOf(number)}, ${level})`);
