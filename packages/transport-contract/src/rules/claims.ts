/** Why a rule about what is outlived does not apply. */

import type { Survival, TransportCapabilities } from "@sluice/core";

/** For `needs`: undefined where it is claimed. */
export const claims =
  (what: Survival) =>
  ({ survives }: Pick<TransportCapabilities, "survives">): string | undefined =>
    survives.includes(what) ? undefined : `it does not claim to survive: ${what}`;
