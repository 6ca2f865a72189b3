/** Whether this process had its turns while something was looked at. */

const LOOK_EVERY_MS = 10;

/** @returns tells the longest time for which it stood still so far, in milliseconds, and ends the watch. */
export function watchPauses(): () => number {
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
