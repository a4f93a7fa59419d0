import { expect, it } from 'vitest';
import { addressOf, type Route, routeOf } from './route.ts';

it.each<Route>([
  { view: 'data' },
  { view: 'data-set', dataSet: 'photos' },
  { view: 'class', dataSet: 'a/b', name: '<img src=x onerror=alert(1)> 100 % a/b+c#d' },
  { view: 'train' },
  { view: 'train', dataSet: 'photos' },
  { view: 'runs' },
  { view: 'compare', runs: ['a+b', 'c%2F d'] },
  { view: 'run', run: 'photos-2026/11', part: 'result' },
  { view: 'run', run: 'photos', part: 'labels' },
])('reads the address of $view', (route) => {
  expect(routeOf(addressOf(route))).toEqual(route);
});

it('shows the data at an address that is none', () => {
  expect(routeOf('')).toEqual({ view: 'data' });
  expect(routeOf('#/nothing')).toEqual({ view: 'data' });
  expect(routeOf('#/runs/100%/other')).toEqual({ view: 'run', run: '100%', part: 'result' });
});
