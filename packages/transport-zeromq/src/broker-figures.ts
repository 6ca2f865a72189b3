/** What a broker has done so far, for whoever watches it. */

import type { BrokerFigures } from "./broker.js";
import { BrokerConnection } from "./connection.js";
import { placeOf } from "./place.js";
import * as wire from "./protocol.js";
import { Kind } from "./protocol.js";

/**
 * Asks the broker at a url. Waits for its answer: 3 s at most.
 *
 * Rejects `TRANSPORT_UNAVAILABLE`; throws `INVALID_ARGUMENT` for a bad url.
 */
export async function brokerFigures(url: string): Promise<BrokerFigures> {
  const connection = new BrokerConnection(placeOf(url).url);
  try {
    await connection.open("");
    return await connection.ask((id) => wire.encodeBare(Kind.Figures, id), wire.decodeJson<BrokerFigures>);
  } finally {
    await connection.close();
  }
}
