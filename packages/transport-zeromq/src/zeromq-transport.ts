/** The factory, its options, and the address that lets others open what it made. */

import { randomUUID } from "node:crypto";
import { resolve } from "node:path";
import {
  type BufferAddress,
  type BufferPort,
  type BufferTransport,
  checkOptions,
  INTERFACE_VERSION,
  isBufferError,
  outOfRange,
  wrongType,
} from "@sluice/core";
import type { BrokerLimits } from "./broker-options.js";
import { capabilitiesOf } from "./capabilities.js";
import { checkLimits } from "./check-limits.js";
import { NAME } from "./faults.js";
import { hostBroker } from "./host-broker.js";
import { checkJournal, findJournal, refuseDurable, type StoreSettings } from "./journal.js";
import { checkKeysOption, keysPath } from "./keys.js";
import { openPort } from "./open-port.js";
import { placeOf } from "./place.js";
import { UnopenedBrokers } from "./unopened-brokers.js";

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
  /**
   * Path of a directory, which the broker makes, to keep what is in the buffer: what was accepted outlives the broker's death and,
   * with `durability: "fsync"`, the default then, a power cut. Where the broker has ended, `open` starts one that goes on with it.
   */
  readonly journal?: string;
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
 * A bounded buffer that a broker holds, for the processes of one host, or of several. It outlives its clients; without a journal it
 * ends with its broker.
 *
 * @throws TypeError, RangeError `INVALID_ARGUMENT` for bad options. Nothing is touched before `create` or `open`.
 */
export function zeromqTransport(options: ZeromqTransportOptions): BufferTransport {
  if (options === undefined)
    throw wrongType("the options of zeromqTransport", "an object with a url", options);
  checkOptions("the options of zeromqTransport", options, ["url", "broker", "journal", "limits", "keys"]);
  const { broker = "thread" } = options;
  if (broker !== "thread" && broker !== "process")
    throw outOfRange("`broker`", "`thread` or `process`", broker);
  checkKeysOption(options.keys);
  const ownKeys = options.keys === undefined ? undefined : resolve(options.keys);
  const place = placeOf(options.url);
  const journal = checkJournal(options.journal);
  const limits = checkLimits(options.limits);
  const unopened = new UnopenedBrokers();
  const host = (store: StoreSettings) =>
    hostBroker(broker, { url: place.url, store, limits, keys: keysPath(ownKeys) });
  const goOn = async (path: string) => {
    try {
      await host({ kind: "old", path });
    } catch (error) {
      // Somebody else was faster.
      if (!isBufferError(error, "BUFFER_EXISTS")) throw error;
    }
  };
  return {
    name: NAME,
    module: MODULE,
    interfaceVersion: INTERFACE_VERSION,
    capabilities: capabilitiesOf(place, journal === undefined ? "none" : "power"),
    async create(spec, wishes): Promise<BufferAddress> {
      if (journal === undefined) refuseDurable(wishes.durability);
      const durability = wishes.durability ?? "fsync";
      const store: StoreSettings =
        journal === undefined
          ? { kind: "memory", spec, bufferId: randomUUID() }
          : { kind: "new", path: journal, spec, durability };
      const hosted = await host(store);
      unopened.add(hosted, store);
      return addressOf(hosted.url, hosted.bufferId, keysPath(ownKeys));
    },
    async open(address): Promise<BufferPort> {
      const { url, id, keys } =
        address === undefined ? { url: place.url, id: "", keys: undefined } : readAddress(address);
      const open = () =>
        unopened.orEnd(url, id, () => openPort(placeOf(url), id, keysPath(ownKeys, keys), addressOf));
      try {
        return await open();
      } catch (error) {
        if (journal === undefined || !isBufferError(error, "BUFFER_NOT_FOUND")) throw error;
        const found = findJournal(journal);
        if (found === undefined || (id !== "" && id !== found.id)) throw error;
        await goOn(journal);
        return open();
      }
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
