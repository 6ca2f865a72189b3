/** What a broker is given, what it bears, and what it tells. */

import type { BrokerPort } from "@sluice/file-store";
import type { Opened } from "./opened.js";

/** What a broker bears of its clients. */
export interface BrokerLimits {
  /** Clients at one time, from 1 up. Default 1,024. */
  readonly clients?: number;
  /** Requests of one client that are under way, or answered and not seen, from 1 up. Default 65,536. */
  readonly requests?: number;
}

export interface BrokerOptions {
  /** The store of which it alone has a handle. */
  readonly store: BrokerPort;
  readonly opened: Opened;
  readonly url: string;
  readonly limits?: BrokerLimits | undefined;
  /** Path of its key file: only clients with a key that this one knows may connect. */
  readonly keys?: string | undefined;
  /** Told of what was dropped, at most once a second. */
  readonly log?: ((line: string) => void) | undefined;
  /** It has ended. */
  readonly onEnded?: (() => void) | undefined;
}

/** What a broker has done so far. */
export interface BrokerFigures {
  /** Connected now, whoever asks included. */
  readonly clients: number;
  readonly packetsIn: number;
  readonly packetsOut: number;
  readonly malformed: number;
  /** Handshakes of strangers, whose key the broker does not know. Who comes without keys, or for another broker, breaks off before. */
  readonly refused: number;
  /** Of the whole process that it runs in. */
  readonly cpuMs: number;
}
