/** The way to a broker that is there. */

import { type BufferAddress, type BufferPort, isBufferError, show } from "@sluice/core";
import { capabilitiesOf } from "./capabilities.js";
import { ClientPort } from "./client-port.js";
import { BrokerConnection } from "./connection.js";
import { fault } from "./faults.js";
import { type ClientKeys, readClientKeys } from "./keys.js";
import { knock } from "./knock.js";
import { isOtherThanSocket, meansNobody, type Place, probe } from "./place.js";
import type { Opened } from "./protocol.js";

// A broker that is there answers within a few: only then is it worth asking why it does not.
const KNOCK_AFTER_MS = 100;

/**
 * Opens a handle.
 *
 * Rejects `BUFFER_NOT_FOUND` where nobody listens, or somebody who holds another buffer than the one that is meant;
 * `TRANSPORT_UNAVAILABLE` after 3 s without an answer; `NOT_A_BUFFER`, `VERSION_UNSUPPORTED`, `PERMISSION_DENIED`.
 *
 * @param bufferId - of the one that is meant; empty for any.
 * @param keys - path of the key file, if there is one.
 */
export async function openPort(
  place: Place,
  bufferId: string,
  keys: string | undefined,
  addressOf: (url: string, id: string, keys: string | undefined) => BufferAddress,
): Promise<BufferPort> {
  const { connection, opened } = await connectTo(place, bufferId, keys);
  const { spec, journal, bufferId: id } = opened;
  return new ClientPort(
    place,
    connection,
    Object.freeze(spec),
    capabilitiesOf(place, journal),
    addressOf(place.url, id, keys),
  );
}

/** Connects, and greets the broker. Rejects as `openPort`. */
export async function connectTo(
  place: Place,
  bufferId: string,
  keys: string | undefined,
): Promise<{ readonly connection: BrokerConnection; readonly opened: Opened }> {
  const clientKeys = keys === undefined ? undefined : readClientKeys(keys);
  const error = await probe(place);
  if (error !== undefined) throw probeFault(error, place);
  const connection = new BrokerConnection(place, clientKeys);
  try {
    return { connection, opened: await orRefused(connection.open(bufferId), place, clientKeys) };
  } catch (error) {
    await connection.drop();
    if (isBufferError(error, "BUFFER_DESTROYED"))
      throw fault("BUFFER_NOT_FOUND", `The buffer at ${place.url} is gone: ${error.message}`);
    if (isBufferError(error, "TOO_MANY_WAITERS"))
      throw fault(
        "TOO_MANY_WAITERS",
        `The broker at ${place.url} has no room for this client: ${error.message}`,
      );
    if (isBufferError(error, "TRANSPORT_UNAVAILABLE")) {
      const silent = "does not answer as a broker: it is stopped, or something else";
      throw fault("TRANSPORT_UNAVAILABLE", `Whoever listens at ${place.url} ${silent}`, { cause: error });
    }
    throw error;
  }
}

/** Resolves to what the broker answers; rejects if it refuses to be talked to, which a connection by itself never learns. */
async function orRefused<T>(answer: Promise<T>, place: Place, keys: ClientKeys | undefined): Promise<T> {
  const ended = new AbortController();
  const refused = new Promise<never>((_resolve, reject) => {
    const timer = setTimeout(async () => {
      // One that was being killed still had its socket open a moment ago.
      const error = await probe(place);
      if (error !== undefined && meansNobody(place, error)) reject(probeFault(error, place));
      else
        knock(place.url, keys, ended.signal).then(
          (refusal) => refusal !== undefined && reject(refusal),
          reject,
        );
    }, KNOCK_AFTER_MS);
    ended.signal.addEventListener("abort", () => clearTimeout(timer));
  });
  try {
    return await Promise.race([answer, refused]);
  } finally {
    ended.abort();
  }
}

function probeFault(error: NodeJS.ErrnoException, place: Place): Error {
  const { url } = place;
  switch (meansNobody(place, error) ? "ECONNREFUSED" : error.code) {
    case "ENOENT":
    case "ECONNREFUSED":
    case "ENOTDIR":
      if (place.kind === "ipc" && isOtherThanSocket(place.path))
        return fault("NOT_A_BUFFER", `${show(place.path)} is no socket`, { cause: error });
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
