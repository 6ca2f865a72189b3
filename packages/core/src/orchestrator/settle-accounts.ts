/** What producers had put that ended without a last word. */

import type { BoundedBuffer } from "../buffer.js";
import { untilNotBusy } from "../until-not-busy.js";
import type { CrewMember } from "./crew-member.js";

/**
 * Asks the buffer how far those have come whose account is open, so that it does not have to be guessed. They are all gone: nobody
 * puts under their ids. Where the buffer cannot be asked any more their accounts stay open.
 */
export async function settleAccounts(
  buffer: BoundedBuffer<unknown>,
  producers: readonly CrewMember[],
): Promise<void> {
  for (const producer of producers) {
    if (!producer.hasOpenAccount) continue;
    try {
      const { lastSequence } = await untilNotBusy(() => buffer.producer({ id: producer.job.name }));
      producer.settleAccounts(lastSequence);
    } catch {
      return;
    }
  }
}
