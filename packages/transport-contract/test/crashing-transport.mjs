// The file transport, with a mistake in it: after some hand-outs it takes the process with it.
import * as file from "../../transport-file/dist/index.js";

const POLLS = 5;

function crashing(transport) {
  return {
    ...transport,
    module: import.meta.url,
    create: async (spec, wishes) => ({ ...(await transport.create(spec, wishes)), module: import.meta.url }),
    async open(address) {
      const port = await transport.open(address);
      Object.defineProperty(port, "address", { value: { ...port.address, module: import.meta.url } });
      // Of the processes of a run; who made the buffer is to see how it ends.
      if (process.env.SLUICE_CONTRACT_ADDRESS === undefined) return port;
      const consumer = port.consumer.bind(port);
      port.consumer = async () => {
        const own = await consumer();
        const poll = own.poll.bind(own);
        let polls = 0;
        own.poll = (...args) => {
          polls += 1;
          if (polls > POLLS) process.exit(3);
          return poll(...args);
        };
        return own;
      };
      return port;
    },
  };
}

export const crashingTransport = (options) => crashing(file.fileTransport(options));
export const transportAt = (address) => crashing(file.transportAt(address));
