/** What a request asks for, and who carries it out. */

import type { Authority } from "./authority.js";
import { Malformed } from "./bytes.js";
import * as wire from "./protocol.js";
import { Kind, type Part } from "./protocol.js";
import type { Session } from "./session.js";

/** What is not the buffer's affair. */
export interface RequestedBroker {
  opened(id: number): Buffer;
  leaves(session: Session): void;
  readonly figures: object;
}

/** @throws Malformed. */
export function carryOut(
  authority: Authority,
  session: Session,
  { type, id, body }: Part,
  broker: RequestedBroker,
): void {
  switch (type) {
    case Kind.Open:
      session.answer(id, broker.opened(id));
      return;
    case Kind.Close:
      authority.dismiss(session, () => {
        session.answer(id, wire.encodeDone(id));
        broker.leaves(session);
      });
      return;
    case Kind.Ping:
      session.answer(id, wire.encodeJson(id, session.pending.size));
      return;
    case Kind.Consumer:
      authority.buffer.consumer(session, id);
      return;
    case Kind.Producer:
      authority.producers.register(session, id, body.text());
      return;
    case Kind.Resume:
      authority.producers.resume(session, id, wire.decodeResume(body));
      return;
    case Kind.Retire:
      authority.producers.retire(session, id, body.integer());
      return;
    case Kind.Offer:
      authority.offer(session, id, wire.decodeOffer(body));
      return;
    case Kind.Leave:
      authority.leave(session, id, body.integer());
      return;
    case Kind.Poll:
      authority.poll(session, id, wire.decodePoll(body));
      return;
    case Kind.Confirm:
      authority.confirm(session, id, body.integer());
      return;
    case Kind.Settle:
      authority.settle(session, id, wire.decodeSettle(body));
      return;
    case Kind.Seal:
      authority.buffer.seal(session, id, body.integer() === 1);
      return;
    case Kind.Counts:
      authority.buffer.counts(session, id);
      return;
    case Kind.Drained:
      authority.buffer.drained(session, id, body.integer() === 1);
      return;
    case Kind.ListDead: {
      const { max, after } = wire.decodeListDead(body);
      authority.buffer.listDead(session, id, max, after);
      return;
    }
    case Kind.Requeue:
      authority.buffer.requeue(session, id, body.integer());
      return;
    case Kind.Remove:
      authority.buffer.remove(session, id, body.integer());
      return;
    case Kind.Destroy:
      authority.destroy(session, id);
      return;
    case Kind.GiveUp:
      authority.giveUp(session, id, wire.decodeGiveUp(body));
      return;
    case Kind.Figures:
      session.answer(id, wire.encodeJson(id, broker.figures));
      return;
    default:
      throw new Malformed(`a request of kind ${type}`);
  }
}
