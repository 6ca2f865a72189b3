/** What a broker has done so far, for whoever watches it. */

import type { BrokerFigures } from "./broker-options.js";
import { checkKeysOption, keysPath } from "./keys.js";
import { connectTo } from "./open-port.js";
import { placeOf } from "./place.js";
import * as wire from "./protocol.js";
import { Kind } from "./protocol.js";

/**
 * Asks the broker at a url. Waits for its answer: 3 s at most.
 *
 * Rejects `BUFFER_NOT_FOUND`, `TRANSPORT_UNAVAILABLE`, `PERMISSION_DENIED`; `INVALID_ARGUMENT` for a bad url.
 *
 * @param keys - path of a key file. Default: what `SLUICE_ZEROMQ_KEYS` names.
 */
export async function brokerFigures(url: string, keys?: string): Promise<BrokerFigures> {
  checkKeysOption(keys);
  const { connection } = await connectTo(placeOf(url), "", keysPath(keys));
  try {
    return await connection.ask((id) => wire.encodeBare(Kind.Figures, id), wire.decodeJson<BrokerFigures>);
  } finally {
    await connection.close();
  }
}
