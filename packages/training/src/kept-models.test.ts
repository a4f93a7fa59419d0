import { describe, expect, it } from 'vitest';
import { KeptModels } from './kept-models.ts';

/** Counts the models that are alive. */
function modelsUnderTest() {
  const alive = new Set<string>();
  const models = new KeptModels();
  const get = (key: string, isKept: boolean) =>
    models.get(
      key,
      async () => {
        alive.add(key);
        return { dispose: async () => void alive.delete(key) };
      },
      { isKept },
    );
  return { alive, models, get };
}

describe('models of a lane', () => {
  it('are built once per key and disposed when released', async () => {
    const { alive, models, get } = modelsUnderTest();
    const first = await get('one', true);
    expect(await get('one', true)).toBe(first);
    await get('two', true);
    expect([...alive]).toEqual(['one', 'two']);
    await models.release();
    expect([...alive]).toEqual([]);
    expect(await get('one', true)).not.toBe(first);
  });

  it('are disposed before the next one is built, unless they are kept', async () => {
    const { alive, models, get } = modelsUnderTest();
    await get('kept', true);
    const first = await get('a', false);
    expect(await get('a', false)).toBe(first);
    await get('kept', true);
    expect([...alive]).toEqual(['kept', 'a']);
    await get('b', false);
    expect([...alive]).toEqual(['kept', 'b']);
    await models.releaseLatest();
    expect([...alive]).toEqual(['kept']);
  });

  it('are built again after a failure', async () => {
    const { alive, models, get } = modelsUnderTest();
    const failing = models.get('a', () => Promise.reject(new Error('no')), { isKept: false });
    await expect(failing).rejects.toThrow('no');
    await get('a', false);
    expect([...alive]).toEqual(['a']);
  });
});
