/** For tests of times that a product fixes, such as the seconds after which a client is taken for dead. */

const LOOK_EVERY_MS = 10;
const ATTEMPTS = 5;

/**
 * Does it, and where it fails while this machine stood still does it again, five times in all at most: what a client or a broker could do
 * in its time was then no more than chance. Where the machine ran, the first failure is thrown; on no machine is one overlooked that
 * comes each time.
 *
 * @param pauseMsMax - for which this process may have stood still, beyond which a failure says nothing.
 */
export async function unlessPaused<T>(pauseMsMax: number, attempt: () => Promise<T>): Promise<T> {
  for (let n = 1; ; n++) {
    const longestMs = watchPauses();
    try {
      return await attempt();
    } catch (error) {
      const pausedMs = longestMs();
      if (pausedMs <= pauseMsMax || n === ATTEMPTS) throw error;
      console.log(`This machine stood still for ${pausedMs.toFixed(0)} ms: tried again after ${error}`);
    } finally {
      longestMs();
    }
  }
}

/** @returns tells the longest pause of this process so far, and ends the watch. */
function watchPauses(): () => number {
  let [last, longest] = [performance.now(), 0];
  const look = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last - LOOK_EVERY_MS);
    last = now;
  };
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => {
    look();
    clearInterval(timer);
    return longest;
  };
}
