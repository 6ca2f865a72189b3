/** Options of libzmq 4.3 that are drafts, from zmq_draft.h: the prebuilt zeromq of Linux has them. */

/** What the other end receives first on each connection. */
export const ZMQ_HELLO_MSG = 110;
/** What this end receives from a peer whose connection has ended, after all that the peer sent. */
export const ZMQ_DISCONNECT_MSG = 111;
