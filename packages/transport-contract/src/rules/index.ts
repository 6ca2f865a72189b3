/** All rules, in the order of RULES.md. */

import type { Rule } from "../rule.js";
import { boundRules } from "./bound.js";
import { countRules } from "./count.js";
import { leaseRules } from "./lease.js";
import { lifeRules } from "./life.js";
import { modelRules } from "./model.js";
import { orderRules } from "./order.js";
import { processRules } from "./process.js";
import { retryRules } from "./retry.js";
import { sealRules } from "./seal.js";
import { valueRules } from "./value.js";
import { waitRules } from "./wait.js";

export const RULES: readonly Rule[] = [
  ...boundRules,
  ...orderRules,
  ...waitRules,
  ...sealRules,
  ...leaseRules,
  ...retryRules,
  ...countRules,
  ...valueRules,
  ...lifeRules,
  ...modelRules,
  ...processRules,
];
