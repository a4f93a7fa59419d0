/** Work was stopped on request. Exit code 130; of a command, that of its signal. */
export class StoppedError extends Error {
  override name = 'StoppedError';
}

/** Training cannot continue because of its settings or images. */
export class TrainingError extends Error {
  override name = 'TrainingError';
  readonly code = 'loss-not-finite';
}
