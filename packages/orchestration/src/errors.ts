/**
 * What a caller can advise for an error, in the words of its own options; the messages of this package name none.
 *
 * - `output-place`: another place for the result
 * - `disk-space`: another place for the result, or more space
 * - `run-exists`: resuming the run in `data.folder`, or another folder
 * - `run-stopped`: resuming the run in `data.folder`
 * - `data-needed`: a data set: a folder, or one out of `data.names`
 * - `weights-folder`: another source of weights than the folder that was named
 * - `weights-download`: another source of weights than the published ones
 * - `bfloat16-unavailable`: the precision `auto`
 * - `evaluate-all`: every image of the folder instead of some
 */
export const adviceCodes = [
  'output-place',
  'disk-space',
  'run-exists',
  'run-stopped',
  'data-needed',
  'weights-folder',
  'weights-download',
  'bfloat16-unavailable',
  'evaluate-all',
] as const;
export type AdviceCode = (typeof adviceCodes)[number];

export interface Advice {
  code: AdviceCode;
  data?: Readonly<Record<string, string>>;
}

/** Adds advice to an error of any class. */
export function advise<Kind extends Error>(error: Kind, advice: Advice): Kind & Advice {
  return Object.assign(error, advice);
}

/** The advice that an error carries; undefined where its message says all. */
export function adviceOf(error: unknown): Advice | undefined {
  const { code, data } = error as { code?: unknown; data?: Advice['data'] };
  const known = adviceCodes.find((one) => one === code);
  return known === undefined ? undefined : { code: known, ...(data === undefined ? {} : { data }) };
}

/** A mistake in the experiment, such as an unknown key, an invalid value or a missing device. Exit code 2. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  /** Lines of the message; any other line break comes from a value. */
  readonly lines: readonly string[];

  constructor(message: string, details: readonly string[] = [], options?: ErrorOptions) {
    const lines = [message, ...details.map((line) => `  ${line}`)];
    super(lines.join('\n'), options);
    this.lines = lines;
  }
}

/** Fewer members finished than an ensemble needs. Exit code 5. */
export class TooFewMembersError extends Error {
  override name = 'TooFewMembersError';
}
