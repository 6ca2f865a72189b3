-- The numbers of the header, in their order, each in a variable: a table of them takes the short ways half a microsecond.
capacity, bytesMax, failuresMax, deadMax, fallbackMs,
sequence, ready, returnedReady, leased, parked, dead, discarded,
produced, consumed, bytes, peak, sealed, dueAt, promised, promisedAt,
roomWaiting, itemWaiting, endWaiting, rotatedAt
