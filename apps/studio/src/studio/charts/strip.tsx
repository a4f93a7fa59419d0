export interface Span {
  /** Seconds since the start. */
  from: number;
  to: number;
  /** Number of the color, from 0; null for work of no single member. */
  color: number | null;
  title: string;
}

/** Work over time: what a lane did when; where nothing is drawn, it waited. */
export function Strip({ spans, seconds, label }: { spans: readonly Span[]; seconds: number; label: string }) {
  const end = Math.max(1, seconds);
  return (
    <svg class="strip" viewBox="0 0 1000 20" preserveAspectRatio="none" role="img" aria-label={label}>
      <rect class="waiting" width="1000" height="20" />
      {spans.map(({ from, to, color, title }) => (
        <rect
          key={`${from} ${title}`}
          class={color === null ? 'work' : `series-${color % 8}`}
          x={(1000 * from) / end}
          width={Math.max(1, (1000 * (to - from)) / end)}
          height="20"
        >
          <title>{title}</title>
        </rect>
      ))}
    </svg>
  );
}
