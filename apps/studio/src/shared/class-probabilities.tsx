export interface ClassProbability {
  label: string;
  /** 0 to 1. */
  probability: number;
}

/** Classes with their probabilities, as bars. */
export function ClassProbabilities({ classes }: { classes: readonly ClassProbability[] }) {
  return (
    <ol class="answer">
      {classes.map(({ label, probability }) => (
        <li key={label}>
          <span class="label">{label}</span>
          <span class="probability">{(100 * probability).toFixed(1)} %</span>
          <progress max={1} value={probability} aria-hidden="true" />
        </li>
      ))}
    </ol>
  );
}
