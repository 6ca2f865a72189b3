/** All rules, in the order of RULES.md. */

import type { Rule } from "../rule.js";
import { abortRules } from "./abort.js";
import { boundRules } from "./bound.js";
import { clockRules } from "./clock.js";
import { closeAndDestroyRules } from "./close-and-destroy.js";
import { codecAgreementRules } from "./codec-agreement.js";
import { countRules } from "./count.js";
import { deadLetterRules } from "./dead-letter.js";
import { diskDamageRules } from "./disk-damage.js";
import { diskFaultRules } from "./disk-fault.js";
import { diskKillRules } from "./disk-kill.js";
import { diskPowerRules } from "./disk-power.js";
import { durableRules } from "./durable.js";
import { endRules } from "./end-of-items.js";
import { faultRules } from "./faults.js";
import { fencingRules } from "./fencing.js";
import { leaseRules } from "./lease.js";
import { lifeRules } from "./life.js";
import { mixedWaitRules } from "./mixed-waits.js";
import { modelRules } from "./model.js";
import { orderRules } from "./order.js";
import { overlapRules } from "./overlap.js";
import { peakRules } from "./peak.js";
import { processRules } from "./process.js";
import { processChaosRules } from "./process-chaos.js";
import { processCrewRules } from "./process-crew.js";
import { processDeathRules } from "./process-death.js";
import { processLeftoverRules } from "./process-leftovers.js";
import { processPlaceRules } from "./process-place.js";
import { reachRules } from "./reach.js";
import { retryRules } from "./retry.js";
import { sealRules } from "./seal.js";
import { sealRaceRules } from "./seal-race.js";
import { selfDescriptionRules } from "./self-description.js";
import { stressRules } from "./stress.js";
import { stressProcessRules } from "./stress-processes.js";
import { valueRules } from "./value.js";
import { waitRules } from "./wait.js";
import { wakeUpRules } from "./wake-up.js";

/** A section may be spread over several files; its numbers are in order. */
const SECTIONS: readonly (readonly Rule[])[] = [
  [...boundRules],
  [...orderRules],
  [...waitRules, ...abortRules, ...wakeUpRules, ...mixedWaitRules, ...clockRules],
  [...sealRules, ...sealRaceRules, ...endRules],
  [...leaseRules, ...fencingRules, ...deadLetterRules],
  [...retryRules],
  [...countRules, ...peakRules],
  [...valueRules, ...codecAgreementRules],
  [
    ...lifeRules,
    ...closeAndDestroyRules,
    ...selfDescriptionRules,
    ...reachRules,
    ...overlapRules,
    ...faultRules,
  ],
  [...modelRules],
  [
    ...processRules,
    ...processCrewRules,
    ...processDeathRules,
    ...processPlaceRules,
    ...processChaosRules,
    ...processLeftoverRules,
  ],
  [...diskKillRules, ...diskDamageRules, ...diskFaultRules, ...diskPowerRules],
  [...durableRules],
  [...stressRules, ...stressProcessRules],
];

const numberOf = (rule: Rule): number => Number(rule.number.split("-")[1]);

export const RULES: readonly Rule[] = SECTIONS.flatMap((section) =>
  [...section].sort((a, b) => numberOf(a) - numberOf(b)),
);
