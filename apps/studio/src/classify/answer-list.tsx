import { ClassProbabilities } from '../shared/class-probabilities.tsx';
import type { Answer } from './classifier.worker.ts';

/** The most probable classes, and whether only the first network answered. */
export function AnswerList({ answer }: { answer: Answer }) {
  return (
    <>
      <ClassProbabilities classes={answer.classes} />
      {answer.isFirst && <p class="hint">By the first network alone.</p>}
    </>
  );
}
