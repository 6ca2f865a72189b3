/** Waking others, and being woken: one byte through the FIFO of whoever sleeps. */

import { closeSync, constants, openSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import type { Participants } from "./participants.js";

const BYTE = Uint8Array.of(1);

/** The FIFO of this participant, as an event of the event loop. */
export class OwnBell {
  readonly #socket: Socket;

  constructor(fd: number, onRing: () => void) {
    this.#socket = new Socket({ fd, readable: true, writable: false });
    this.#socket.on("data", onRing);
    this.#socket.on("error", () => {});
    this.#socket.unref();
  }

  /** Whether the process stays alive for it: as long as somebody waits. */
  keepProcess(someoneWaits: boolean): void {
    if (someoneWaits) this.#socket.ref();
    else this.#socket.unref();
  }

  /** Closes the FIFO, and gives its lock back. */
  close(): void {
    this.#socket.destroy();
  }
}

/** The FIFOs of others, opened when they are first rung. */
export class OtherBells {
  readonly #participants: Participants;
  // By place: whom the descriptor belongs to, and the descriptor.
  readonly #open = new Map<number, { readonly word: number; readonly fd: number }>();

  constructor(participants: Participants) {
    this.#participants = participants;
  }

  /** Whether there is somebody alive who will hear it. */
  ring(place: number): boolean {
    const word = this.#participants.wordOf(place);
    if (word === 0) return false;
    let bell = this.#open.get(place);
    if (bell?.word !== word) {
      this.#forget(place);
      bell = this.#openBell(word);
      if (bell === undefined) return false;
      this.#open.set(place, bell);
    }
    try {
      writeSync(bell.fd, BYTE);
      return true;
    } catch (error) {
      // Full: it has been rung often enough.
      if ((error as NodeJS.ErrnoException).code === "EAGAIN") return true;
      this.#forget(place);
      return false;
    }
  }

  close(): void {
    for (const place of [...this.#open.keys()]) this.#forget(place);
  }

  #openBell(word: number): { word: number; fd: number } | undefined {
    try {
      // Fails with ENXIO where nobody reads: its process is dead.
      const flags = constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
      return { word, fd: openSync(this.#participants.bellPath(word), flags) };
    } catch {
      return undefined;
    }
  }

  #forget(place: number): void {
    const bell = this.#open.get(place);
    if (bell !== undefined) closeSync(bell.fd);
    this.#open.delete(place);
  }
}
