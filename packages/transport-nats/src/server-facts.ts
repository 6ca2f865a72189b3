/** What is asked of a server before it is used, and what a buffer there can promise. */

import type { BufferSpec, TransportCapabilities } from "@sluice/core";
import { ENVELOPE_BYTES_MAX } from "@sluice/core";
import { faults } from "./faults.js";
import type { Session } from "./link.js";
import { RETRY_WINDOW_MS } from "./timing.js";

/** Before it, replicas could differ in what they took. */
const REPLICAS_FROM = "2.10.27";
const SERVER_FROM = "2.9.0";
/** Head of a commit with one item, and what it says of others. */
const HEAD_BYTES = 64 * 1024;

/** @throws BufferError `CAPABILITY_MISSING`. */
export function checkServer({ nc, version }: Session, replicas: number, spec: BufferSpec): void {
  const missing = (message: string) => faults.of("CAPABILITY_MISSING", message);
  if (nc.info?.jetstream !== true) throw missing("The server has no JetStream (`nats-server --jetstream`)");
  if (isBefore(version, SERVER_FROM))
    throw missing(`The server is of version ${version}, and ${SERVER_FROM} or newer is needed`);
  if (replicas > 1 && isBefore(version, REPLICAS_FROM)) {
    const why = `replicas of servers before ${REPLICAS_FROM} can differ in what they have accepted`;
    throw missing(`\`replicas: ${replicas}\` is refused on server version ${version}: ${why}`);
  }
  const most = (nc.info?.max_payload ?? 0) - HEAD_BYTES;
  if (spec.itemBytesMax + ENVELOPE_BYTES_MAX > most) {
    const itemMost = most - ENVELOPE_BYTES_MAX;
    throw missing(
      `\`itemBytesMax\` of ${spec.itemBytesMax} is more than the ${itemMost} that fit in a message of this server (\`max_payload\`)`,
    );
  }
}

/** @param replicas - on how many servers the buffer is kept. */
export function capabilitiesOf(replicas: number): TransportCapabilities {
  const survives = ["participant", "authority", ...(replicas >= 3 ? (["host-loss"] as const) : [])] as const;
  return Object.freeze({
    reach: "network",
    survives: Object.freeze([...survives]),
    peak: "exact",
    returned: "in-place",
    fencing: "authority",
    deadLetter: "atomic",
    release: "free",
    putOutcome: "may-be-unknown",
    retryWindowMs: RETRY_WINDOW_MS,
  });
}

function isBefore(version: string, other: string): boolean {
  const numbers = (text: string) => text.split(/[.-]/).slice(0, 3).map(Number);
  const [mine, theirs] = [numbers(version), numbers(other)];
  for (const [at, one] of theirs.entries()) if (mine[at] !== one) return (mine[at] ?? 0) < one;
  return false;
}
