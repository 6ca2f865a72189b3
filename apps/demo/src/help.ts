/** `--help`. */

export const HELP = `Usage: pnpm demo [options]

Two producers and two consumers, each a process of its own, around one buffer of at most five items.

  --transport NAME    where the buffer lives: see --list (default: file)
  --capacity N        most items in the buffer (default: 5)
  --producers N       how many producers (default: 2)
  --items N,N,...     how many items each of them makes (default: 5,4)
  --consumers N       how many consumers (default: 2)
  --produce-ms RANGE  how long an item takes to make, such as 20 or 20-80 (default: 20-80)
  --consume-ms RANGE  how long an item takes to consume (default: 400-700)
  --idle-ms N         a consumer also stops when the buffer stays empty so long
  --seed N            the same seed gives the same pace (default: another each time)
  --input FILE        the lines of a file become the items; - reads standard input
  --output FILE       what the consumers received, one line each
  --path PATH         where to make the buffer (default: in the folder for temporary files)
  --url URL           instead: over zeromq where its broker listens, such as tcp://127.0.0.1:*; over redis and nats the
                      server and the buffer's name, such as nats://127.0.0.1#demo (default: a server of the demo's own)
  --journal PATH      over zeromq: a directory to be made, which keeps what is in the buffer
  --keep              leave the buffer there in the end
  --resume            go on with the buffer that a run before left at --path (over zeromq: in --journal, over redis and nats: at --url)
  --restart           start workers again however often they crash (default: 3 times in 10 s)
  --kill ROLE         kill a producer, or a consumer, again and again, to see what becomes of it
  --every TIME        how often, such as 500ms or 2s (default: 500ms)
  --poison N          so many of the items fail each time, and end as dead letters
  --plain             the log, also on a terminal, in place of the live view
  --json              one JSON object a line
  --list              the transports installed, with their guarantees
  --help              this text

Exit codes: 0 all consumed, 2 wrong use, 3 items lost, 4 not drained, 5 a worker crashed too often, 6 transport not available,
129, 130, 143 ended by SIGHUP, SIGINT (Ctrl-C), SIGTERM. Ctrl-C once drains the buffer, twice stops at once, thrice kills.
`;
