import type { StudioErrorCode } from './protocol/workspace.ts';

/** A request that the studio cannot fulfill; its message is for the user. */
export class StudioError extends Error {
  override name = 'StudioError';
  readonly status: 409 | 422;
  readonly code: StudioErrorCode;

  constructor(code: StudioErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = code === 'refused' ? 422 : 409;
  }
}

export function conflict(message: string): StudioError {
  return new StudioError('conflict', message);
}

export function refused(message: string, options?: ErrorOptions): StudioError {
  return new StudioError('refused', message, options);
}
