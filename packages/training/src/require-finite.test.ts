import { ModelError } from '@chorus/models';
import { expect, it } from 'vitest';
import { requireFinite } from './require-finite.ts';

it.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
  '45: requireFinite names the weights and the image of %d',
  (broken) => {
    const logits = Float32Array.of(0, 1, 2, 3, broken, 5);
    const check = () => requireFinite(logits, Uint32Array.of(7, 9, 11), 'members/wide/1.bin');
    expect(check).toThrow(ModelError);
    expect(check).toThrow(`members/wide/1.bin: expected finite logits, received ${broken} for image 11;`);
  },
);

it('requireFinite accepts finite logits, and no logits', () => {
  requireFinite(Float32Array.of(0, -3.4e38), Uint32Array.of(1, 2), 'wide');
  requireFinite(new Float32Array(), new Uint32Array(), 'wide');
});
