// The file transport, which hangs in each child process of a rule, at the first call; it says there who hangs.
import { appendFileSync } from "node:fs";
import * as file from "../../transport-file/dist/index.js";

const { SLUICE_CONTRACT_ADDRESS, SLUICE_CONTRACT_SCRIPT, SLUICE_CONTRACT_FULL_DISK, HANGING_PIDS } =
  process.env;
const isChild = Boolean(SLUICE_CONTRACT_ADDRESS || SLUICE_CONTRACT_SCRIPT || SLUICE_CONTRACT_FULL_DISK);

function hang() {
  appendFileSync(HANGING_PIDS, `${process.pid}\n`);
  return new Promise(() => setInterval(() => {}, 1000));
}

function hanging(transport) {
  const outside = (address) => ({ ...address, module: import.meta.url });
  return {
    ...transport,
    module: import.meta.url,
    create: async (spec, wishes) => (isChild ? hang() : outside(await transport.create(spec, wishes))),
    async open(address) {
      if (isChild) return hang();
      const port = await transport.open(address);
      return Object.defineProperty(port, "address", { value: outside(port.address) });
    },
  };
}

export const hangingTransport = (options) => hanging(file.fileTransport(options));
/** @public Core imports it, by address. */
export const transportAt = (address) => hanging(file.transportAt(address));
