import fc from 'fast-check';
import { expect, it } from 'vitest';
import { nameExpression, renderChart } from './chart.ts';
import { dotsAndWhiskers } from './charts/dots-and-whiskers.ts';

const dot = (name: string) => ({
  ...{ name, share: 0.9, interval: [0.8, 0.95] as const, color: 'var(--accent)', filled: true },
});

it('renders a chart without scripts, identifiers, styles and addresses', async () => {
  const { text } = await renderChart(dotsAndWhiskers([dot('cats')], { label: 'Accuracy', width: 340, axis: 'share' }));
  expect(text).toMatch(/^<div class="chart" role="img" aria-label="Accuracy"><svg .*<\/svg><\/div>$/s);
  expect(text).toContain('>cats</text>');
  expect(text).toContain('>90.0 %</text>');
  expect(text).toContain('width="340"');
  expect(text).not.toMatch(/<(script|style|image|a)\b| (id|style|href|xlink:href|on\w+)=|url\(/);
});

it.each(['</text><script>alert(1)</script>', '"]; alert(1); ["', '\u2028', '\\', "'+alert(1)+'", '\0'])(
  'writes the name %j as text',
  async (name) => {
    const { text } = await renderChart(dotsAndWhiskers([dot(name)], { label: name, width: 760, axis: 'share' }));
    expect(text).not.toMatch(/<script/i);
    expect(text.match(/<\/svg>/g)).toHaveLength(1);
  },
);

it('makes expressions that no name can leave', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 1 }), (names) => {
      const expression = nameExpression(names);
      const literals = expression.slice(0, -'[datum.value]'.length);
      expect(literals).toMatch(/^\[("([A-Za-z0-9 _.-]|\\u[0-9a-f]{4})*",?)+\]$/);
      expect(JSON.parse(literals)).toEqual(names);
    }),
  );
});
