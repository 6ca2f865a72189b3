/** Brings up a broker at a place: claims it, makes the store, binds. */

import { rmSync } from "node:fs";
import type { BufferSpec } from "@sluice/core";
import { createMemoryStore } from "@sluice/file-store";
import { Broker, type BrokerLimits } from "./broker.js";
import { capabilitiesOf } from "./capabilities.js";
import { type Claim, claimPath } from "./claim.js";
import { fault, NAME } from "./faults.js";
import { type Place, placeOf, probe, refuseOther, secureDirectory } from "./place.js";

/** JSON, for a thread or a process. */
export interface BrokerSettings {
  readonly url: string;
  readonly bufferId: string;
  readonly spec: BufferSpec;
  readonly limits?: BrokerLimits | undefined;
  /** Path of the broker's key file. */
  readonly keys?: string | undefined;
}

/**
 * Starts it in this thread.
 *
 * Rejects `BUFFER_EXISTS`, `NOT_A_BUFFER`, `INSECURE_BIND`, `PERMISSION_DENIED`, `TRANSPORT_UNAVAILABLE`.
 */
export async function startBroker(
  { url, bufferId, spec, limits, keys }: BrokerSettings,
  log: (line: string) => void,
  onEnded: () => void,
): Promise<Broker> {
  const place = placeOf(url);
  const claim = await claimPlace(place, keys !== undefined);
  const capabilities = capabilitiesOf(place, "none");
  const store = createMemoryStore(NAME, spec).openForBroker({
    address: { module: "", transport: NAME, place: null },
    capabilities,
  });
  try {
    return await Broker.start({
      store,
      opened: { bufferId, spec, journal: "none" },
      url: place.url,
      limits,
      keys,
      log,
      onEnded: () => {
        leave(place, claim);
        onEnded();
      },
    });
  } catch (error) {
    claim?.release();
    throw bindFault(error, place);
  }
}

function leave(place: Place, claim: Claim | undefined): void {
  // ZeroMQ leaves the file behind.
  if (place.kind === "ipc") rmSync(place.path, { force: true });
  claim?.release();
}

async function claimPlace(place: Place, hasKeys: boolean): Promise<Claim | undefined> {
  if (place.kind === "tcp") {
    if (place.isLoopback || hasKeys) return undefined;
    const why = "it can be reached from other hosts, where anybody could take and put: that needs `keys`";
    throw fault("INSECURE_BIND", `${place.url} is refused: ${why}`);
  }
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
