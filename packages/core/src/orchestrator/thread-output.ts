/**
 * What a thread prints, on its way to the parent. Node keeps in memory what a thread prints before it awaits anything; here the thread
 * waits for its parent instead, as a process does for a full pipe.
 */

import type { Writable } from "node:stream";
import { StringDecoder } from "node:string_decoder";
import type { WorkerNews } from "./worker.js";

/** Most characters that have gone off and were not heard yet. A pipe holds 64 KiB. */
const AHEAD_MAX = 2 ** 20;
// What a pipe hands over at once.
const PIECE_MAX = 2 ** 16;

type Output = Extract<WorkerNews, { readonly kind: "output" }>;

/** How far the parent has heard: the parent's end. Given to the thread by its `shared`. */
export class HeardOutput {
  /** Characters that were heard, modulo 2^32. */
  readonly shared: SharedArrayBuffer;
  readonly #heard: Int32Array;

  constructor() {
    this.shared = new SharedArrayBuffer(4);
    this.#heard = new Int32Array(this.shared);
  }

  add({ text }: Output): void {
    Atomics.add(this.#heard, 0, text.length);
    Atomics.notify(this.#heard, 0);
  }
}

/** Sends from now on what the thread prints to the stream, in the order of all else that it sends. */
export function sendOutput(
  name: Output["stream"],
  stream: Writable,
  ahead: OutputAhead,
  send: (output: Output) => void,
): void {
  const decoder = new StringDecoder("utf8");
  const write = (chunk: Uint8Array | string, encoding: BufferEncoding, done: () => void) => {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk, encoding) : chunk;
    for (let at = 0; at < bytes.length; at += PIECE_MAX) {
      const text = decoder.write(bytes.subarray(at, at + PIECE_MAX));
      if (text === "") continue;
      ahead.go(text.length);
      send({ kind: "output", stream: name, text });
    }
    done();
  };
  // Node's own collects, and asks the event loop of a thread that may have no turn for it.
  Object.assign(stream, { _write: write, _writev: undefined });
}

/** How far ahead of its parent a thread is: the thread's end. */
export class OutputAhead {
  readonly #heard: Int32Array;
  #sent = 0;

  constructor(shared: SharedArrayBuffer) {
    this.#heard = new Int32Array(shared);
  }

  /** So many are to go off now. Returns when the parent has heard all before them but so much as it may have to hear yet. */
  go(characters: number): void {
    for (;;) {
      const heard = Atomics.load(this.#heard, 0);
      if (((this.#sent - heard) | 0) < AHEAD_MAX) break;
      Atomics.wait(this.#heard, 0, heard);
    }
    this.#sent = (this.#sent + characters) | 0;
  }
}
