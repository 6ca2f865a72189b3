/*
 * The algorithm of transport-shm (../ARCHITECTURE.md) with a crash before every step. `node check.mjs` runs it; README.md says what is
 * modelled and what is not.
 *
 * How to read it
 *   STEP(...)   one indivisible step of one participant. Before it, the participant may die; and the others may run for as long as
 *               they like, which is all that being stopped (SIGSTOP) is.
 *   w[...]      the words that a redo list may name. What is outside of it has one store of its own.
 *   g...        ghosts: what is true, noted at the commits. No participant decides by them, they are only asserted.
 *   BUG_...     seeded bugs: with one of them defined the check must fail.
 */

/* ── Bounds: check.mjs sets them ─────────────────────────────────────────────────────────────────────────────────────────────── */
#ifndef CAP
#define CAP 1            /* capacity */
#endif
#ifndef DLMAX
#define DLMAX 0          /* deadLettersMax */
#endif
#ifndef FMAX
#define FMAX 9           /* failuresMax: 9 is never reached */
#endif
#ifndef PUTS
#define PUTS 2           /* items put in all, by all */
#endif
#ifndef BATCH
#define BATCH 1          /* items in one put, at most */
#endif
#ifndef PRODUCERS
#define PRODUCERS 1
#endif
#ifndef CONSUMERS
#define CONSUMERS 1
#endif
#ifndef TAKES
#define TAKES 0          /* consumers may take */
#endif
#ifndef LEASES
#define LEASES 1         /* consumers may lease, ack and nack */
#endif
#ifndef RELEASES
#define RELEASES 0       /* how many releases in all */
#endif
#ifndef NACKS
#define NACKS 0          /* how many nacks in all */
#endif
#ifndef LATE
#define LATE 0           /* consumers may lease anew and come back to the older lease later */
#endif
#ifndef EXPIRIES
#define EXPIRIES 0       /* how many leases may expire, in all */
#endif
#ifndef SEAL
#define SEAL 0           /* 1: somebody seals; 2: with discard; 3: one seals, another seals with discard */
#endif
#ifndef REQUEUE
#define REQUEUE 0        /* somebody requeues a dead letter */
#endif
#ifndef REMOVE
#define REMOVE 0         /* somebody removes a dead letter */
#endif
#ifndef DRAINED
#define DRAINED 0        /* somebody waits for the end */
#endif
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef RESPAWNS
#define RESPAWNS 0       /* how many of the dead are replaced by a new incarnation */
#endif
#ifndef ABORTS
#define ABORTS 0         /* how many waits are left before their time */
#endif
#ifndef BUSIES
#define BUSIES 0         /* how many waits for the second lock are given up */
#endif
#ifndef SLEEP
#define SLEEP 0          /* 1: waiting as it is, with bit sets and bells. 0: waiting without fault, for a smaller model of the rest */
#endif
#ifndef RECHECK
#define RECHECK 0        /* 1: the slow safety re-check, once after each crash, when nobody else can move; 2: at any time */
#endif

#define SLOTS (CAP + DLMAX)
#define PLACES 4
#if PRODUCERS + CONSUMERS + (SEAL > 0) + (SEAL == 3) + REQUEUE + REMOVE + DRAINED > PLACES
#error "more participants than places"
#endif

/* ── The region ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */
#define HEAD 0
#define RETURNED 1
#define LEASED 2
#define PARKED 3
#define DEAD 4
#define CONSUMED 5
#define DISCARDED 6
#define REQUEUED 7
#define REMOVED 8
#define LASTLEASE 9
#define PEAK 10          /* written by put, and by requeue: it too raises what is inside */
#define PUTBYTES 11      /* stands for all that a put's redo list adds up (putBytes, producedHigh, a producer's record): one an item */
#define STATE(s) (12 + (s))
#define LEASE(s) (12 + SLOTS + (s))
#define HOLDER(s) (12 + 2 * SLOTS + (s))
#define DELIVERIES(s) (12 + 3 * SLOTS + (s))
#define FAILURES(s) (12 + 4 * SLOTS + (s))
#define SEQUENCE(s) (12 + 5 * SLOTS + (s))
#define FREE(p) (12 + 6 * SLOTS + (p) % SLOTS)      /* freeRing[p] */
#define READY(p) (12 + 7 * SLOTS + (p) % CAP)       /* readyRing[p] */
#define WORDS (12 + 7 * SLOTS + CAP)
byte w[WORDS];

#define head w[HEAD]
#define returned w[RETURNED]
#define leased w[LEASED]
#define parked w[PARKED]
#define dead w[DEAD]
#define consumed w[CONSUMED]
#define discarded w[DISCARDED]
#define requeued w[REQUEUED]
#define removed w[REMOVED]
#define lastLease w[LASTLEASE]
#define peak w[PEAK]
#define putBytes w[PUTBYTES]

byte item[SLOTS];        /* the bytes of an item: its number, from 1. 0: never written */

byte produced;           /* the producers' commit */
byte pk;
byte pn;                 /* length of the producers' redo list */
byte pword[2], pvalue[2];

bool valid;              /* the consumers' commit */
byte rn;                 /* length of the consumers' redo list */
byte rword[8], rvalue[8];

byte sealed;             /* 0, 1, 2: with discard */
byte lockWord[2];        /* 0 or the owner */
#define P 0
#define C 1

byte registered[PLACES]; /* the owner word of whoever has this place, 0: free */
byte incarnation[PLACES];
byte waiting[3];         /* one bit for each place */
#define ROOM 0
#define ITEM 1
#define END 2

#define tail (produced + requeued)
#define ready (returned + tail - head)
#define occupied (tail - removed)
#define freed (SLOTS + consumed + discarded)

/* states of a slot */
#define none 0
#define leasedState 1
#define returnedState 2
#define parkedState 3
#define deadState 4

/* ── The operating system ────────────────────────────────────────────────────────────────────────────────────────────────────── */
bool alive[PLACES];      /* the flock on the participant's FIFO */
bool bell[PLACES];       /* a byte in it */
byte crashes, respawns, expiries, nacks, releases, aborts, busies;

#ifdef BUG_PID_WORD
#define OWNER (1 + place)                                   /* a word that comes again, as a pid does */
#else
#define OWNER (1 + place + PLACES * incarnation[place])
#endif
#define isAlive(o) (alive[((o) + PLACES - 1) % PLACES] && registered[((o) + PLACES - 1) % PLACES] == (o))
#define bit(p) (1 << (p))
#define deadPlace(p) (registered[p] != 0 && !alive[p])
#define someDeadPlace (deadPlace(0) || deadPlace(1) || deadPlace(2) || deadPlace(3))
#define heldByDead(l) (lockWord[l] != 0 && !isAlive(lockWord[l]))

/* ── Ghosts ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */
byte g[PUTS + 1];        /* where each item is, by the commits */
#define gNone 0
#define gReady 1
#define gLeased 2
#define gParked 3
#define gDead 4
#define gFinished 5
#define gDiscarded 6
byte gDeliveries[PUTS + 1];
byte gIn, gOpen, gPeak;  /* how many are inside (ready, leased, parked); ready or leased; the most inside ever */
byte gFirst;             /* the sequence last handed out for the first time */
byte asleep[PLACES];     /* 0 or 1 + what this one sleeps for */
byte recheck;            /* who has to look again, slowly: somebody died since */
hidden byte x, y, z, seen, many;

#define inside(a) (a >= gReady && a <= gParked)
#define open(a) (a == gReady || a == gLeased)

/* ── Steps ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */
#if CRASHES > 0
#define DIE atomic { crashes < CRASHES -> die(); goto crashed }
#else
#define DIE false -> goto crashed
#endif
#define STEP(...) if :: DIE :: d_step { __VA_ARGS__ } fi

#define LOCALS byte me, saw, deadOwner, s, it, from, to, n, k, op, res, target, ss, st, tok, tslot, tit, tdel, late, lslot, lit, ldel; bool over, gaveUp, waited, must, wkItem, wkRoom, drained

inline forget() {
  saw = 0; deadOwner = 0; s = 0; it = 0; from = 0; to = 0; n = 0; k = 0; op = 0; res = 0; target = 0; ss = 0; st = 0;
  tok = 0; tslot = 0; tit = 0; tdel = 0; late = 0; lslot = 0; lit = 0; ldel = 0;
  over = 0; gaveUp = 0; waited = 0; must = 0; wkItem = 0; wkRoom = 0; drained = 0
}

inline die() {
  crashes++;
  alive[place] = 0; bell[place] = 0; asleep[place] = 0;
  recheck = 15;
  forget()
}

/* Registration, under flock of the region, before the first lock is asked for. */
inline register() {
  incarnation[place]++;
  me = OWNER;
  registered[place] = me; alive[place] = 1; bell[place] = 0
}

/* The dead may be followed by a new incarnation at the same place, once somebody has freed it. */
#define BORN(again) \
  crashed: \
  end_dead: atomic { respawns < RESPAWNS && registered[place] == 0 -> respawns++; register(); goto again }

/* ── Locks ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */
#ifdef BUG_ROB_LIVING
#define mayRob(l) (lockWord[l] != 0 && lockWord[l] != me)
#else
#define mayRob(l) heldByDead(l)
#endif

/* over: taken over from the dead. gaveUp: BUFFER_BUSY, while a living participant holds it. */
inline acquire(l, giveUp) {
  do
  :: DIE
  :: d_step { lockWord[l] == 0 -> lockWord[l] = me; over = 0 }; break
  :: d_step { mayRob(l) -> saw = lockWord[l] };            /* found dead ... */
     if
     :: DIE
     :: d_step { lockWord[l] == saw -> lockWord[l] = me; over = 1 }; break   /* ... compareExchange(dead, me) */
     :: d_step { lockWord[l] != saw -> saw = 0 }
     fi
  :: d_step { giveUp && busies < BUSIES && lockWord[l] != 0 && isAlive(lockWord[l]) -> busies++; gaveUp = 1 }; break
  od
}

/* The producers' redo list: apply it, then empty it, so that a later repair does not bring old values back. */
inline applyP() {
  n = 0;
  do
  :: DIE
  :: d_step { n < pn -> w[pword[n]] = pvalue[n]; n++ }
#ifdef BUG_LIST_KEPT
  :: d_step { n == pn -> n = 0 }; break
#else
  :: d_step { n == pn -> n = 0; pn = 0; pword[0] = 0; pword[1] = 0; pvalue[0] = 0; pvalue[1] = 0 }; break
#endif
  od
}

/* The producers' lock; and whoever takes it over from the dead also takes the consumers' lock once, because a requeue may have been
   committed there and not applied. If that one is held by somebody who is stopped, the word of the dead goes BACK into the lock: a 0
   would let the next one in without having done it. */
inline lockP() {
  do
  :: acquire(P, 0);
     if
     :: !over -> break
     :: else ->
        deadOwner = saw; saw = 0;
        if :: pk == produced -> applyP() :: else fi;
#ifdef BUG_SECOND_LOCK
        over = 0; deadOwner = 0; break
#else
        acquire(C, 1);
        if
        :: gaveUp ->
#ifdef BUG_BUSY_UNLOCK
           STEP(assert(lockWord[P] == me); lockWord[P] = 0; gaveUp = 0; deadOwner = 0)
#else
           STEP(assert(lockWord[P] == me); lockWord[P] = deadOwner; gaveUp = 0; deadOwner = 0)
#endif
        :: else ->
           deadOwner = 0;
           if :: over -> repairC() :: else fi;
           unlockC();
           break
        fi
#endif
     fi
  od
}

inline unlockP() {
  STEP(
    assert(lockWord[P] == me);
    assert(putBytes == produced);
    assert(gPeak <= peak && peak <= CAP);
    assert(occupied <= CAP);
    lockWord[P] = 0)
}

inline lockC() {
  acquire(C, 0);
  if :: over -> repairC() :: else fi
}

/* The consumers' redo list. */
#ifdef BUG_INCREMENTS
#define APPLY(i) w[rword[i]] = w[rword[i]] + rvalue[i]
#else
#define APPLY(i) w[rword[i]] = rvalue[i]
#endif
#define FORGET(i) rword[i] = 0; rvalue[i] = 0
inline applyC() {
  n = 0;
  do
  :: DIE
  :: d_step { n < rn -> APPLY(n); n++ }
  :: d_step { n == rn ->                       /* valid = 0; what the list holds then matters to nobody */
       valid = 0; n = 0;
       rn = 0; FORGET(0); FORGET(1); FORGET(2); FORGET(3); FORGET(4); FORGET(5); FORGET(6); FORGET(7)
     }; break
  od
}

inline repairC() {
  over = 0; saw = 0;
  if :: valid -> applyC() :: else fi;
#ifndef BUG_NO_CLEAR
  STEP(                                        /* leases that were written and not committed */
    x = head;
    do :: x < tail -> w[STATE(w[READY(x)])] = none; x++ :: else -> break od;
    x = 0; rn = 0)
#endif
}

/* Step 5 and 6. The ghosts move with the commit. */
inline commitC() {
  STEP(
#ifndef BUG_NO_REDO
    valid = 1;
#endif
    assert(it != 0 && g[it] == from);          /* finished at most once; nothing that is not there */
    g[it] = to;
    gIn = gIn - inside(from) + inside(to);
    gOpen = gOpen - open(from) + open(to);
    if :: gIn > gPeak -> gPeak = gIn :: else fi;
    assert(gIn <= CAP);
    if
    :: from == gReady && to != gDiscarded ->   /* handed out */
       if
       :: gDeliveries[it] == 0 -> assert(w[SEQUENCE(s)] > gFirst); gFirst = w[SEQUENCE(s)]
       :: else
       fi;
       gDeliveries[it]++
    :: else
    fi);
  applyC()
}

/* What must hold whenever nobody is inside the consumers' side. */
inline checkC() {
  assert(produced == consumed + ready + leased + parked + dead + discarded);
  x = 0; seen = 0;
  do
  :: x < SLOTS ->
     many = 0;
     y = produced;
     do :: y < freed -> many = many + (w[FREE(y)] == x); y++ :: else -> break od;
     if
     :: many > 0 -> assert(w[STATE(x)] == none)
     :: else ->                                /* it holds an item, the right one, and no other slot does */
        assert((seen & bit(item[x])) == 0); seen = seen | bit(item[x]);
        z = 0;
        y = head;
        do :: y < tail -> z = z + (w[READY(y)] == x); y++ :: else -> break od;
        if
        :: z > 0 -> assert(w[STATE(x)] == none && g[item[x]] == gReady)
        :: w[STATE(x)] == leasedState -> assert(g[item[x]] == gLeased && w[DELIVERIES(x)] == gDeliveries[item[x]]); z++
        :: w[STATE(x)] == returnedState -> assert(g[item[x]] == gReady); z++
        :: w[STATE(x)] == parkedState -> assert(g[item[x]] == gParked); z++
        :: w[STATE(x)] == deadState -> assert(g[item[x]] == gDead); z++
        :: else
        fi;
        many = z
     fi;
     assert(many == 1);                         /* in one place, and not in two */
     x++
  :: else -> break
  od;
  x = 0; many = 0; y = 0; z = 0;
  do :: x < SLOTS -> many = many + (w[STATE(x)] == leasedState); y = y + (w[STATE(x)] == returnedState);
                     z = z + (w[STATE(x)] == parkedState); x++
     :: else -> break od;
  assert(many == leased && y == returned && z == parked && dead <= DLMAX);
  x = 1; many = 0;
  do :: x <= PUTS -> many = many + (inside(g[x]) || g[x] == gDead); x++ :: else -> break od;
  assert(many == produced - consumed - discarded);   /* none is lost */
  x = 0; y = 0; z = 0; many = 0; seen = 0
}

/* Whether this was the last settlement is asked with the lock held: whoever was woken by the seal and looked before that saw a lease
   and slept on. */
#ifdef BUG_STALE_SEALED
#define sealedAtEnd ss
#else
#define sealedAtEnd sealed
#endif
inline unlockC() {
  STEP(
    assert(lockWord[C] == me);
    checkC();
    drained = drained && sealedAtEnd && ready == 0 && leased == 0;
    lockWord[C] = 0)
}

/* ── The consumers' side: what an operation writes ───────────────────────────────────────────────────────────────────────────── */
#ifdef BUG_INCREMENTS
#define REDO(word, value) rword[rn] = word; rvalue[rn] = (value) - w[word]; rn++
#else
#define REDO(word, value) rword[rn] = word; rvalue[rn] = value; rn++
#endif

/* Step 3, the slot at the end of the free ring, where nobody looks before `removed`; then the rest. `removed` comes last. */
#ifdef BUG_REMOVED_FIRST
#define FREE_SLOT(counter) REDO(REMOVED, removed + 1); REDO(counter, w[counter] + 1); REDO(FREE(freed), s); wkRoom = 1
#else
#define FREE_SLOT(counter) w[FREE(freed)] = s; REDO(counter, w[counter] + 1); REDO(REMOVED, removed + 1); wkRoom = 1
#endif

/* A lease that ended without ack: expiry, death of the holder, nack (failure = 1), release (failure = 0). */
inline comesBack(failure) {
  it = item[s]; from = gLeased; rn = 0;
  REDO(LEASED, leased - 1);
  if
  :: sealed == 2 -> to = gDiscarded; REDO(STATE(s), none); FREE_SLOT(DISCARDED)
  :: sealed != 2 && failure && w[FAILURES(s)] + 1 >= FMAX && dead < DLMAX ->
     to = gDead; REDO(STATE(s), deadState); REDO(DEAD, dead + 1); REDO(REMOVED, removed + 1); wkRoom = 1
  :: sealed != 2 && failure && w[FAILURES(s)] + 1 >= FMAX && dead == DLMAX ->
     to = gParked; REDO(STATE(s), parkedState); REDO(PARKED, parked + 1)
  :: else ->
     to = gReady; REDO(STATE(s), returnedState); REDO(FAILURES(s), w[FAILURES(s)] + failure); REDO(RETURNED, returned + 1); wkItem = 1
  fi;
  drained = 1
}

/* The next item: those that came back, by sequence; then the head. */
inline findNext() {
  if
  :: returned > 0 ->
     x = 0; s = 255;
     do
     :: x < SLOTS ->
        if
        :: w[STATE(x)] == returnedState ->
           if
           :: s == 255 -> s = x
           :: else -> if :: w[SEQUENCE(x)] < w[SEQUENCE(s)] -> s = x :: else fi
           fi
        :: else
        fi;
        x++
     :: else -> break
     od;
     x = 0
  :: else -> s = w[READY(head)]
  fi
}
inline leaveQueue() {
  if
  :: returned > 0 -> REDO(RETURNED, returned - 1)
  :: else -> REDO(HEAD, head + 1)
  fi
}

inline prepareTake() {
  findNext(); it = item[s]; from = gReady; to = gFinished; rn = 0;    /* the bytes are copied out before the commit */
  if :: returned > 0 -> REDO(STATE(s), none) :: else fi;
  leaveQueue(); FREE_SLOT(CONSUMED);
  drained = 1
}

#ifdef BUG_LEASE_REUSED
#define NEWLEASE (s + 1)
#else
#define NEWLEASE (lastLease + 1)
#endif
inline prepareLease() {
  findNext(); it = item[s]; from = gReady; to = gLeased; rn = 0;
  if
  :: returned > 0 -> REDO(STATE(s), leasedState); REDO(LEASE(s), NEWLEASE); REDO(HOLDER(s), me)
  :: else -> w[STATE(s)] = leasedState; w[LEASE(s)] = NEWLEASE; w[HOLDER(s)] = me          /* nobody looks before the commit */
  fi;
#ifdef BUG_DELIVERIES_IN_PLACE
  w[DELIVERIES(s)] = w[DELIVERIES(s)] + 1;
#else
  REDO(DELIVERIES(s), w[DELIVERIES(s)] + 1);   /* a count is no word to write in place: a second try would add twice */
#endif
  leaveQueue(); REDO(LEASED, leased + 1); REDO(LASTLEASE, lastLease + 1)
}

inline prepareAck() {
  it = item[s]; from = gLeased; to = gFinished; rn = 0;
  REDO(STATE(s), none); REDO(LEASED, leased - 1); FREE_SLOT(CONSUMED);
  drained = 1
}

inline findState(state) {
  s = 0;
  do :: s < SLOTS && w[STATE(s)] != state -> s++ :: else -> break od
}

/* sealed with discard: what is ready or parked goes. */
#define mustDiscard (sealed == 2 && ready + parked > 0)
inline prepareDiscard() {
  rn = 0; to = gDiscarded;
  if
  :: ready > 0 -> findNext(); from = gReady; if :: returned > 0 -> REDO(STATE(s), none) :: else fi; leaveQueue()
  :: else -> findState(parkedState); from = gParked; REDO(STATE(s), none); REDO(PARKED, parked - 1)
  fi;
  it = item[s]; FREE_SLOT(DISCARDED);
  drained = 1
}

/* The list of dead letters has room again: a parked one moves on. */
#define mustMove (sealed != 2 && parked > 0 && dead < DLMAX)
inline prepareMove() {
  findState(parkedState); it = item[s]; from = gParked; to = gDead; rn = 0;
  REDO(STATE(s), deadState); REDO(PARKED, parked - 1); REDO(DEAD, dead + 1); REDO(REMOVED, removed + 1); wkRoom = 1
}

#define heldFrom(i, p) (w[STATE(i)] == leasedState && w[HOLDER(i)] == registered[p])
#if SLOTS == 1
#define hasLease(p) heldFrom(0, p)
#elif SLOTS == 2
#define hasLease(p) (heldFrom(0, p) || heldFrom(1, p))
#else
#define hasLease(p) (heldFrom(0, p) || heldFrom(1, p) || heldFrom(2, p))
#endif
#ifdef BUG_PLACE_FREED_FIRST
#define mayFree(p) deadPlace(p)
#else
#define mayFree(p) (deadPlace(p) && !hasLease(p))
#endif
#define mustFail(p) (deadPlace(p) && hasLease(p))
inline prepareFail(p) {
  s = 0;
  do :: !heldFrom(s, p) -> s++ :: else -> break od;
  comesBack(1)
}
#define mayExpire(i) (expiries < EXPIRIES && w[STATE(i)] == leasedState && !mustDiscard)

/* What whoever holds the consumers' lock does before its own operation. Discard and moving on are due at once; expiry and death are
   noticed when they are noticed (with `must`: now). */
inline tend() {
  do
  :: DIE
  :: !mustDiscard && !mustMove && (!must || !someDeadPlace) -> break
  :: if
     :: d_step { mustDiscard -> prepareDiscard() }
#if DLMAX > 0
     :: d_step { mustMove -> prepareMove() }
#endif
#if LEASES
#if CRASHES > 0
     :: d_step { mustFail(0) && !mustDiscard -> prepareFail(0) }
     :: d_step { mustFail(1) && !mustDiscard -> prepareFail(1) }
     :: d_step { mustFail(2) && !mustDiscard -> prepareFail(2) }
     :: d_step { mustFail(3) && !mustDiscard -> prepareFail(3) }
#endif
#if EXPIRIES > 0
     :: d_step { mayExpire(0) -> expiries++; s = 0; comesBack(1) }
#if SLOTS > 1
     :: d_step { mayExpire(1) -> expiries++; s = 1; comesBack(1) }
#endif
#if SLOTS > 2
     :: d_step { mayExpire(2) -> expiries++; s = 2; comesBack(1) }
#endif
#endif
#endif
     fi;
     commitC()
#if CRASHES > 0
  :: d_step { mayFree(0) -> registered[0] = 0 }          /* the place of the dead, after its leases */
  :: d_step { mayFree(1) -> registered[1] = 0 }
  :: d_step { mayFree(2) -> registered[2] = 0 }
  :: d_step { mayFree(3) -> registered[3] = 0 }
#endif
  od
}

/* ── Waiting ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */
#if SLEEP
/* Clear a bit, then a byte to its FIFO. A FIFO that nobody reads belongs to the dead: the next. */
#define PICK(l, p) d_step { (waiting[l] & bit(p)) -> waiting[l] = waiting[l] & (15 - bit(p)); target = p }
inline wakeOne(l) {
  do
  :: DIE
  :: waiting[l] == 0 -> break
  :: if :: PICK(l, 0) :: PICK(l, 1) :: PICK(l, 2) :: PICK(l, 3) fi;
     if
     :: DIE
     :: d_step { alive[target] -> bell[target] = 1; target = 0 }; break
     :: d_step { !alive[target] -> target = 0 }
     fi
  od
}
/* All that are in the set at one instant. */
inline wakeAll(l) {
  STEP(st = waiting[l]; waiting[l] = 0);
  target = 0;
  do
  :: DIE
  :: d_step { target < PLACES && (st & bit(target)) -> bell[target] = alive[target]; target++ }
  :: d_step { target < PLACES && !(st & bit(target)) -> target++ }
  :: target == PLACES -> target = 0; st = 0; break
  od
}
/* After unlocking the consumers' side: what came back, what became free, the end. */
inline wakeC() {
  if :: wkItem -> wkItem = 0; wakeOne(ITEM) :: else fi;
  if :: wkRoom -> wkRoom = 0; wakeOne(ROOM) :: else fi;
  if :: drained -> drained = 0; wakeAll(ITEM); wakeAll(END) :: else fi
}
/* Whoever waited and leaves, with or without: its own bit FIRST, then a look at what it leaves behind. A wake sent before the bit was
   cleared is passed on by the look; one sent after it goes to somebody else. */
#if defined(BUG_NO_PASS)
#define LEAVE(l, more) if :: waited -> waited = 0; STEP(waiting[l] = waiting[l] & (15 - bit(place))) :: else fi
#elif defined(BUG_LATE_CLEAR)
#define LEAVE(l, more) \
  if \
  :: waited -> \
     waited = 0; \
     if :: more -> wakeOne(l) :: !(more) fi; \
     STEP(waiting[l] = waiting[l] & (15 - bit(place))) \
  :: else \
  fi
#else
#define LEAVE(l, more) \
  if \
  :: waited -> \
     waited = 0; \
     STEP(waiting[l] = waiting[l] & (15 - bit(place))); \
     if :: more -> wakeOne(l) :: !(more) fi \
  :: else \
  fi
#endif
/* Nothing there. The first time: set the bit and look again. Then sleep. */
#ifdef BUG_BIT_LATE
#define SETBIT(l, look) waited = 1; STEP(waiting[l] = waiting[l] | bit(place))      /* and sleeps without another look */
#else
#define SETBIT(l, look) waited = 1; STEP(waiting[l] = waiting[l] | bit(place)); goto look
#endif
/* The slow re-check sets the bit anew too: somebody may have cleared it and died before the byte, and one that looks, finds nothing and
   sleeps on without a bit hears no bell any more. */
#ifdef BUG_DEAF
#define SETBIT_AGAIN(l) skip
#else
#define SETBIT_AGAIN(l) STEP(waiting[l] = waiting[l] | bit(place))
#endif
#define WAITFOR(l, look, work, leave) \
  if :: !waited -> SETBIT(l, look) :: else fi; \
  asleep[place] = 1 + l; \
  end_asleep: \
  if \
  :: DIE \
  :: d_step { bell[place] -> bell[place] = 0; asleep[place] = 0 }; SETBIT(l, look); goto look \
  :: atomic { RECHECK && (RECHECK == 2 || timeout) && (recheck & bit(place)) -> recheck = recheck & (15 - bit(place)); asleep[place] = 0; must = 1 }; \
     SETBIT_AGAIN(l); goto look \
  :: d_step { aborts < ABORTS -> aborts++; asleep[place] = 0 }; goto leave \
  fi
#else
#define wakeOne(l) skip
#define wakeAll(l) skip
#define wakeC() d_step { wkItem = 0; wkRoom = 0; drained = 0 }
#define LEAVE(l, more) skip
#define WAITFOR(l, look, work, leave) \
  asleep[place] = 1 + l; \
  end_asleep: \
  if \
  :: DIE \
  :: d_step { (work) -> asleep[place] = 0; must = someDeadPlace }; goto look \
  fi
#endif

#define roomLeft (occupied < CAP && !sealed)
#define itemLeft (ready > 0)
#define atEnd (sealed && ready == 0 && leased == 0)

/* ── A producer ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */
/* Whoever finds no room also looks after the consumers' side: if its owner died after a commit, the room is there but not yet to be
   seen; and the lease of a dead holder may be the failure too many that makes room. */
#ifdef BUG_PUTTER_BLIND
#define PUTTER_WORK roomLeft || sealed
#define PUTTER_TENDS 0
#else
#define PUTTER_WORK roomLeft || sealed || heldByDead(C) || someDeadPlace
#define PUTTER_TENDS must
#endif

#define fill(i) \
  s = w[FREE(produced + i)]; item[s] = produced + i + 1; w[SEQUENCE(s)] = tail + i + 1; w[DELIVERIES(s)] = 0; w[FAILURES(s)] = 0; s = 0
#define line(i) w[READY(tail + i)] = w[FREE(produced + i)]

proctype Producer(byte place) {
  LOCALS;
  d_step { register() };
put:
  if
  :: PUTTER_TENDS -> lockC(); tend(); unlockC(); wakeC()
  :: else
  fi;
  must = 0;
  if :: k = 1 :: BATCH > 1 -> k = 2 fi;
  lockP();
  /* step 1 */
  STEP(
    if :: k > PUTS - produced -> k = PUTS - produced :: else fi;
    if :: k > CAP - occupied -> k = CAP - occupied :: else fi;
    st = occupied + k;
    if :: st < peak -> st = peak :: else fi;
    if
    :: sealed -> res = 1; k = 0
    :: !sealed && produced == PUTS -> res = 2; k = 0
    :: !sealed && produced < PUTS && k == 0 -> res = 3
    :: else -> res = 0
    fi);
  if
  :: res != 0 ->
     st = 0;
     unlockP();
     if
     :: res == 3 -> res = 0; WAITFOR(ROOM, put, PUTTER_WORK, left)
     :: else -> res = 0; goto left
     fi
  :: else
  fi;
#ifndef BUG_COMMIT_FIRST
  /* step 2: nobody looks at these before the commit */
  STEP(fill(0); if :: k > 1 -> fill(1) :: else fi);
#endif
  STEP(line(0); if :: k > 1 -> line(1) :: else fi);
  /* step 3: pk FIRST. The last put left pk == produced, and a list half written must not be taken for that put's. */
#ifdef BUG_PK_LAST
  STEP(pn = 1; pword[0] = PUTBYTES; pvalue[0] = putBytes + k);
  STEP(pn = 2; pword[1] = PEAK; pvalue[1] = st; st = 0);
  STEP(pk = produced + k);
#else
  STEP(pk = produced + k);
  STEP(pn = 1; pword[0] = PUTBYTES; pvalue[0] = putBytes + k);
  STEP(pn = 2; pword[1] = PEAK; pvalue[1] = st; st = 0);
#endif
#ifdef BUG_WAKE_FIRST
  wakeOne(ITEM);
#endif
  /* step 4: the commit */
  STEP(
    assert(!sealed);                                       /* no put commits after the seal */
    x = produced;
    do :: x < pk -> x++; g[x] = gReady; gIn++; gOpen++ :: else -> break od;
    x = 0;
    if :: gIn > gPeak -> gPeak = gIn :: else fi;
    produced = pk;
    assert(gIn <= CAP && occupied <= CAP);
    k = 0);
#ifdef BUG_COMMIT_FIRST
  STEP(item[w[FREE(produced - 1)]] = produced);
#endif
  /* step 5 */
  applyP();
  unlockP();
#ifndef BUG_WAKE_FIRST
  wakeOne(ITEM);
#endif
  LEAVE(ROOM, roomLeft);
  goto put;
left:
  LEAVE(ROOM, roomLeft);
  goto end_done;
  BORN(put);
end_done: skip
}

/* ── A consumer ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */
#define opTake 1
#define opLease 2
#define opAck 3
#define opNack 4
#define opRelease 5
#define opLate 6         /* ack of the older lease */
#define isCurrent(i, t) (w[STATE(i)] == leasedState && w[LEASE(i)] == t && w[HOLDER(i)] == me)

proctype Consumer(byte place) {
  LOCALS;
  d_step { register() };
next:
  if
  :: tok == 0 && TAKES -> op = opTake
  :: tok == 0 && LEASES -> op = opLease
  :: tok != 0 -> op = opAck
  :: atomic { tok != 0 && nacks < NACKS -> nacks++; op = opNack }
  :: atomic { tok != 0 && releases < RELEASES -> releases++; op = opRelease }
  :: d_step { LATE && tok != 0 && late == 0 -> late = tok; lslot = tslot; lit = tit; ldel = tdel; tok = 0; tslot = 0; tit = 0; tdel = 0;
              op = opLease }
  :: LATE && late != 0 -> op = opLate
  fi;
look:
#ifdef BUG_STALE_SEALED
  STEP(ss = sealed);
#endif
  lockC();
  tend();
  must = 0;
  if
  :: op <= opLease ->
#ifdef BUG_SEALED_AFTER
     STEP(st = tail);
     STEP(ss = sealed);
#else
     /* step 1: sealed, then produced */
     STEP(ss = sealed);
     STEP(st = tail);
#endif
     if
     :: d_step { op == opTake && returned + st > head -> prepareTake(); res = 1 }; commitC()
     :: d_step { op == opLease && returned + st > head -> prepareLease(); res = 1 }; commitC()
     :: d_step { returned + st == head && ss && leased == 0 -> res = 2; assert(gOpen == 0) }     /* the end is told */
     :: d_step { returned + st == head && !(ss && leased == 0) -> res = 3 }
     fi;
     st = 0;
#ifndef BUG_STALE_SEALED
     ss = 0;
#endif
     if
     :: d_step { op == opLease && res == 1 -> tok = w[LEASE(s)]; tslot = s; tit = it; tdel = gDeliveries[it] }
     :: else
     fi
  :: op == opAck || op == opNack || op == opRelease || op == opLate ->
     d_step {
       if :: op == opLate -> s = lslot :: else -> s = tslot fi;
       if
       :: op == opLate -> res = isCurrent(lslot, late)
       :: else -> res = isCurrent(tslot, tok)
       fi;
       if
       :: res && op != opLate -> assert(item[s] == tit && gDeliveries[tit] == tdel)       /* fenced: this very delivery */
       :: res && op == opLate -> assert(item[s] == lit && gDeliveries[lit] == ldel)
       :: else
       fi;
       if
       :: res && (op == opAck || op == opLate) -> prepareAck()
       :: res && op == opNack -> comesBack(1)
       :: res && op == opRelease -> comesBack(0)
       :: else
       fi
     };
     if :: res -> commitC() :: else fi;
     s = 0;
     d_step {
       if
       :: op == opLate -> late = 0; lslot = 0; lit = 0; ldel = 0
       :: else -> tok = 0; tslot = 0; tit = 0; tdel = 0
       fi;
       res = 1
     }
  fi;
  s = 0; it = 0; from = 0; to = 0;
  unlockC();
  ss = 0;
  wakeC();
#ifdef BUG_COPY_LATE
  if :: op == opLease && res == 1 -> STEP(assert(item[tslot] == tit)) :: else fi;    /* the bytes, read after the lock is given back */
#endif
  if
  :: res == 1 -> res = 0; LEAVE(ITEM, itemLeft); goto next
  :: res == 2 -> res = 0; goto left
  :: res == 3 && late != 0 -> res = 0; LEAVE(ITEM, itemLeft); op = opLate; goto look
  :: res == 3 && late == 0 -> res = 0; WAITFOR(ITEM, look, itemLeft || atEnd || heldByDead(C) || someDeadPlace || mustDiscard, left)
  fi;
left:
  LEAVE(ITEM, itemLeft);
  goto end_done;
  BORN(next);
end_done: skip
}

/* ── The others ──────────────────────────────────────────────────────────────────────────────────────────────────────────────── */
#if SEAL
proctype Sealer(byte place; byte how) {
  LOCALS;
  d_step { register() };
seal:
#ifndef BUG_SEAL_WITHOUT_LOCK
  lockP();
#endif
  if
  :: how == 2 ->
     lockC();
     STEP(sealed = 2);                                     /* commits */
     tend();
     drained = 1;
     s = 0; it = 0; from = 0; to = 0;
     unlockC()
  :: else -> STEP(if :: sealed == 0 -> sealed = 1 :: else fi)
  fi;
#ifndef BUG_SEAL_WITHOUT_LOCK
  unlockP();
#endif
  d_step { wkItem = 0; wkRoom = 0; drained = 0 };
  wakeAll(ROOM); wakeAll(ITEM); wakeAll(END);
  goto end_done;
  BORN(seal);
end_done: skip
}
#endif

/* Both locks, the producers' first. */
#if REQUEUE
proctype Requeuer(byte place) {
  LOCALS;
  d_step { register() };
requeue:
  end_idle: if :: DIE :: (dead > 0 || sealed) fi;          /* it is called when there is something to requeue */
#ifdef BUG_LOCK_ORDER
  lockC(); acquire(P, 0);
#else
  lockP();
  lockC();
#endif
  tend();
  if
  :: d_step { !sealed && dead > 0 && occupied < CAP ->
       findState(deadState); it = item[s]; from = gDead; to = gReady; rn = 0;
       REDO(READY(tail), s); REDO(STATE(s), none); REDO(FAILURES(s), 0); REDO(SEQUENCE(s), tail + 1); REDO(DEAD, dead - 1);
       REDO(REQUEUED, requeued + 1);
       if :: occupied + 1 > peak -> REDO(PEAK, occupied + 1) :: else fi;
       wkItem = 1 };
     commitC();
     /* a parked one may move on */
     tend()
  :: d_step { !(!sealed && dead > 0 && occupied < CAP) -> skip }
  fi;
  s = 0; it = 0; from = 0; to = 0;
  unlockC();
  unlockP();
  wakeC();
  goto end_done;
  BORN(requeue);
end_done: skip
}
#endif

#if REMOVE
proctype Remover(byte place) {
  LOCALS;
  d_step { register() };
remove:
  end_idle: if :: DIE :: dead > 0 fi;
  lockC();
  tend();
  if
  :: d_step { dead > 0 ->
       findState(deadState); it = item[s]; from = gDead; to = gDiscarded; rn = 0;
       w[FREE(freed)] = s; REDO(STATE(s), none); REDO(DEAD, dead - 1); REDO(DISCARDED, discarded + 1) };
     commitC();
     tend()
  :: d_step { dead == 0 -> skip }
  fi;
  s = 0; it = 0; from = 0; to = 0;
  unlockC();
  wakeC();
  goto end_done;
  BORN(remove);
end_done: skip
}
#endif

#if DRAINED
proctype Drained(byte place) {
  LOCALS;
  d_step { register() };
look:
  lockC(); tend(); must = 0;
  s = 0; it = 0; from = 0; to = 0;
  STEP(ss = sealed);
  STEP(st = tail);
  STEP(res = (ss && returned + st == head && leased == 0); ss = 0; st = 0; assert(!res || gOpen == 0));
  unlockC();
  wakeC();
  if
  :: res -> res = 0; goto left
  :: else -> WAITFOR(END, look, atEnd || heldByDead(C) || someDeadPlace || mustDiscard, left)
  fi;
left:
  LEAVE(END, false);
  goto end_done;
  BORN(look);
end_done: skip
}
#endif

/* ── At rest ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────── */
/* Nobody can move any more: then nobody may be asleep who has something to do. (Whoever is stuck elsewhere is found by Spin: the
   place is no end state.) */
#define unseen(p) (RECHECK && asleep[p] && (recheck & bit(p)))
proctype Rest() {
end_rest:
  timeout && !unseen(0) && !unseen(1) && !unseen(2) && !unseen(3);
  d_step {
    x = 0;
    do
    :: x < PLACES ->
       if
       :: asleep[x] == 1 + ROOM -> assert(!sealed && gIn == CAP)
       :: asleep[x] == 1 + ITEM -> assert(!(sealed && gOpen == 0)); y = 1; do :: y <= PUTS -> assert(g[y] != gReady); y++ :: else -> break od
       :: asleep[x] == 1 + END -> assert(!(sealed && gOpen == 0))
       :: else
       fi;
       if
       :: asleep[x] ->                                      /* a dead holder has been noticed by anyone who waits */
          y = 0;
          do
          :: y < SLOTS -> assert(w[STATE(y)] != leasedState || valid || heldByDead(C) || isAlive(w[HOLDER(y)])); y++
          :: else -> break
          od
       :: else
       fi;
       x++
    :: else -> break
    od;
    if
    :: lockWord[C] == 0 && !valid -> checkC()
    :: else
    fi;
    x = 0; y = 0
  }
}

init {
  atomic {
    x = 0;
    do :: x < SLOTS -> w[FREE(x)] = x; x++ :: else -> break od;
    x = 0;
    pk = 255;
    run Producer(0);
#if PRODUCERS == 2
    run Producer(1);
#endif
    x = PRODUCERS;
    run Consumer(x); x++;
#if CONSUMERS > 1
    run Consumer(x); x++;
#endif
#if CONSUMERS > 2
    run Consumer(x); x++;
#endif
#if SEAL == 1 || SEAL == 3
    run Sealer(x, 1); x++;
#endif
#if SEAL == 2 || SEAL == 3
    run Sealer(x, 2); x++;
#endif
#if REQUEUE
    run Requeuer(x); x++;
#endif
#if REMOVE
    run Remover(x); x++;
#endif
#if DRAINED
    run Drained(x); x++;
#endif
    run Rest();
    x = 0
  }
}
