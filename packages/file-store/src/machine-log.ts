/** What all logs have in common whose handles are on this machine. */

import { setImmediate as afterTurn } from "node:timers/promises";
import { type Clock, machineClock } from "./clock.js";
import type { Log } from "./log.js";

export abstract class MachineLog
  implements Pick<Log, "clock" | "commitBytesMax" | "passTurn" | "onAdvance" | "onSegment">
{
  readonly clock: Clock = machineClock;
  readonly commitBytesMax: number = Number.POSITIVE_INFINITY;
  onAdvance: () => void = () => {};
  onSegment: () => void = () => {};

  /** A turn of the event loop: long enough on one machine for another to have committed. */
  passTurn(): Promise<void> {
    return afterTurn();
  }
}
