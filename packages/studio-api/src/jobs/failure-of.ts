import { inspect } from 'node:util';
import { adviceOf, classifyError, messageOf, StoppedError } from '@chorus/orchestration';
import type { Failure } from './messages.ts';

/** An error as it crosses to the studio's process. */
export function failureOf(error: unknown): Failure {
  const { forUser } = classifyError(error);
  return {
    message: messageOf(error),
    bug: forUser ? null : inspect(error),
    isStopped: error instanceof StoppedError,
    canResume: adviceOf(error)?.code === 'run-stopped',
  };
}
