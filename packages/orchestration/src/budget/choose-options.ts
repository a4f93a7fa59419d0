/** Chooses one option per member, or none, within limits of time. */

export interface TimedOption {
  /** What the option is worth; a positive whole number. */
  value: number;
  /** Lane-seconds of all of its work. */
  seconds: number;
  /** Seconds of its longest part, which a single lane runs. */
  longestSeconds: number;
}

export interface LaneTime {
  /** Wall time. */
  seconds: number;
  laneCount: number;
  /** How much faster a lane is while the others are idle; at most `laneCount`. */
  speedAlone: number;
}

/** Wall time of work on lanes, at most: all lanes work until one part is left, which takes as long as the longest. */
export function wallSeconds(
  chosen: readonly Pick<TimedOption, 'seconds' | 'longestSeconds'>[],
  lanes: Omit<LaneTime, 'seconds'>,
): number {
  const all = chosen.reduce((sum, { seconds }) => sum + seconds, 0);
  return all / lanes.laneCount + lastShare(lanes) * Math.max(0, ...chosen.map(({ longestSeconds }) => longestSeconds));
}

/**
 * Finds the most valuable choice that fits, by dynamic programming over total values. Of equally valuable choices it is the
 * shortest. With more than 12 different longest parts, a choice may be slightly less valuable than the best. With more time, the
 * value of the choice never falls.
 *
 * @param options of each member, in any order.
 * @param least number of members that the choice must have.
 * @returns per member its option, or null if it is left out; undefined if no choice fits.
 */
export function chooseOptions<Option extends TimedOption>(
  options: readonly (readonly Option[])[],
  time: LaneTime,
  least: number,
): (Option | null)[] | undefined {
  const choices = longestParts(options, time).flatMap((longest) => {
    const laneSeconds = time.laneCount * (time.seconds - lastShare(time) * longest);
    const short = options.map((ofMember) => ofMember.filter(({ longestSeconds }) => longestSeconds <= longest));
    const choice = mostValuable(short, laneSeconds, least);
    return choice === undefined ? [] : [choice];
  });
  return choices.toSorted((a, b) => b.value - a.value || a.seconds - b.seconds)[0]?.chosen;
}

// --- internal ---

/** How much of the longest part's time passes while only its lane works, at most. */
function lastShare({ laneCount, speedAlone }: Omit<LaneTime, 'seconds'>): number {
  return 1 / speedAlone - 1 / laneCount;
}

/** Of many limits, evenly spaced ones are tried, so that 32 members are chosen within seconds. */
const mostLimits = 12;

/** Limits of the longest part of a choice, each of which leaves another time for the sum of all parts. */
function longestParts(options: readonly (readonly TimedOption[])[], time: LaneTime): number[] {
  const all = [...new Set(options.flat().map(({ longestSeconds }) => longestSeconds))].toSorted((a, b) => a - b);
  if (lastShare(time) === 0) return all.slice(-1);
  const step = Math.max(1, all.length / mostLimits);
  return all.filter(
    (_, index) => index === all.length - 1 || Math.floor(index / step) !== Math.floor((index - 1) / step),
  );
}

/** The most valuable choice whose lane-seconds fit. */
function mostValuable<Option extends TimedOption>(
  options: readonly (readonly Option[])[],
  laneSeconds: number,
  least: number,
): { value: number; seconds: number; chosen: (Option | null)[] } | undefined {
  const mostValue = options.reduce((sum, ofMember) => sum + Math.max(0, ...ofMember.map(({ value }) => value)), 0);
  const width = mostValue + 1;
  /** The least seconds by the number of members, at most `least`, and the value. */
  let seconds = new Float64Array((least + 1) * width).fill(Number.POSITIVE_INFINITY);
  seconds[0] = 0;
  /** Per member and state, what led to it: the option and the state before. */
  const steps = options.map((ofMember) => {
    const next = seconds.slice();
    const option = new Int16Array(next.length).fill(-1);
    const before = new Int32Array(next.length);
    for (const [index, one] of ofMember.entries())
      for (let state = 0; state < seconds.length; state += 1) {
        const total = seconds[state]! + one.seconds;
        if (!(total <= laneSeconds)) continue;
        const count = Math.min(least, Math.floor(state / width) + 1);
        const after = count * width + (state % width) + one.value;
        if (total >= next[after]!) continue;
        next[after] = total;
        option[after] = index;
        before[after] = state;
      }
    seconds = next;
    return { option, before };
  });
  let value = mostValue;
  while (value >= 0 && seconds[least * width + value] === Number.POSITIVE_INFINITY) value -= 1;
  if (value < 0) return undefined;
  const chosen = new Array<Option | null>(options.length).fill(null);
  let state = least * width + value;
  for (let member = options.length - 1; member >= 0; member -= 1) {
    const { option, before } = steps[member]!;
    if (option[state] === -1) continue;
    chosen[member] = options[member]![option[state]!]!;
    state = before[state]!;
  }
  return { value, seconds: seconds[least * width + value]!, chosen };
}
