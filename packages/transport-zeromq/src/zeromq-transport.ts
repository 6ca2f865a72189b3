/** The factory, its options, and the address that lets others open what it made. */

import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import {
  type BufferAddress,
  type BufferPort,
  type BufferTransport,
  checkOptions,
  INTERFACE_VERSION,
  outOfRange,
  wrongType,
} from "@sluice/core";
import type { BrokerLimits } from "./broker.js";
import { capabilitiesOf } from "./capabilities.js";
import { fault, NAME } from "./faults.js";
import { hostBroker } from "./host-broker.js";
import { checkKeysOption, keysPath } from "./keys.js";
import { openPort } from "./open-port.js";
import { placeOf } from "./place.js";

export interface ZeromqTransportOptions {
  /**
   * Where the broker listens: `ipc:///absolute/path` of a socket in a directory that nobody else may enter (made, if there is
   * none), or `tcp://127.0.0.1:port`, with `*` for a port that is free.
   */
  readonly url: string;
  /**
   * Where `create` starts the broker: in a thread of this process, or in a process of its own, which ends with this one. Default
   * `thread`. A broker that runs already, by the command or in another process, is opened without.
   */
  readonly broker?: "thread" | "process";
  /** What the broker bears of its clients. */
  readonly limits?: BrokerLimits;
  /**
   * Path of a key file, which its user alone may read: a broker that has one admits only clients whose keys it knows. Default: what
   * the environment variable `SLUICE_ZEROMQ_KEYS` names, if it is there.
   */
  readonly keys?: string;
}

const MODULE = new URL("./index.js", import.meta.url).href;

/**
 * A bounded buffer that a broker holds, for the processes of one host, or of several. It outlives its clients, and ends with its
 * broker.
 *
 * @throws TypeError, RangeError `INVALID_ARGUMENT` for bad options. Nothing is touched before `create` or `open`.
 */
export function zeromqTransport(options: ZeromqTransportOptions): BufferTransport {
  if (options === undefined)
    throw wrongType("the options of zeromqTransport", "an object with a url", options);
  checkOptions("the options of zeromqTransport", options, ["url", "broker", "limits", "keys"]);
  const { broker = "thread", limits } = options;
  if (broker !== "thread" && broker !== "process")
    throw outOfRange("`broker`", "`thread` or `process`", broker);
  checkKeysOption(options.keys);
  const ownKeys = options.keys === undefined ? undefined : resolve(options.keys);
  const place = placeOf(options.url);
  return {
    name: NAME,
    module: MODULE,
    interfaceVersion: INTERFACE_VERSION,
    capabilities: capabilitiesOf(place, "none"),
    async create(spec, wishes): Promise<BufferAddress> {
      if (wishes.durability === "fsync") {
        throw fault(
          "CAPABILITY_MISSING",
          'A broker without a journal keeps nothing on a disk: `durability: "fsync"` cannot be had',
        );
      }
      const bufferId = randomUUID();
      const keys = keysPath(ownKeys);
      const url = await hostBroker(broker, { url: place.url, bufferId, spec, limits, keys });
      return addressOf(url, bufferId, keys);
    },
    async open(address): Promise<BufferPort> {
      if (address === undefined) return openPort(place, "", keysPath(ownKeys), addressOf);
      const { url, id, keys } = readAddress(address);
      return openPort(placeOf(url), id, keysPath(ownKeys, keys), addressOf);
    },
  };
}

/** The other way in, for core: an address that came from `BufferPort.address` leads back to its place. */
export function transportAt(address: BufferAddress): BufferTransport {
  return zeromqTransport({ url: readAddress(address).url });
}

/** @param keys - path of the key file: the keys themselves go nowhere. */
function addressOf(url: string, id: string, keys: string | undefined): BufferAddress {
  const place = keys === undefined ? { url, id } : { url, id, keys };
  return Object.freeze({ module: MODULE, transport: NAME, place });
}

interface AddressPlace {
  readonly url: string;
  readonly id: string;
  readonly keys: string | undefined;
}

/** An address is data from outside: check its shape before use. */
function readAddress({ place }: BufferAddress): AddressPlace {
  const { url, id, keys } = (typeof place === "object" && place !== null ? place : {}) as Record<
    string,
    unknown
  >;
  const areKeys = keys === undefined || (typeof keys === "string" && keys !== "");
  if (typeof url !== "string" || typeof id !== "string" || id === "" || !areKeys) {
    throw wrongType("`address.place`", "the `{ url, id }` of a zeromq buffer", place);
  }
  return { url, id, keys };
}
