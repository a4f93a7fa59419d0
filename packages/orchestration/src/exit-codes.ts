import { DataError } from '@chorus/data';
import { ModelError } from '@chorus/models';
import { RuntimeError } from '@chorus/runtime';
import { StorageError, systemErrorMessage } from '@chorus/storage';
import { StoppedError, TrainingError } from '@chorus/training';
import { ConfigError, TooFewMembersError } from './errors.ts';

/** Exit codes of a process that ran an experiment. */
export const exitCodes = {
  done: 0,
  bug: 1,
  badConfig: 2,
  doneWithFailedMembers: 3,
  badData: 4,
  tooFewMembers: 5,
  stopped: 130,
} as const;

/**
 * The exit code of an error that ended a run, and whether its message is for the user (one line, no stack).
 */
export function classifyError(error: unknown): { exitCode: number; forUser: boolean } {
  if (error instanceof StoppedError) return { exitCode: exitCodes.stopped, forUser: true };
  if (error instanceof TooFewMembersError) return { exitCode: exitCodes.tooFewMembers, forUser: true };
  if (error instanceof DataError) return { exitCode: exitCodes.badData, forUser: true };
  const mistakes = [ConfigError, ModelError, RuntimeError, StorageError, TrainingError];
  const isForUser = mistakes.some((kind) => error instanceof kind) || systemErrorMessage(error) !== undefined;
  if (isForUser) return { exitCode: exitCodes.badConfig, forUser: true };
  return { exitCode: exitCodes.bug, forUser: false };
}

/** The message of an error for the user. */
export function messageOf(error: unknown): string {
  return systemErrorMessage(error) ?? (error instanceof Error ? error.message : String(error));
}

/** Whether the user can fix the cause of an error; any other error is a bug in Chorus or a library. */
export function isUserMistake(error: unknown): boolean {
  return classifyError(error).forUser;
}
