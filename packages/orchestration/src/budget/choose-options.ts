/** Chooses one option per member, or none, within limits of time. */

export interface TimedOption {
  /** What the option is worth; a positive whole number. */
  value: number;
  /** Lane-seconds of all of its work, which lanes share. */
  seconds: number;
  /** Seconds of its longest part, which a single lane runs. */
  longestSeconds: number;
}

export interface TimeLimits {
  /** Time of all lanes together. */
  laneSeconds: number;
  /** Time that a single part may take. */
  longestSeconds: number;
}

/**
 * Finds the most valuable choice that fits, by dynamic programming over total values. Of equally valuable choices it is the
 * shortest. With more time, the value of the choice never falls.
 *
 * @param options of each member, in any order.
 * @param least number of members that the choice must have.
 * @returns per member its option, or null if it is left out; undefined if no choice fits.
 */
export function chooseOptions<Option extends TimedOption>(
  options: readonly (readonly Option[])[],
  limits: TimeLimits,
  least: number,
): (Option | null)[] | undefined {
  let partial = new Map<string, Partial<Option>>([['0 0', { count: 0, value: 0, seconds: 0, last: undefined }]]);
  for (const [member, ofMember] of options.entries()) {
    const next = new Map(partial);
    for (const option of ofMember) {
      if (option.longestSeconds > limits.longestSeconds) continue;
      for (const before of partial.values()) {
        const count = Math.min(least, before.count + 1);
        const value = before.value + option.value;
        const seconds = before.seconds + option.seconds;
        if (seconds > limits.laneSeconds) continue;
        const key = `${count} ${value}`;
        const known = next.get(key);
        if (known === undefined || seconds < known.seconds)
          next.set(key, { count, value, seconds, last: { member, option, before } });
      }
    }
    partial = next;
  }
  const [best] = [...partial.values()]
    .filter(({ count }) => count === least)
    .toSorted((a, b) => b.value - a.value || a.seconds - b.seconds);
  return best && chosenOf(best, options.length);
}

// --- internal ---

/** The shortest choice of a number of members and a total value. */
interface Partial<Option> {
  /** Number of members, at most as many as required. */
  count: number;
  value: number;
  seconds: number;
  last: { member: number; option: Option; before: Partial<Option> } | undefined;
}

function chosenOf<Option>(best: Partial<Option>, memberCount: number): (Option | null)[] {
  const chosen = new Array<Option | null>(memberCount).fill(null);
  for (let { last } = best; last !== undefined; { last } = last.before) chosen[last.member] = last.option;
  return chosen;
}
