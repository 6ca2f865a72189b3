/** The way to a broker that is there. */

import { type BufferAddress, type BufferPort, isBufferError } from "@sluice/core";
import { capabilitiesOf } from "./capabilities.js";
import { ClientPort } from "./client-port.js";
import { BrokerConnection } from "./connection.js";
import { fault } from "./faults.js";
import { type Place, probe } from "./place.js";

/**
 * Opens a handle.
 *
 * Rejects `BUFFER_NOT_FOUND` where nobody listens, or somebody who holds another buffer than the one that is meant;
 * `TRANSPORT_UNAVAILABLE` after 3 s without an answer; `NOT_A_BUFFER`, `VERSION_UNSUPPORTED`, `PERMISSION_DENIED`.
 *
 * @param bufferId - of the one that is meant; empty for any.
 */
export async function openPort(
  place: Place,
  bufferId: string,
  addressOf: (url: string, id: string) => BufferAddress,
): Promise<BufferPort> {
  const error = await probe(place);
  if (error !== undefined) throw probeFault(error, place);
  const connection = new BrokerConnection(place.url);
  try {
    const opened = await connection.open(bufferId);
    const { spec, journal, bufferId: id } = opened;
    return new ClientPort(
      place,
      connection,
      Object.freeze(spec),
      capabilitiesOf(place, journal),
      addressOf(place.url, id),
    );
  } catch (error) {
    connection.drop();
    if (isBufferError(error, "BUFFER_DESTROYED"))
      throw fault("BUFFER_NOT_FOUND", `The buffer at ${place.url} is gone: ${(error as Error).message}`);
    throw error;
  }
}

function probeFault(error: NodeJS.ErrnoException, { url }: Place): Error {
  switch (error.code) {
    case "ENOENT":
    case "ECONNREFUSED":
    case "ENOTDIR":
      return fault("BUFFER_NOT_FOUND", `No broker listens at ${url}`, { cause: error });
    case "EACCES":
    case "EPERM":
      return fault("PERMISSION_DENIED", `Not allowed at ${url}: ${error.message}`, { cause: error });
    case "ENOTSOCK":
      return fault("NOT_A_BUFFER", `${url} is no socket`, { cause: error });
    default:
      return fault("TRANSPORT_UNAVAILABLE", `${url} cannot be reached: ${error.message}`, { cause: error });
  }
}
