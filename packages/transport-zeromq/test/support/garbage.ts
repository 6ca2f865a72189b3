/** What a broker should never be sent: packets that are certainly malformed, and bytes that are no ZMTP. */

import { randomBytes } from "node:crypto";
import * as wire from "../../dist/protocol.js";
import type { Random } from "./random.js";
import { GREETING, READY } from "./zmtp.js";

/** Packets of a client that the broker knows, each of them malformed in its own way. */
export class GarbagePackets {
  readonly clientId: Buffer = randomBytes(wire.CLIENT_ID_BYTES);
  readonly #random: Random;
  #id = 1_000_000;

  constructor(random: Random) {
    this.#random = random;
  }

  next(): Buffer {
    const random = this.#random;
    const id = this.#id++;
    const part = this.#part(id);
    switch (random.below(8)) {
      case 0: {
        const whole = wire.clientPacket(this.clientId, 0, [part]);
        // Without any part a packet is in order.
        const cut = 1 + random.below(whole.byteLength - 1);
        return whole.subarray(0, cut === whole.byteLength - part.byteLength ? cut + 1 : cut);
      }
      case 1:
        // The part says that it is longer than the packet.
        part.writeUInt32LE(part.byteLength - 4 + 1 + random.below(2 ** 31), 0);
        break;
      case 2:
        // Or shorter than its head.
        part.writeUInt32LE(random.below(9), 0);
        break;
      case 3:
        part[4] = random.pick([0, 40, 127, 255]);
        break;
      case 4: {
        // A number that is none, or no integer, or below 1.
        part.writeDoubleLE(random.pick([Number.NaN, Number.POSITIVE_INFINITY, -1, 0.5, 0, 2 ** 60]), 5);
        break;
      }
      case 5: {
        const packet = wire.clientPacket(this.clientId, 0, [part]);
        packet[3] = random.pick([0, 2, 77, 255]);
        return packet;
      }
      case 6:
        // Not the one byte of ZeroMQ's own that tells of an end.
        return Buffer.concat([Buffer.from([random.below(0x53)]), randomBytes(1 + random.below(300))]);
      case 7:
        return wire.clientPacket(this.clientId, 0, [this.#liar(id)]);
    }
    return wire.clientPacket(this.clientId, 0, [part]);
  }

  /** A part that is in order. */
  #part(id: number): Buffer {
    const items = [Buffer.from("garbage"), Buffer.from("more")];
    return this.#random.pick([
      () => wire.encodeOpen(id, "some id"),
      () => wire.encodeBare(wire.Kind.Counts, id),
      () => wire.encodeProducer(id, "garbage"),
      () => wire.encodeOffer(id, { producer: 1, first: 1, waits: true, items, envelopes: undefined }, 0, 2),
      () => wire.encodePoll(id, { consumer: 1, max: 3, waits: true, leaseMs: 0 }),
      () => wire.encodeNumber(wire.Kind.Confirm, id, 12),
      () => wire.encodeSettle(id, [{ kind: "nack", token: "7.1", reason: "garbage", delayMs: 5 }]),
      () => wire.encodeListDead(id, 10, 0),
    ])();
  }

  /** A part that counts what is not there. */
  #liar(id: number): Buffer {
    const count = 3 + this.#random.below(2 ** 31);
    return this.#random.pick([
      () => {
        const part = wire.encodeSettle(id, [{ kind: "ack", token: "7.1" }]);
        part.writeUInt32LE(count, 13);
        return part;
      },
      () => {
        const items = [Buffer.from("garbage")];
        const part = wire.encodeOffer(
          id,
          { producer: 1, first: 1, waits: false, items, envelopes: undefined },
          0,
          1,
        );
        part.writeUInt32LE(count, 13 + 17);
        return part;
      },
      () => {
        const part = wire.encodeProducer(id, "garbage");
        part.writeUInt16LE(0xffff - this.#random.below(1_000), 13);
        return part;
      },
      () => wire.encodePoll(id, { consumer: 1, max: 0, waits: false, leaseMs: 0 }),
    ])();
  }
}

/** What is sent on a connection that is no good. */
export interface BadConnection {
  /** It begins as it should. */
  readonly isGreeted: boolean;
  readonly bytes: Buffer;
  readonly frames: number;
}

export function badConnection(random: Random): BadConnection {
  const noise = (max: number) => randomBytes(1 + random.below(max));
  switch (random.below(5)) {
    case 0:
      return { isGreeted: false, bytes: noise(200), frames: 1 };
    case 1: {
      const greeting = Buffer.from(GREETING);
      greeting[random.pick([0, 9, 10, 12, 13, 32])] = random.below(256);
      return { isGreeted: false, bytes: Buffer.concat([greeting, READY, noise(50)]), frames: 1 };
    }
    case 2: {
      // Commands that there are none of, or that are too short for what they are.
      const commands = Array.from({ length: 40 }, () => {
        const body = noise(60);
        return Buffer.concat([Buffer.from([4, body.byteLength]), body]);
      });
      return { isGreeted: true, bytes: Buffer.concat(commands), frames: 40 };
    }
    case 3: {
      // A frame longer than any may be.
      const head = Buffer.from([2, 0, 0, 0, 0, 0, 0, 0, 0]);
      head.writeBigUInt64BE(2n ** BigInt(30 + random.below(33)), 1);
      return { isGreeted: true, bytes: Buffer.concat([head, noise(500)]), frames: 1 };
    }
    default: {
      // Frames in order, with flags of their own and nothing in them that means anything.
      const frames = Array.from({ length: 80 }, () => {
        const body = noise(40);
        return Buffer.concat([Buffer.from([random.pick([0, 0, 1, 0, 8, 255]), body.byteLength]), body]);
      });
      return { isGreeted: true, bytes: Buffer.concat(frames), frames: 80 };
    }
  }
}
