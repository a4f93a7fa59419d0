/** Checks every row of docs/formats.md against the decoder, with the files and pixels of tools/golden/formats. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import golden from '../../../tools/golden/formats.json' with { type: 'json' };
import { decodePixels, readHeader } from './decode-pixels.ts';

interface Row {
  result: string;
  reference: string;
  largest: string;
}

/** One row covers all eight orientations. */
const rowName = (format: string, variant: string) =>
  `${format}: ${variant.replace(/orientation [1-8]$/, 'orientation 1 to 8')}`;

const rows = readTables(readFileSync(new URL('../../../docs/formats.md', import.meta.url), 'utf8'));
const unpack = (text: string) => inflateSync(Buffer.from(text, 'base64'));

/** Other processors may round a conversion differently. */
const otherProcessors = 1;

describe('docs/formats.md', () => {
  it('has a row for every file, and no other rows', () => {
    const names = new Set(golden.cases.map(({ format, name }) => rowName(format, name)));
    expect([...rows.keys()].sort()).toEqual([...names].sort());
  });

  it.each(golden.cases)('5: is correct for $format: $name', async (one) => {
    const bytes = unpack(one.file);
    const decoded = readHeader(bytes, 1e8).then((header) =>
      decodePixels(header, { background: 'white', timeoutMs: 60_000 }),
    );
    const { result, reference, largest } = rows.get(rowName(one.format, one.name))!;
    if (one.pixels === undefined) {
      await expect(decoded).rejects.toThrow(new Error(result.replace(/^refused: /, '')));
      return;
    }
    const { data, width, height } = await decoded;
    expect({ result, reference, width, height }).toEqual({
      result: 'accepted',
      reference: one.reference,
      width: one.width,
      height: one.height,
    });
    const right = unpack(one.pixels);
    expect(data).toHaveLength(right.length);
    const difference = right.reduce((worst, value, index) => Math.max(worst, Math.abs(value - data[index]!)), 0);
    expect(difference).toBeLessThanOrEqual(Number(largest) + otherProcessors);
  });

  it('gives the same outcome for each file when all are decoded concurrently, in any order', async () => {
    const outcomeOf = async (file: string) => {
      try {
        const pixels = await decodePixels(await readHeader(unpack(file), 1e8), {
          background: 'white',
          timeoutMs: 60_000,
        });
        return createHash('sha256').update(pixels.data).digest('hex');
      } catch (error) {
        return (error as Error).message;
      }
    };
    const alone: string[] = [];
    for (const { file } of golden.cases) alone.push(await outcomeOf(file));
    for (const order of [golden.cases, golden.cases.toReversed()]) {
      const together = await Promise.all(order.map(({ file }) => outcomeOf(file)));
      expect(order === golden.cases ? together : together.toReversed()).toEqual(alone);
    }
  });
});

// --- internal ---

/** The rows of the tables in the sections on formats. */
function readTables(markdown: string): Map<string, Row> {
  const found = new Map<string, Row>();
  for (const section of markdown.split('\n## ').slice(1)) {
    const [heading, ...lines] = section.split('\n');
    for (const line of lines) {
      const cells = line.split('|').map((cell) => cell.trim());
      if (cells.length !== 6 || cells[1] === 'Variant' || cells[1]!.startsWith('--')) continue;
      found.set(`${heading}: ${cells[1]}`, { result: cells[2]!, reference: cells[3]!, largest: cells[4]! });
    }
  }
  return found;
}
