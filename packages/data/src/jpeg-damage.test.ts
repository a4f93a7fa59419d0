import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import golden from '../../../tools/golden/jpeg-damage.json' with { type: 'json' };
import { decodePixels, readHeader, shrunkSize } from './decode-pixels.ts';
import { damageJpeg, damageKinds } from './jpeg-damage.fixture.ts';

/** The decoded pixels, or the reason for rejection. */
type Verdict = Uint8Array | string;

interface Case {
  name: string;
  bytes: Buffer;
  healthy: Uint8Array;
  /** libjpeg-turbo's verdict: `-` no warning, `w` a warning, `x` not decoded. */
  outcome: string;
}

/** @param square side of the square for which libjpeg scales, pixels; at full size if omitted. */
async function decode(bytes: Uint8Array, square?: number): Promise<Verdict> {
  try {
    const header = await readHeader(bytes, 1e6);
    const shrunk = square === undefined ? undefined : shrunkSize(header, square);
    return (await decodePixels(header, { background: 'white', timeoutMs: 60_000, shrunk })).data;
  } catch (error) {
    return (error as Error).message;
  }
}

/** At most one group at a time. */
async function inGroups<Item, Result>(items: Item[], size: number, run: (item: Item) => Promise<Result>) {
  const results: Result[] = [];
  for (let at = 0; at < items.length; at += size)
    results.push(...(await Promise.all(items.slice(at, at + size).map(run))));
  return results;
}

/** The pixels that libjpeg decodes from any file, including those it invents. */
const fill = (bytes: Uint8Array) =>
  sharp(bytes, { failOn: 'none' })
    .toColourspace('srgb')
    .raw()
    .toBuffer()
    .then(
      (pixels): Uint8Array => pixels,
      () => undefined,
    );

const isSame = (one: Uint8Array | undefined, other: Uint8Array) =>
  one !== undefined && Buffer.compare(Buffer.from(one), Buffer.from(other)) === 0;

// Of 1,536 damaged files, libjpeg-turbo warns about 1,013 that still decode. 11 of them are accepted although pixels differ: a
// header or scan value became another valid one, and the warning is about something harmless. 20 are rejected although no pixel
// differs: stray bytes after a refinement scan or after arithmetic code, and repeated scans.
describe.each([
  {
    coding: 'Huffman',
    flavors: golden.flavors.filter(({ name }) => !name.startsWith('arithmetic')),
    mostAccepted: 7,
    mostRefused: 12,
  },
  {
    coding: 'arithmetic',
    flavors: golden.flavors.filter(({ name }) => name.startsWith('arithmetic')),
    mostAccepted: 4,
    mostRefused: 8,
  },
])('damage to JPEGs of $coding coding', ({ flavors, mostAccepted, mostRefused }) => {
  let cases: Case[] = [];
  /** 16 at a time, four of them undamaged. */
  let verdicts: Verdict[] = [];

  beforeAll(async () => {
    cases = [];
    for (const { name, jpeg, outcomes } of flavors) {
      const whole = Buffer.from(jpeg, 'base64');
      const healthy = (await decode(whole)) as Uint8Array;
      for (const kind of damageKinds)
        for (const [number, outcome] of [...outcomes[kind]].entries())
          cases.push({ name: `${name}: ${kind} ${number}`, bytes: damageJpeg(whole, kind, number), healthy, outcome });
    }
    const healthy = Buffer.from(flavors[0]!.jpeg, 'base64');
    const mixed = await inGroups(
      cases.flatMap(({ bytes }, index) => (index % 3 === 0 ? [healthy, bytes] : [bytes])),
      16,
      (bytes) => decode(bytes),
    );
    for (const verdict of mixed.filter((_, index) => index % 4 === 0))
      expect(isSame(verdict as Uint8Array, cases[0]!.healthy)).toBe(true);
    verdicts = mixed.filter((_, index) => index % 4 > 0);
  }, 120_000);

  it('has the same outcome alone and concurrently with others', async () => {
    for (const [index, { bytes, name }] of cases.entries())
      if (index % 5 === 0) expect([name, await decode(bytes)]).toEqual([name, verdicts[index]]);
  }, 120_000);

  it('is rejected if libjpeg-turbo warns and pixels differ, accepted if they do not', async () => {
    const accepted: string[] = [];
    const refused: string[] = [];
    for (const [index, { name, bytes, healthy, outcome }] of cases.entries()) {
      const verdict = verdicts[index]!;
      if (outcome !== 'w') continue;
      if (typeof verdict !== 'string') {
        if (!isSame(verdict, healthy)) accepted.push(name);
      } else if (isSame(await fill(bytes), healthy)) refused.push(`${name}: ${verdict}`);
    }
    expect(accepted.length, accepted.join('\n')).toBeLessThanOrEqual(mostAccepted);
    expect(refused.length, refused.join('\n')).toBeLessThanOrEqual(mostRefused);
  }, 120_000);

  it('is accepted if libjpeg-turbo does not warn and no pixel differs', async () => {
    const found = cases.flatMap((one, index) => (one.outcome === '-' ? [{ ...one, verdict: verdicts[index]! }] : []));
    expect(found.length).toBeGreaterThan(20);
    for (const { name, bytes, healthy, verdict } of found)
      if (typeof verdict === 'string')
        expect([name, verdict, isSame(await fill(bytes), healthy)]).toEqual([name, verdict, false]);
  });

  it('is rejected for the same reasons if libjpeg scales', async () => {
    const reasonOf = (verdict: Verdict) => (typeof verdict === 'string' ? verdict : 'accepted');
    const scaled = await inGroups([...cases.entries()], 16, async ([index, { name, bytes }]) => [
      name,
      // Pictures of 88 × 72 px: libjpeg divides by 4 or 8.
      reasonOf(await decode(bytes, index % 2 === 0 ? 8 : 4)),
    ]);
    expect(scaled).toEqual(cases.map(({ name }, index) => [name, reasonOf(verdicts[index]!)]));
  }, 120_000);

  it('has a reason from its own file', () => {
    for (const verdict of verdicts)
      if (typeof verdict === 'string') expect(verdict).toMatch(/^(damaged: |not an (accepted )?image: |too large: )/);
  });
});
