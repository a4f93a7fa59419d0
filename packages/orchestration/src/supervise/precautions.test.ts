import { describe, expect, it } from 'vitest';
import { restartsOf } from '../run/incident-record.ts';
import { type Incident, mayRestart } from './incident.ts';
import { precautionsAfter } from './precautions.ts';

const incident = (kind: Incident['kind'], ...suspects: string[]): Incident => ({
  ...{ atMs: 0, kind, process: 'training', ending: 'SIGSEGV', suspects, folder: null },
  lanes: suspects.map((task, index) => ({
    ...{ device: `cpu:${index}`, task, kind: 'train', stage: null, epochIndex: null, stepIndex: null },
    secondsSinceProgress: 0,
  })),
});

const after = (...incidents: Incident[]) => precautionsAfter(incidents, incidents);

describe('precautions', () => {
  it('are none after the first crash', () => {
    const { failed, alone, halvings } = after(incident('crashed', 'a', 'b'));
    expect([failed.size, alone.size, halvings.size]).toEqual([0, 0, 0]);
  });

  it('run those alone that were there at both crashes', () => {
    const { failed, alone } = after(incident('crashed', 'a', 'b'), incident('crashed', 'a', 'c'));
    expect([...alone]).toEqual(['a']);
    expect(failed.size).toBe(0);
  });

  it('do not keep a task alone that is known to be the cause', () => {
    expect(after(incident('hung', 'a'), incident('hung', 'a')).alone.size).toBe(0);
  });

  it('fail a task at the third crash, with its reason, and no other', () => {
    const { failed, alone } = after(
      ...[incident('crashed', 'a', 'b'), incident('crashed', 'a', 'b'), incident('crashed', 'a')],
    );
    expect([...failed]).toEqual([
      ['a', 'the training process crashed in native code (SIGSEGV) during a on cpu:0, for the third time'],
    ]);
    expect([...alone]).toEqual(['b']);
  });

  it('41: halve batches at each kill, also after a part of the run that has ended', () => {
    const earlier = incident('killed', 'a', 'b');
    const { halvings } = precautionsAfter([incident('killed', 'a')], [earlier, incident('killed', 'a')]);
    expect([...halvings]).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(after(incident('crashed', 'a')).halvings.size).toBe(0);
  });

  it('41: halve no batches because features were computed at the kill, and the note does not say so', () => {
    const [training] = incident('killed', 'a').lanes;
    const killed: Incident = { ...incident('killed', 'a'), lanes: [{ ...training!, kind: 'features' }] };
    expect(after(killed).halvings.size).toBe(0);
    expect(restartsOf([killed])[0]!.note).toMatch(/The run continued from its checkpoints\.$/);
    expect(restartsOf([incident('killed', 'a')])[0]!.note).toContain(
      'training steps of a processed half as many images',
    );
  });
});

it('a process that ends without a suspect is restarted twice, one with a suspect until that fails', () => {
  const none = incident('crashed');
  expect([[none], [none, none], [none, none, none]].map(mayRestart)).toEqual([true, true, false]);
  const some = incident('crashed', 'a');
  expect(mayRestart([none, none, some, some, some])).toBe(true);
  expect(mayRestart([some, some, some, some])).toBe(false);
  expect(mayRestart([some, some, some, { ...some, folder: 'of the next seed' }])).toBe(true);
  expect(mayRestart([some, none, none])).toBe(true);
  expect(mayRestart([none, none, { ...none, folder: 'of the next seed' }])).toBe(true);
});
