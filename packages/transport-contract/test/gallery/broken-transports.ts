// Transports that are wrong in one way each, and the rule that has to say so.
import { brokenBound } from "./broken/bound.js";
import type { Broken } from "./broken/broken.js";
import { brokenCount } from "./broken/count.js";
import { brokenLease } from "./broken/lease.js";
import { brokenLife } from "./broken/life.js";
import { brokenOrder } from "./broken/order.js";
import { brokenRetry } from "./broken/retry.js";
import { brokenSeal } from "./broken/seal.js";
import { brokenStress } from "./broken/stress.js";
import { brokenValue } from "./broken/value.js";
import { brokenWait } from "./broken/wait.js";

export type { Broken };

export const brokenTransports: readonly Broken[] = [
  ...brokenBound,
  ...brokenOrder,
  ...brokenWait,
  ...brokenSeal,
  ...brokenLease,
  ...brokenRetry,
  ...brokenCount,
  ...brokenValue,
  ...brokenLife,
  ...brokenStress,
];
