/** What is made for a rule: buffers, handles, producers, consumers. Each has its time, and is let go of in the end, however late it came. */

import {
  type BoundedBuffer,
  type BufferPort,
  type BufferTransport,
  createBuffer,
  openAddress,
  openBuffer,
  openOrCreateBuffer,
} from "@sluice/core";
import type { Cleanups } from "./cleanups.js";
import { type InItsTime, quietBuffer } from "./quiet.js";

/** Core's own, for rules that are about them; what they open is closed at the end. */
export interface WaysIn {
  readonly createBuffer: typeof createBuffer;
  readonly openBuffer: typeof openBuffer;
  readonly openOrCreateBuffer: typeof openOrCreateBuffer;
  readonly openAddress: typeof openAddress;
}

export interface Making {
  readonly waysIn: WaysIn;
  /** @param undo - at the end. */
  buffer<T>(
    making: Promise<BoundedBuffer<T>>,
    what: string,
    undo: (buffer: BoundedBuffer<T>) => unknown,
  ): Promise<BoundedBuffer<T>>;
  /** @param undo - at the end. Default: closes it. */
  port(transport: BufferTransport, undo?: (port: BufferPort) => unknown): Promise<BufferPort>;
}

type Opens = (...args: never[]) => Promise<BoundedBuffer<unknown>>;

export function makingWith(inItsTime: InItsTime, cleanups: Cleanups): Making {
  const made = <M>(making: Promise<M>, what: string, undo: (one: M) => unknown): Promise<M> => {
    making.then(
      (one) => cleanups.defer(() => undo(one)),
      () => {},
    );
    return inItsTime(making, what);
  };

  const buffer: Making["buffer"] = async (making, what, undo) =>
    quietBuffer(await made(making, what, undo), inItsTime);

  const wayIn = <F extends Opens>(open: F, what: string): F =>
    ((...args: Parameters<F>) => buffer(open(...args), what, (opened) => opened.close())) as F;

  return {
    buffer,
    waysIn: {
      createBuffer: wayIn(createBuffer, "createBuffer"),
      openBuffer: wayIn(openBuffer, "openBuffer"),
      openOrCreateBuffer: wayIn(openOrCreateBuffer, "openOrCreateBuffer"),
      openAddress: wayIn(openAddress, "openAddress"),
    },
    async port(transport, undo = (port) => port.close()) {
      const opening = (async () => transport.open())();
      return inTimePort(await made(opening, "the transport's open", undo), inItsTime);
    },
  };
}

/** The same port, whose producers and consumers come in their time. */
function inTimePort(port: BufferPort, inItsTime: InItsTime): BufferPort {
  const producer: BufferPort["producer"] = (id) => inItsTime(port.producer(id), "the port's producer()");
  const consumer: BufferPort["consumer"] = () => inItsTime(port.consumer(), "the port's consumer()");
  // Over nothing, since an adapter may have frozen its own; with the port as `this`, for its private fields.
  return new Proxy({} as BufferPort, {
    get(_, name) {
      if (name === "producer") return producer;
      if (name === "consumer") return consumer;
      const member: unknown = Reflect.get(port, name, port);
      return typeof member === "function" ? member.bind(port) : member;
    },
  });
}
