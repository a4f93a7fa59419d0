/**
 * Advice that a caller can add to an error's message in terms of its own options; this package has no command-line options.
 *
 * - `output-place`: use another output folder
 * - `disk-space`: use another output folder, or free disk space
 * - `run-exists`: resume the run in `data.folder`, or use another folder
 * - `run-edited`: accept what has been edited, or restore it
 * - `run-stopped`: resume the run in `data.folder`
 * - `data-needed`: give a data set: a folder, or one of `data.names`
 * - `weights-folder`: use another source of weights than the given folder
 * - `weights-download`: use another source of weights than the published ones
 * - `bfloat16-unavailable`: use the precision `auto`
 * - `setup-needed`: set up the native runtime
 * - `folder-layout`: use another layout of the data folder
 * - `evaluate-all`: evaluate all images of the folder
 * - `time-budget`: use a longer time budget, or none
 */
export const adviceCodes = [
  'output-place',
  'disk-space',
  'run-exists',
  'run-edited',
  'run-stopped',
  'data-needed',
  'weights-folder',
  'weights-download',
  'bfloat16-unavailable',
  'evaluate-all',
  'folder-layout',
  'setup-needed',
  'time-budget',
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

/** An error's advice; undefined if it has none. */
export function adviceOf(error: unknown): Advice | undefined {
  const { code, data } = error as { code?: unknown; data?: Advice['data'] };
  const known = adviceCodes.find((one) => one === code);
  return known === undefined ? undefined : { code: known, ...(data === undefined ? {} : { data }) };
}

/** A mistake in the experiment, such as an unknown key, an invalid value or a missing device. Exit code 2. */
export class ConfigError extends Error {
  override name = 'ConfigError';
  /** The lines of the message; line breaks within a line come from values. */
  readonly lines: readonly string[];

  constructor(message: string, details: readonly string[] = [], options?: ErrorOptions) {
    const lines = [message, ...details.map((line) => `  ${line}`)];
    super(lines.join('\n'), options);
    this.lines = lines;
  }
}

/** Too few members finished for an ensemble. Exit code 5. */
export class TooFewMembersError extends Error {
  override name = 'TooFewMembersError';
}
