import { systemErrorReason } from '@chorus/storage';
import { refused } from '../errors.ts';

/**
 * Runs a change of the disk, whose failures are the user's to fix.
 *
 * @param place for the message.
 * @throws StudioError in place of an error of the file system.
 */
export async function changing<Result>(place: string, change: () => Promise<Result>): Promise<Result> {
  try {
    return await change();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw refused(`Cannot change ${place}: ${systemErrorReason(error)}.`, { cause: error });
  }
}
