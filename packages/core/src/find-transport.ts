/** The transport that a caller or an address means, checked before it is used. */

import { BufferError, show, wrongType } from "./errors.js";
import { portFault } from "./faults.js";
import {
  type BufferAddress,
  type BufferTransport,
  INTERFACE_VERSION,
  type TransportModule,
} from "./transport.js";

/** Imports the module that the address names, and has it make the transport. */
export async function transportAt(address: BufferAddress): Promise<BufferTransport> {
  const { module, transport: name } = (address ?? {}) as Partial<BufferAddress>;
  if (typeof module !== "string" || typeof name !== "string") {
    throw wrongType("the address", "an object with module, transport and place", address);
  }
  // A bare name would be looked up from here, where no adapter is a dependency.
  if (!URL.canParse(module)) throw wrongType("`module` of the address", "a URL", module);
  let adapter: Partial<TransportModule>;
  try {
    adapter = (await import(module)) as Partial<TransportModule>;
  } catch (cause) {
    const message = `The adapter of the ${name} transport cannot be loaded from ${show(module)}`;
    throw new BufferError("TRANSPORT_UNAVAILABLE", message, { transport: name, cause });
  }
  if (typeof adapter.transportAt !== "function") {
    throw wrongType("the module of the address", "one that exports transportAt", module);
  }
  let transport: BufferTransport;
  try {
    transport = adapter.transportAt(address);
  } catch (error) {
    throw portFault(error, name, "none");
  }
  checkTransport(transport);
  return transport;
}

/** @throws TypeError `INVALID_ARGUMENT`, BufferError `VERSION_UNSUPPORTED`. */
export function checkTransport(transport: BufferTransport): void {
  const {
    name,
    interfaceVersion,
    create: creates,
    open: opens,
  } = (transport ?? {}) as Partial<BufferTransport>;
  if (typeof name !== "string" || typeof creates !== "function" || typeof opens !== "function") {
    throw wrongType("the transport", "an object from a factory such as fileTransport(...)", transport);
  }
  if (interfaceVersion === INTERFACE_VERSION) return;
  const message = `The ${name} transport was made for version ${show(interfaceVersion)} of the interface, and this core has ${INTERFACE_VERSION}`;
  throw new BufferError("VERSION_UNSUPPORTED", message, { transport: name });
}
