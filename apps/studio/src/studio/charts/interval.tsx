/** A value with its interval, between the ends that all rows of a table share. */
export function Interval({
  value,
  interval,
  ends,
  isMain,
}: {
  value: number;
  interval: readonly [number, number] | null;
  ends: readonly [number, number];
  isMain: boolean;
}) {
  const x = (share: number) => 4 + (192 * (share - ends[0])) / (ends[1] - ends[0] || 1);
  return (
    <svg class={isMain ? 'interval main' : 'interval'} viewBox="0 0 200 16" aria-hidden="true">
      <path class="grid" d="M4 8H196" />
      {interval !== null && <path class="range" d={`M${x(interval[0])} 8H${x(interval[1])}`} />}
      <circle cx={x(value)} cy="8" r="4" />
    </svg>
  );
}
