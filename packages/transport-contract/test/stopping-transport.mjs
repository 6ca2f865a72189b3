// A transport whose opening passes a failpoint, and then finds nothing.
import { BufferError, failpoint, INTERFACE_VERSION } from "@sluice/core";

export function transportAt() {
  return {
    name: "stopping",
    module: import.meta.url,
    interfaceVersion: INTERFACE_VERSION,
    capabilities: {},
    create: () => Promise.reject(new Error("nothing is created here")),
    async open() {
      failpoint("stopping.opening");
      throw new BufferError("BUFFER_NOT_FOUND", "There is none");
    },
  };
}
