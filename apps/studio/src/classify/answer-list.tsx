import type { Answer } from './classifier.worker.ts';

/** The most probable classes with their probabilities, as bars. */
export function AnswerList({ answer }: { answer: Answer }) {
  return (
    <>
      <ol class="answer">
        {answer.classes.map(({ label, probability }) => (
          <li key={label}>
            <span class="label">{label}</span>
            <span class="probability">{(100 * probability).toFixed(1)} %</span>
            <progress max={1} value={probability} aria-hidden="true" />
          </li>
        ))}
      </ol>
      {answer.isFirst && <p class="hint">By the first network alone.</p>}
    </>
  );
}
