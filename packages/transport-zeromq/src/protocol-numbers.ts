/** The numbers of the protocol: its version, and what requests and replies are. */

/** Changes only with a major version of the package; another number is refused, naming both. */
export const PROTOCOL_VERSION = 1;

/** What a request asks for. */
export const Kind = {
  Open: 1,
  Close: 2,
  Ping: 3,
  /** Of the request with this id, which is then answered with what is true; it has no answer of its own. */
  Cancel: 4,
  Producer: 5,
  Resume: 6,
  Retire: 7,
  Offer: 8,
  Consumer: 9,
  Leave: 10,
  Poll: 11,
  Confirm: 12,
  Settle: 13,
  Seal: 14,
  Counts: 15,
  Drained: 16,
  ListDead: 17,
  Requeue: 18,
  Remove: 19,
  Destroy: 20,
  Figures: 21,
  /** Of requests whose answers the client waits for no longer: what they were handed goes back. */
  GiveUp: 22,
  /** No request, and without an answer: the replies from this id to another were heard, while one before them was not. */
  Heard: 23,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

/** What a reply says. */
export const Status = {
  Done: 0,
  /** Not an answer yet: the broker holds the request until it can be done. */
  Waiting: 1,
  /** A fault, with its code, effect and message. */
  Failed: 2,
  /** The broker does not know this client (any more): it is to open the buffer again, and ask again. */
  Unknown: 3,
  /** Of no request (its id is 1): the buffer was destroyed, and the broker ends. */
  Destroyed: 4,
} as const;
export type Status = (typeof Status)[keyof typeof Status];
