/** What a broker has done so far, asked of it as any client may. */

import type { BrokerFigures } from "./broker.js";
import type { FiguresCommand } from "./command-args.js";
import { checkKeysOption, keysPath } from "./keys.js";
import { connectTo } from "./open-port.js";
import { placeOf } from "./place.js";
import * as wire from "./protocol.js";

/** Rejects as `openPort`. */
export async function readFigures({ url, keys }: FiguresCommand): Promise<BrokerFigures> {
  checkKeysOption(keys);
  const { connection } = await connectTo(placeOf(url), "", keysPath(keys));
  try {
    return await connection.ask(
      (id) => wire.encodeBare(wire.Kind.Figures, id),
      wire.decodeJson<BrokerFigures>,
    );
  } finally {
    await connection.close();
  }
}
