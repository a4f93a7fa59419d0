import { classifyError, messageOf } from '@chorus/orchestration';
import { RequestError } from '@chorus/server/http';
import { StudioError } from '../errors.ts';
import { JobError } from '../jobs/job.ts';
import type { ErrorAnswer } from '../protocol/workspace.ts';

/**
 * The answer of a failed request.
 *
 * @param onError receives an error that is not the user's.
 */
export function errorAnswer(error: unknown, onError: (error: unknown) => void): Response {
  if (error instanceof RequestError) return answer(error.status, error, error.headers);
  if (error instanceof StudioError) return answer(error.status, error);
  if (error instanceof JobError) {
    const { message, bug, isStopped } = error.failure;
    if (isStopped) return answer(409, { message, code: 'conflict' });
    if (bug === null) return answer(422, { message, code: 'refused' });
    onError(new Error(bug, { cause: error }));
    return answer(500, { message, code: 'internal' });
  }
  if (classifyError(error).forUser) return answer(422, { message: messageOf(error), code: 'refused' });
  onError(error);
  return answer(500, { message: 'The studio failed; its terminal has the reason.', code: 'internal' });
}

// --- internal ---

function answer(
  status: number,
  { message, code }: { message: string; code: string },
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ error: message, code } satisfies ErrorAnswer, { status, headers });
}
