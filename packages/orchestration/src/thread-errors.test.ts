import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
import { DataError } from '@chorus/data';
import { ModelError } from '@chorus/models';
import { prepareProcess, RuntimeError } from '@chorus/runtime';
import { StorageError } from '@chorus/storage';
import type { LaneStartup, PredictTask } from '@chorus/training';
import { describeError, StopFlag, StoppedError } from '@chorus/training';
import { describe, expect, it } from 'vitest';
import { ConfigError, TooFewMembersError } from './errors.ts';
import { classifyError } from './exit-codes.ts';
import { Lane } from './lanes/lane.ts';
import { observerFrom } from './run/observer.ts';
import { reviveError } from './thread-errors.ts';

/** The error after passing through another thread. */
function sent(error: unknown): Error {
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(describeError(error));
  const received = receiveMessageOnPort(port2)!.message;
  port1.close();
  return reviveError(received);
}

describe('an error from another thread', () => {
  it.each([
    ...[ConfigError, DataError, ModelError, RuntimeError, StorageError, StoppedError, TooFewMembersError],
    ...[Error, TypeError, RangeError],
  ])('keeps its class, message, stack and exit code: $name', (ErrorClass) => {
    const error = new ErrorClass('what happened');
    const revived = sent(error);
    expect(Object.getPrototypeOf(revived)).toBe(ErrorClass.prototype);
    expect({ ...revived, message: revived.message, stack: revived.stack, name: revived.name }).toEqual({
      ...error,
      ...{ message: 'what happened', stack: error.stack, name: error.name },
    });
    expect(classifyError(revived)).toEqual(classifyError(error));
  });

  it('keeps its code, data and causes', () => {
    const cause = Object.assign(new TypeError('below'), { code: 'ENOSPC', data: { folder: '/x' } });
    const revived = sent(new StorageError('above', { cause }));
    expect(revived.cause).toBeInstanceOf(TypeError);
    expect(revived.cause).toMatchObject({
      message: 'below',
      code: 'ENOSPC',
      data: { folder: '/x' },
      stack: cause.stack,
    });
  });

  it('keeps the name of an unknown class', () => {
    class OtherError extends Error {
      override name = 'OtherError';
    }
    expect(sent(new OtherError('x'))).toMatchObject({ name: 'OtherError', message: 'x' });
  });

  it.each(['text', undefined, 7])('has a message when %s was thrown', (thrown) => {
    expect(sent(thrown).message).toBe(String(thrown));
  });

  it('truncates a cyclic chain of causes', () => {
    const error = new Error('x');
    error.cause = error;
    expect(sent(error).message).toBe('x');
  });
});

describe("the error of a lane's task", () => {
  const startup = (device: LaneStartup['runtime']['device']): Omit<LaneStartup, 'progress'> => ({
    runtime: { device },
    compute: { compile: true, bfloat16: false, forward: { engine: 'tensorflow' } },
    stop: new StopFlag().shared,
  });
  prepareProcess();
  const failureOn = async (device: LaneStartup['runtime']['device'], task: object) => {
    const lane = new Lane(startup(device), observerFrom());
    try {
      return await lane.run(task as PredictTask).catch((error: unknown) => error as Error);
    } finally {
      await lane.close();
    }
  };

  it('is a ModelError for an invalid member', async () => {
    const error = await failureOn('cpu:0', {
      kind: 'predict',
      name: 'a',
      model: 'a',
      manifest: {},
      weights: new Uint8Array(),
    });
    expect(error).toBeInstanceOf(ModelError);
    expect((error as Error).message).toMatch(/^Invalid member manifest: /);
  });

  it('is a RuntimeError for a device that does not exist', async () => {
    expect(await failureOn('gpu:7', { kind: 'predict', name: 'a' })).toBeInstanceOf(RuntimeError);
  });

  it("is an Error with the thread's stack for a bug", async () => {
    const error = await failureOn('cpu:0', { kind: 'train', name: 'a' });
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).stack).toMatch(/train-member\.js/);
    expect(classifyError(error)).toEqual({ exitCode: 1, forUser: false });
  });
});
