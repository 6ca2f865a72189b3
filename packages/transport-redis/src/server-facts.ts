/** What a server says of itself, and what follows for a buffer in it. */

import type { Survival, TransportCapabilities } from "@sluice/core";
import { fault, textOf } from "./faults.js";
import type { Link } from "./link.js";
import type { Client } from "./server-place.js";
import { RETRY_WINDOW_MS } from "./timing.js";

export interface ServerFacts {
  readonly version: string;
  readonly evictionPolicy: string;
  /** What is accepted is in the append-only file before it is answered; `always`: and on the disk. */
  readonly log: "none" | "written" | "synced";
  readonly replicas: number;
}

/** The first with flags in scripts. */
const VERSION_MIN = 7;

/** Of all masters what is worst. Rejects `CAPABILITY_MISSING` for a server that cannot hold a buffer. */
export async function factsOf(link: Link): Promise<ServerFacts> {
  const [first, ...others] = await link.ofMasters(factsOfOne);
  if (first === undefined) throw fault("TRANSPORT_UNAVAILABLE", `No master is known of ${link.where}`);
  const logs = ["none", "written", "synced"] as const;
  return others.reduce(
    (worst, one) => ({
      version: worst.version,
      evictionPolicy: worst.evictionPolicy,
      log: logs[Math.min(logs.indexOf(worst.log), logs.indexOf(one.log))] ?? "none",
      replicas: Math.min(worst.replicas, one.replicas),
    }),
    first,
  );
}

async function factsOfOne(node: Client): Promise<ServerFacts> {
  const [info, sync] = await Promise.all([
    node.callBuffer("INFO").then(String),
    // Not everybody may ask. Then nothing is claimed.
    node.callBuffer("CONFIG", "GET", "appendfsync").then(
      (answer) => String((answer as readonly Buffer[])[1]),
      (error: unknown) => textOf(error),
    ),
  ]);
  const value = (name: string) =>
    new RegExp(`^${name}:(?<value>.*?)\\r?$`, "m").exec(info)?.groups?.["value"] ?? "";
  const facts: ServerFacts = {
    version: value("redis_version"),
    evictionPolicy: value("maxmemory_policy"),
    log: value("aof_enabled") !== "1" ? "none" : sync === "always" ? "synced" : "written",
    replicas: Number(value("connected_slaves")) || 0,
  };
  if (Number.parseInt(facts.version, 10) < VERSION_MIN)
    throw fault(
      "CAPABILITY_MISSING",
      `The server is Redis ${facts.version}, and ${VERSION_MIN}.0 is needed, or Valkey`,
    );
  // One that throws keys away under pressure would throw away items, or half of a buffer.
  if (facts.evictionPolicy !== "" && facts.evictionPolicy !== "noeviction") {
    const mend = "CONFIG SET maxmemory-policy noeviction";
    const message = `The server evicts keys (maxmemory-policy ${facts.evictionPolicy}), and no buffer is safe there: ${mend}`;
    throw fault("CAPABILITY_MISSING", message);
  }
  return facts;
}

/** @param facts - undefined: the most there can be. */
export function capabilitiesOf(isConfirmed: boolean, facts?: ServerFacts): TransportCapabilities {
  const log = facts?.log ?? "synced";
  const survives: Survival[] = ["participant"];
  if (log !== "none") survives.push("authority");
  if (log === "synced") survives.push("power-loss");
  if (isConfirmed && (facts === undefined || facts.replicas > 0)) survives.push("host-loss");
  return Object.freeze<TransportCapabilities>({
    reach: "network",
    survives: Object.freeze(survives),
    peak: "exact",
    returned: "in-place",
    fencing: "authority",
    deadLetter: "atomic",
    release: "free",
    // A server that does not come back cannot be asked.
    putOutcome: "may-be-unknown",
    retryWindowMs: RETRY_WINDOW_MS,
  });
}
