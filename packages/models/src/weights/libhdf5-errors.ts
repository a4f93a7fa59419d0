import { ModelError } from '../errors.ts';

/**
 * Runs a function that calls libhdf5. Its errors are a page long: the reason is in the third line from the end.
 *
 * @throws ModelError of one line, with the file's name and what was expected.
 */
export function attempt<T>(fileName: string, expectation: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { message } = error as Error;
    const reason = [...message.matchAll(/^ *#\d+: .* in \w+\(\): (.*)$/gm)].at(-1)?.[1] ?? message;
    throw new ModelError(`${fileName}: ${expectation}, received an error: ${reason}.`);
  }
}
