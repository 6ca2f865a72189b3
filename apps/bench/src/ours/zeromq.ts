import type { BufferAddress } from "@sluice/core";
import { brokerFigures, zeromqTransport } from "@sluice/transport-zeromq";
import type { NodeCandidate } from "../candidate.js";
import type { Work } from "../works.js";
import { type OurCandidate, throughFace } from "./through-face.js";

/** What it has in common with a journal and without. */
export const zeromqCandidate: Pick<OurCandidate, "settingsFor" | "usageOf"> = {
  settingsFor: ({ itemBytes }) => ({ itemBytesMax: itemBytes }),
  async usageOf({ place }: BufferAddress) {
    const { cpuMs, packetsIn, packetsOut } = await brokerFigures((place as { url: string }).url);
    return { cpuUs: cpuMs * 1_000, messages: packetsIn + packetsOut };
  },
};

const zeromq: NodeCandidate = throughFace({
  ...zeromqCandidate,
  name: "zeromq",
  about: "transport-zeromq through core's face, over tcp, its broker a process of its own",
  module: import.meta.url,
  itemCount: (work) =>
    work.kind === "round-trip" ? 2_000 : hasMany(work) ? (work.capacity > 5 ? 300_000 : 25_000) : 4_000,
  transportAt: () => zeromqTransport({ url: "tcp://127.0.0.1:*", broker: "process" }),
  wishes: {},
});

function hasMany({ batch, outstanding }: Work): boolean {
  return batch > 1 || outstanding > 1;
}

export default zeromq;
