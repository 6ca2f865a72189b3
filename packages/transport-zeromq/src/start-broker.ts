/** Brings up a broker at a place: claims it, makes the store, binds. */

import { existsSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { outOfRange } from "@sluice/core";
import type { BrokerPort } from "@sluice/file-store";
import { loadNativePort } from "@sluice/native-port";
import { Broker } from "./broker.js";
import type { BrokerLimits } from "./broker-options.js";
import { type Claim, claimPath } from "./claim.js";
import { fault } from "./faults.js";
import { openBrokerStore, type StoreSettings } from "./journal.js";
import { type Place, placeOf, probe, refuseOther, secureDirectory } from "./place.js";

/** JSON, for a thread or a process. */
export interface BrokerSettings {
  readonly url: string;
  readonly store: StoreSettings;
  readonly limits?: BrokerLimits | undefined;
  /** Path of the broker's key file. */
  readonly keys?: string | undefined;
}

/**
 * Starts it in this thread.
 *
 * Rejects `BUFFER_EXISTS`, `NOT_A_BUFFER`, `INSECURE_BIND`, `PERMISSION_DENIED`, `TRANSPORT_UNAVAILABLE`, and of a journal as
 * `openBrokerStore`.
 */
export async function startBroker(
  { url, store, limits, keys }: BrokerSettings,
  log: (line: string) => void,
  onEnded: () => void,
): Promise<Broker> {
  const place = placeOf(url);
  const claims: Claim[] = [];
  let port: BrokerPort | undefined;
  // For the next broker: what is held stays held.
  const release = () => {
    port?.detach();
    for (const claim of claims.splice(0).reverse()) claim.release();
  };
  try {
    const claim = await claimPlace(place, keys !== undefined);
    if (claim !== undefined) claims.push(claim);
    // Two brokers at two places are not to share it.
    if (store.kind !== "memory") {
      if (!existsSync(dirname(store.path)))
        throw outOfRange("the parent of `journal`", "a directory that exists", store.path);
      claims.push(await claimPath(store.path));
    }
    const { port: own, opened } = await openBrokerStore(store);
    port = own;
    return await Broker.start({
      store: own,
      opened,
      url: place.url,
      limits,
      keys,
      log,
      onEnded: () => {
        // ZeroMQ leaves the file behind.
        if (place.kind === "ipc") rmSync(place.path, { force: true });
        release();
        onEnded();
      },
    });
  } catch (error) {
    // A journal that it made is nobody's: whoever tries again makes another.
    if (store.kind === "new") await port?.destroy().catch(() => {});
    release();
    throw bindFault(error, place);
  }
}

async function claimPlace(place: Place, hasKeys: boolean): Promise<Claim | undefined> {
  if (place.kind === "tcp") {
    if (place.isOfHost || hasKeys) return undefined;
    const why = "it can be reached from other hosts, where anybody could take and put: that needs `keys`";
    throw fault("INSECURE_BIND", `${place.url} is refused: ${why}`);
  }
  // First: in Node 20, once `lstat` has looked at a socket, the next import takes a link in its path for the real path.
  await loadNativePort();
  secureDirectory(place.path);
  refuseOther(place.path);
  const claim = await claimPath(place.path);
  const error = await probe(place);
  if (error !== undefined) return claim;
  claim.release();
  throw fault("NOT_A_BUFFER", `Something else listens at ${place.path}`);
}

function bindFault(error: unknown, place: Place): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE")
    return fault("BUFFER_EXISTS", `There is somebody at ${place.url} already`, { cause: error });
  if (code === "EACCES" || code === "EPERM")
    return fault("PERMISSION_DENIED", `Not allowed at ${place.url}: ${message}`, { cause: error });
  if (typeof code !== "string" || !/^E[A-Z]+$/.test(code)) return error;
  return fault("TRANSPORT_UNAVAILABLE", `No broker can listen at ${place.url}: ${message}`, { cause: error });
}
